// WASI functions which a proxy-wasm 0.2.1 host provides. Raw imports; each returns a WasiErrno.
// Spec: https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1

/**
 * Writes number of variables (u32) and bytes needed for all of them (u32). Spec:
 * #wasi_snapshot_preview1environ_sizes_get
 */
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'environ_sizes_get')
export declare function environ_sizes_get(return_num_elements: usize, return_buffer_size: usize): u32;

/**
 * Writes one pointer for each variable, and `NAME=value` bytes each ended by a zero byte. Spec:
 * #wasi_snapshot_preview1environ_get
 */
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'environ_get')
export declare function environ_get(return_array: usize, return_buffer: usize): u32;

/** Fills memory with random bytes; Envoy: at most 65536 at once. Spec: #wasi_snapshot_preview1random_get */
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'random_get')
export declare function random_get(buffer: usize, buffer_size: usize): u32;

/** Writes nanoseconds (u64) of a WasiClock. Spec: #wasi_snapshot_preview1clock_time_get */
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'clock_time_get')
export declare function clock_time_get(clock_id: u32, ignored: u64, return_time: usize): u32;

/** Logs iovecs: fd 1 at info, fd 2 at error. Spec: #wasi_snapshot_preview1fd_write */
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'fd_write')
export declare function fd_write(fd_id: u32, iovec: usize, iovec_size: usize, return_written_bytes: usize): u32;

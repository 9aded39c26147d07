import { LogLevel } from '../abi.js';
import { VmFailure } from '../errors.js';
import type { WasiName } from '../signatures.js';
import type { HostcallTable } from './table.js';

const Errno = {
  Success: 0,
  BadFile: 8,
  Invalid: 28,
  NotFound: 44,
  NoSystemCall: 52,
  NotSupported: 58,
} as const;
const STDOUT = 1;
const STDERR = 2;
const FILE_RIGHT_WRITE = 64n;
/** Limit of proxy-wasm-cpp-host. */
const MAX_RANDOM_BYTES = 64 * 1024;

/** WASI as Envoy offers it: output goes to the log, there are no files, the environment is what the VM was given. */
export const wasiCalls: HostcallTable<WasiName> = {
  fd_write(vm, fd: number, vectors: number, count: number, writtenOut: number) {
    if (fd !== STDOUT && fd !== STDERR) return Errno.BadFile;
    const parts: Uint8Array[] = [];
    for (let i = 0; i < count >>> 0; i++) {
      const at = (vectors >>> 0) + i * 8;
      const length = vm.memory.u32(at + 4, 'length of a vector');
      if (length > 0) parts.push(vm.memory.bytes(vm.memory.u32(at, 'address of a vector'), length, 'vector'));
    }
    const bytes = Buffer.concat(parts);
    if (bytes.length > 0) {
      vm.host.log(
        vm,
        fd === STDOUT ? LogLevel.Info : LogLevel.Error,
        bytes.toString('utf8').replace(/\n$/, ''),
      );
    }
    vm.memory.writeU32(writtenOut, bytes.length, 'address of the returned length');
    return Errno.Success;
  },

  fd_read: () => Errno.NoSystemCall,
  fd_seek: () => Errno.Success,
  fd_close: () => Errno.Success,
  fd_prestat_get: () => Errno.BadFile,
  fd_prestat_dir_name: () => Errno.NoSystemCall,
  path_open: () => Errno.NotFound,

  fd_fdstat_get(vm, fd: number, statOut: number) {
    if (fd !== STDOUT && fd !== STDERR) return Errno.BadFile;
    vm.memory.writeU64(statOut, 0n, 'file status');
    vm.memory.writeU64((statOut >>> 0) + 8, FILE_RIGHT_WRITE, 'file status');
    vm.memory.writeU64((statOut >>> 0) + 16, 0n, 'file status');
    return Errno.Success;
  },

  environ_get(vm, pointersOut: number, blockOut: number) {
    let at = blockOut >>> 0;
    for (const [index, entry] of vm.environmentBlock().entries()) {
      vm.memory.writeU32((pointersOut >>> 0) + index * 4, at, 'address of a variable');
      vm.memory.write(at, entry, 'variable');
      at += entry.length;
    }
    return Errno.Success;
  },

  environ_sizes_get(vm, countOut: number, sizeOut: number) {
    const entries = vm.environmentBlock();
    vm.memory.writeU32(countOut, entries.length, 'address of the returned count');
    vm.memory.writeU32(
      sizeOut,
      entries.reduce((sum, entry) => sum + entry.length, 0),
      'address of the returned size',
    );
    return Errno.Success;
  },

  args_get: () => Errno.Success,

  args_sizes_get(vm, countOut: number, sizeOut: number) {
    vm.memory.writeU32(countOut, 0, 'address of the returned count');
    vm.memory.writeU32(sizeOut, 0, 'address of the returned size');
    return Errno.Success;
  },

  clock_time_get(vm, clock: number, _precision: bigint, timeOut: number) {
    if (clock !== 0 && clock !== 1) return Errno.NotSupported;
    const { realtimeNs, monotonicNs } = vm.host.clock;
    vm.memory.writeU64(timeOut, clock === 0 ? realtimeNs : monotonicNs, 'address of the returned time');
    return Errno.Success;
  },

  random_get(vm, bytesOut: number, length: number) {
    const size = length >>> 0;
    if (size > MAX_RANDOM_BYTES) return Errno.Invalid;
    vm.memory.check(bytesOut, size, 'random bytes');
    vm.memory.write(bytesOut, vm.host.random(size), 'random bytes');
    return Errno.Success;
  },

  proc_exit(_vm, code: number) {
    throw new VmFailure(`proc_exit(${code})`);
  },
};

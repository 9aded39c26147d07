import type { Signature } from './module-reader.js';

/** Every hostcall that Envoy registers for ABI 0.2.1, by its WebAssembly signature. */
export const ENV_SIGNATURES = {
  proxy_log: 'iii>i',
  proxy_get_log_level: 'i>i',
  proxy_get_status: 'iii>i',
  proxy_set_property: 'iiii>i',
  proxy_get_property: 'iiii>i',
  proxy_send_local_response: 'iiiiiiii>i',
  proxy_continue_stream: 'i>i',
  proxy_close_stream: 'i>i',
  proxy_get_shared_data: 'iiiii>i',
  proxy_set_shared_data: 'iiiii>i',
  proxy_register_shared_queue: 'iii>i',
  proxy_resolve_shared_queue: 'iiiii>i',
  proxy_dequeue_shared_queue: 'iii>i',
  proxy_enqueue_shared_queue: 'iii>i',
  proxy_get_header_map_value: 'iiiii>i',
  proxy_add_header_map_value: 'iiiii>i',
  proxy_replace_header_map_value: 'iiiii>i',
  proxy_remove_header_map_value: 'iii>i',
  proxy_get_header_map_pairs: 'iii>i',
  proxy_set_header_map_pairs: 'iii>i',
  proxy_get_header_map_size: 'ii>i',
  proxy_get_buffer_bytes: 'iiiii>i',
  proxy_get_buffer_status: 'iii>i',
  proxy_set_buffer_bytes: 'iiiii>i',
  proxy_http_call: 'iiiiiiiiii>i',
  proxy_grpc_call: 'iiiiiiiiiiii>i',
  proxy_grpc_stream: 'iiiiiiiii>i',
  proxy_grpc_send: 'iiii>i',
  proxy_grpc_close: 'i>i',
  proxy_grpc_cancel: 'i>i',
  proxy_set_tick_period_milliseconds: 'i>i',
  proxy_get_current_time_nanoseconds: 'i>i',
  proxy_define_metric: 'iiii>i',
  proxy_increment_metric: 'iI>i',
  proxy_record_metric: 'iI>i',
  proxy_get_metric: 'ii>i',
  proxy_set_effective_context: 'i>i',
  proxy_done: '>i',
  proxy_call_foreign_function: 'iiiiii>i',
} as const satisfies Record<string, Signature>;

export type HostcallName = keyof typeof ENV_SIGNATURES;

export const WASI_SIGNATURES = {
  fd_write: 'iiii>i',
  fd_read: 'iiii>i',
  fd_seek: 'iIii>i',
  fd_close: 'i>i',
  fd_fdstat_get: 'ii>i',
  fd_prestat_get: 'ii>i',
  fd_prestat_dir_name: 'iii>i',
  path_open: 'iiiiiIIii>i',
  environ_get: 'ii>i',
  environ_sizes_get: 'ii>i',
  args_get: 'ii>i',
  args_sizes_get: 'ii>i',
  clock_time_get: 'iIi>i',
  random_get: 'ii>i',
  proc_exit: 'i>',
} as const satisfies Record<string, Signature>;

export type WasiName = keyof typeof WASI_SIGNATURES;

/** The callbacks that a module may export. */
export const CALLBACK_SIGNATURES = {
  proxy_on_context_create: 'ii>',
  proxy_on_vm_start: 'ii>i',
  proxy_on_configure: 'ii>i',
  proxy_on_tick: 'i>',
  proxy_on_queue_ready: 'ii>',
  proxy_on_request_headers: 'iii>i',
  proxy_on_request_body: 'iii>i',
  proxy_on_request_trailers: 'ii>i',
  proxy_on_response_headers: 'iii>i',
  proxy_on_response_body: 'iii>i',
  proxy_on_response_trailers: 'ii>i',
  proxy_on_http_call_response: 'iiiii>',
  proxy_on_grpc_receive_initial_metadata: 'iii>',
  proxy_on_grpc_receive: 'iii>',
  proxy_on_grpc_receive_trailing_metadata: 'iii>',
  proxy_on_grpc_close: 'iii>',
  proxy_on_foreign_function: 'iii>',
  proxy_on_done: 'i>i',
  proxy_on_log: 'i>',
  proxy_on_delete: 'i>',
} as const satisfies Record<string, Signature>;

export type CallbackName = keyof typeof CALLBACK_SIGNATURES;

/** Exports that the host calls besides the callbacks. */
export const ENTRY_SIGNATURES = {
  _initialize: '>',
  _start: '>',
  main: 'ii>i',
  malloc: 'i>i',
  proxy_on_memory_allocate: 'i>i',
} as const satisfies Record<string, Signature>;

// Raw hostcalls of proxy-wasm ABI 0.2.1 as Envoy has them: one import, one anchor of the spec; each returns a Status.
// Anchors are relative to https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1

// ---- Context lifecycle ----
/**
 * Finishes the active context after `proxy_on_done` returned false. Envoy knows it for plugin contexts;
 * `NotFound` when none is pending. Spec: #proxy_done
 */
// @ts-ignore: decorator
@external('env', 'proxy_done')
export declare function proxy_done(): u32;

/**
 * Makes the next hostcalls of this callback act on another context. `BadArgument` for an unknown id. Spec:
 * #proxy_set_effective_context
 */
// @ts-ignore: decorator
@external('env', 'proxy_set_effective_context')
export declare function proxy_set_effective_context(context_id: u32): u32;

// ---- Logging ----
/** Logs UTF-8 bytes. Envoy drops what is below the level of its logger `wasm`. Spec: #proxy_log */
// @ts-ignore: decorator
@external('env', 'proxy_log')
export declare function proxy_log(log_level: u32, message_data: usize, message_size: usize): u32;

/** Writes the level of the host's logger (u32). Spec: #proxy_get_log_level */
// @ts-ignore: decorator
@external('env', 'proxy_get_log_level')
export declare function proxy_get_log_level(return_log_level: usize): u32;

// ---- Clocks ----
/** Writes nanoseconds since the Unix epoch (u64). Spec: #proxy_get_current_time_nanoseconds */
// @ts-ignore: decorator
@external('env', 'proxy_get_current_time_nanoseconds')
export declare function proxy_get_current_time_nanoseconds(return_time: usize): u32;

// ---- Timers ----
/**
 * Calls `proxy_on_tick` of the plugin context at this period; 0 stops it. Spec:
 * #proxy_set_tick_period_milliseconds
 */
// @ts-ignore: decorator
@external('env', 'proxy_set_tick_period_milliseconds')
export declare function proxy_set_tick_period_milliseconds(tick_period: u32): u32;

// ---- Buffers ----
/**
 * Replaces `size` bytes at `start`. Envoy: prepend (0, 0), replace all (0, >= length), append (start >=
 * length); anything else is `BadArgument`. Spec: #proxy_set_buffer_bytes
 */
// @ts-ignore: decorator
@external('env', 'proxy_set_buffer_bytes')
export declare function proxy_set_buffer_bytes(
  buffer_id: u32,
  start: usize,
  size: usize,
  value_data: usize,
  value_size: usize,
): u32;

/**
 * Copies bytes of a buffer into memory from `proxy_on_memory_allocate`. A host may leave the outputs
 * untouched when there is nothing to copy: clear them first. Spec: #proxy_get_buffer_bytes
 */
// @ts-ignore: decorator
@external('env', 'proxy_get_buffer_bytes')
export declare function proxy_get_buffer_bytes(
  buffer_id: u32,
  start: usize,
  max_size: usize,
  return_value_data: usize,
  return_value_size: usize,
): u32;

/** Writes the length of a buffer (u32) and a flags word (u32). Spec: #proxy_get_buffer_status */
// @ts-ignore: decorator
@external('env', 'proxy_get_buffer_status')
export declare function proxy_get_buffer_status(
  buffer_id: u32,
  return_buffer_size: usize,
  return_ignored: usize,
): u32;

// ---- HTTP fields ----
/** Writes the byte size of a map (u32). Spec: #proxy_get_header_map_size */
// @ts-ignore: decorator
@external('env', 'proxy_get_header_map_size')
export declare function proxy_get_header_map_size(map_id: u32, return_serialized_pairs_size: usize): u32;

/**
 * Copies a whole map, serialized, into memory from `proxy_on_memory_allocate`; Envoy gives an empty one when
 * the map is not available. Spec: #proxy_get_header_map_pairs
 */
// @ts-ignore: decorator
@external('env', 'proxy_get_header_map_pairs')
export declare function proxy_get_header_map_pairs(
  map_id: u32,
  return_serialized_pairs_data: usize,
  return_serialized_pairs_size: usize,
): u32;

/** Replaces a whole map by a serialized one. Spec: #proxy_set_header_map_pairs */
// @ts-ignore: decorator
@external('env', 'proxy_set_header_map_pairs')
export declare function proxy_set_header_map_pairs(
  map_id: u32,
  serialized_pairs_data: usize,
  serialized_pairs_size: usize,
): u32;

/**
 * Copies the value of a key; of a repeated header Envoy gives only the first, so decide on
 * `proxy_get_header_map_pairs` where repetition matters. `NotFound` when absent. Spec:
 * #proxy_get_header_map_value
 */
// @ts-ignore: decorator
@external('env', 'proxy_get_header_map_value')
export declare function proxy_get_header_map_value(
  map_id: u32,
  key_data: usize,
  key_size: usize,
  return_value_data: usize,
  return_value_size: usize,
): u32;

/** Adds a value, keeping those present. Spec: #proxy_add_header_map_value */
// @ts-ignore: decorator
@external('env', 'proxy_add_header_map_value')
export declare function proxy_add_header_map_value(
  map_id: u32,
  key_data: usize,
  key_size: usize,
  value_data: usize,
  value_size: usize,
): u32;

/**
 * Sets a value, replacing those present. On request headers Envoy clears its route cache. Spec:
 * #proxy_replace_header_map_value
 */
// @ts-ignore: decorator
@external('env', 'proxy_replace_header_map_value')
export declare function proxy_replace_header_map_value(
  map_id: u32,
  key_data: usize,
  key_size: usize,
  value_data: usize,
  value_size: usize,
): u32;

/** Removes all values of a key; `Ok` also when it was absent. Spec: #proxy_remove_header_map_value */
// @ts-ignore: decorator
@external('env', 'proxy_remove_header_map_value')
export declare function proxy_remove_header_map_value(map_id: u32, key_data: usize, key_size: usize): u32;

// ---- Common stream operations ----
/** Resumes a paused stream, after the running callback returned. Spec: #proxy_continue_stream */
// @ts-ignore: decorator
@external('env', 'proxy_continue_stream')
export declare function proxy_continue_stream(stream_type: u32): u32;

/**
 * Resets a stream, after the running callback returned; then come `proxy_on_log`, `proxy_on_done` and
 * `proxy_on_delete` of it. Spec: #proxy_close_stream
 */
// @ts-ignore: decorator
@external('env', 'proxy_close_stream')
export declare function proxy_close_stream(stream_type: u32): u32;

/** Writes code and message of a gRPC or HTTP call, inside its callbacks. Spec: #proxy_get_status */
// @ts-ignore: decorator
@external('env', 'proxy_get_status')
export declare function proxy_get_status(
  return_status_code: usize,
  return_status_message_data: usize,
  return_status_message_size: usize,
): u32;

// ---- HTTP ----
/** Answers the request from here. `grpc_status` -1: not a gRPC answer. Spec: #proxy_send_local_response */
// @ts-ignore: decorator
@external('env', 'proxy_send_local_response')
export declare function proxy_send_local_response(
  status_code: u32,
  status_code_details_data: usize,
  status_code_details_size: usize,
  body_data: usize,
  body_size: usize,
  serialized_headers_data: usize,
  serialized_headers_size: usize,
  grpc_status: i32,
): u32;

// ---- HTTP calls ----
/**
 * Sends a request to a cluster; `timeout` in milliseconds. `proxy_on_http_call_response` gets the call id.
 * Spec: #proxy_http_call
 */
// @ts-ignore: decorator
@external('env', 'proxy_http_call')
export declare function proxy_http_call(
  upstream_name_data: usize,
  upstream_name_size: usize,
  serialized_headers_data: usize,
  serialized_headers_size: usize,
  body_data: usize,
  body_size: usize,
  serialized_trailers_data: usize,
  serialized_trailers_size: usize,
  timeout: u32,
  return_call_id: usize,
): u32;

// ---- gRPC calls ----
/**
 * Sends a unary call. In Envoy the upstream name is a cluster name or a serialized
 * `envoy.config.core.v3.GrpcService`; `timeout` in milliseconds. Spec: #proxy_grpc_call
 */
// @ts-ignore: decorator
@external('env', 'proxy_grpc_call')
export declare function proxy_grpc_call(
  upstream_name_data: usize,
  upstream_name_size: usize,
  service_name_data: usize,
  service_name_size: usize,
  method_name_data: usize,
  method_name_size: usize,
  serialized_initial_metadata_data: usize,
  serialized_initial_metadata_size: usize,
  message_data: usize,
  message_size: usize,
  timeout: u32,
  return_call_id: usize,
): u32;

/** Opens a stream. Spec: #proxy_grpc_stream */
// @ts-ignore: decorator
@external('env', 'proxy_grpc_stream')
export declare function proxy_grpc_stream(
  upstream_name_data: usize,
  upstream_name_size: usize,
  service_name_data: usize,
  service_name_size: usize,
  method_name_data: usize,
  method_name_size: usize,
  serialized_initial_metadata_data: usize,
  serialized_initial_metadata_size: usize,
  return_stream_id: usize,
): u32;

/** Sends a message on a stream. Spec: #proxy_grpc_send */
// @ts-ignore: decorator
@external('env', 'proxy_grpc_send')
export declare function proxy_grpc_send(
  stream_id: u32,
  message_data: usize,
  message_size: usize,
  end_stream: u32,
): u32;

/** Cancels a call, or resets a stream. Spec: #proxy_grpc_cancel */
// @ts-ignore: decorator
@external('env', 'proxy_grpc_cancel')
export declare function proxy_grpc_cancel(call_or_stream_id: u32): u32;

/** Cancels a call, or half-closes a stream. Spec: #proxy_grpc_close */
// @ts-ignore: decorator
@external('env', 'proxy_grpc_close')
export declare function proxy_grpc_close(call_or_stream_id: u32): u32;

// ---- Shared Key-Value Store ----
/** Sets a value shared by all VMs of one vm_id; `cas` 0 writes always. Spec: #proxy_set_shared_data */
// @ts-ignore: decorator
@external('env', 'proxy_set_shared_data')
export declare function proxy_set_shared_data(
  key_data: usize,
  key_size: usize,
  value_data: usize,
  value_size: usize,
  cas: u32,
): u32;

/** Copies a shared value and writes its compare-and-swap number (u32). Spec: #proxy_get_shared_data */
// @ts-ignore: decorator
@external('env', 'proxy_get_shared_data')
export declare function proxy_get_shared_data(
  key_data: usize,
  key_size: usize,
  return_value_data: usize,
  return_value_size: usize,
  return_cas: usize,
): u32;

// ---- Shared Queues ----
/**
 * Creates or opens a queue; its items wake `proxy_on_queue_ready` of the plugin context which registered it
 * last. Spec: #proxy_register_shared_queue
 */
// @ts-ignore: decorator
@external('env', 'proxy_register_shared_queue')
export declare function proxy_register_shared_queue(
  name_data: usize,
  name_size: usize,
  return_queue_id: usize,
): u32;

/**
 * Finds a queue of another VM. Envoy reports a missing one as `NotFound`. Spec: #proxy_resolve_shared_queue
 */
// @ts-ignore: decorator
@external('env', 'proxy_resolve_shared_queue')
export declare function proxy_resolve_shared_queue(
  vm_id_data: usize,
  vm_id_size: usize,
  name_data: usize,
  name_size: usize,
  return_queue_id: usize,
): u32;

/** Appends an item. Spec: #proxy_enqueue_shared_queue */
// @ts-ignore: decorator
@external('env', 'proxy_enqueue_shared_queue')
export declare function proxy_enqueue_shared_queue(queue_id: u32, value_data: usize, value_size: usize): u32;

/** Takes the first item; `Empty` when there is none. Spec: #proxy_dequeue_shared_queue */
// @ts-ignore: decorator
@external('env', 'proxy_dequeue_shared_queue')
export declare function proxy_dequeue_shared_queue(
  queue_id: u32,
  return_value_data: usize,
  return_value_size: usize,
): u32;

// ---- Metrics ----
/** Defines a metric. Envoy shows it as `wasmcustom.<name>` in its stats. Spec: #proxy_define_metric */
// @ts-ignore: decorator
@external('env', 'proxy_define_metric')
export declare function proxy_define_metric(
  metric_type: u32,
  name_data: usize,
  name_size: usize,
  return_metric_id: usize,
): u32;

/** Sets a gauge, adds a sample to a histogram, adds to a counter. Spec: #proxy_record_metric */
// @ts-ignore: decorator
@external('env', 'proxy_record_metric')
export declare function proxy_record_metric(metric_id: u32, value: u64): u32;

/**
 * Changes a counter or gauge by `delta`; Envoy: a counter only by more than 0, a histogram never
 * (`BadArgument`). Spec: #proxy_increment_metric
 */
// @ts-ignore: decorator
@external('env', 'proxy_increment_metric')
export declare function proxy_increment_metric(metric_id: u32, delta: i64): u32;

/** Writes the value of a counter or gauge (u64); `BadArgument` for a histogram. Spec: #proxy_get_metric */
// @ts-ignore: decorator
@external('env', 'proxy_get_metric')
export declare function proxy_get_metric(metric_id: u32, return_value: usize): u32;

// ---- Properties ----
/**
 * Copies a property; path segments are separated by a zero byte. Numbers are 8 bytes little endian, maps are
 * serialized. Spec: #proxy_get_property
 */
// @ts-ignore: decorator
@external('env', 'proxy_get_property')
export declare function proxy_get_property(
  path_data: usize,
  path_size: usize,
  return_value_data: usize,
  return_value_size: usize,
): u32;

/** Sets filter state `wasm.<path>` of the stream; `NotFound` outside of one. Spec: #proxy_set_property */
// @ts-ignore: decorator
@external('env', 'proxy_set_property')
export declare function proxy_set_property(
  path_data: usize,
  path_size: usize,
  value_data: usize,
  value_size: usize,
): u32;

// ---- Foreign function interface (FFI) ----
/** Calls a function which the host registered under a name. Spec: #proxy_call_foreign_function */
// @ts-ignore: decorator
@external('env', 'proxy_call_foreign_function')
export declare function proxy_call_foreign_function(
  name_data: usize,
  name_size: usize,
  arguments_data: usize,
  arguments_size: usize,
  return_results_data: usize,
  return_results_size: usize,
): u32;

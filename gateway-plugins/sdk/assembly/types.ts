// Types of proxy-wasm ABI 0.2.1.
// Spec: https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1#types

/** Result of a hostcall. Everything but `Ok` is a failure; the ABI has no exceptions. */
export const enum Status {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  /** Envoy only, not in the spec. */
  BadExpression = 5,
  InvalidMemoryAccess = 6,
  Empty = 7,
  CasMismatch = 8,
  /** Envoy only, not in the spec. */
  ResultMismatch = 9,
  InternalFailure = 10,
  /** Envoy only, not in the spec. */
  BrokenConnection = 11,
  Unimplemented = 12,
}

/** proxy_log_level_t. `Critical` is the most severe. */
export const enum LogLevel {
  Trace = 0,
  Debug = 1,
  Info = 2,
  Warn = 3,
  Error = 4,
  Critical = 5,
}

/** proxy_action_t: what the host does with the stream after a callback. */
export const enum Action {
  Continue = 0,
  Pause = 1,
}

/** proxy_map_type_t. */
export const enum HeaderMapType {
  HttpRequestHeaders = 0,
  HttpRequestTrailers = 1,
  HttpResponseHeaders = 2,
  HttpResponseTrailers = 3,
  GrpcCallInitialMetadata = 4,
  GrpcCallTrailingMetadata = 5,
  HttpCallResponseHeaders = 6,
  HttpCallResponseTrailers = 7,
}

/** proxy_buffer_type_t. */
export const enum BufferType {
  HttpRequestBody = 0,
  HttpResponseBody = 1,
  DownstreamData = 2,
  UpstreamData = 3,
  HttpCallResponseBody = 4,
  GrpcCallMessage = 5,
  VmConfiguration = 6,
  PluginConfiguration = 7,
  ForeignFunctionArguments = 8,
}

/** proxy_stream_type_t. Envoy treats the two HTTP types alike in `proxy_close_stream`: it resets the whole stream. */
export const enum StreamType {
  HttpRequest = 0,
  HttpResponse = 1,
  Downstream = 2,
  Upstream = 3,
}

/** proxy_metric_type_t. */
export const enum MetricType {
  Counter = 0,
  Gauge = 1,
  Histogram = 2,
}

/** proxy_peer_type_t: who closed a TCP connection. */
export const enum PeerType {
  Unknown = 0,
  Local = 1,
  Remote = 2,
}

/** wasi_errno_t, the values which a proxy-wasm host returns. */
export const enum WasiErrno {
  Success = 0,
  BadFileDescriptor = 8,
  Fault = 21,
  InvalidArgument = 28,
  NotSupported = 58,
}

/** wasi_clock_id_t. */
export const enum WasiClock {
  Realtime = 0,
  Monotonic = 1,
}

/** gRPC status codes for `proxy_send_local_response` and `proxy_on_grpc_close`. */
export const enum GrpcStatus {
  /** For `proxy_send_local_response`: derive the gRPC status from the HTTP status. */
  Unset = -1,
  Ok = 0,
  Canceled = 1,
  Unknown = 2,
  InvalidArgument = 3,
  DeadlineExceeded = 4,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  OutOfRange = 11,
  Unimplemented = 12,
  Internal = 13,
  Unavailable = 14,
  DataLoss = 15,
  Unauthenticated = 16,
}

/** Name of a status for messages and logs. */
export function statusName(status: Status): string {
  switch (status) {
    case Status.Ok:
      return 'Ok';
    case Status.NotFound:
      return 'NotFound';
    case Status.BadArgument:
      return 'BadArgument';
    case Status.SerializationFailure:
      return 'SerializationFailure';
    case Status.ParseFailure:
      return 'ParseFailure';
    case Status.BadExpression:
      return 'BadExpression';
    case Status.InvalidMemoryAccess:
      return 'InvalidMemoryAccess';
    case Status.Empty:
      return 'Empty';
    case Status.CasMismatch:
      return 'CasMismatch';
    case Status.ResultMismatch:
      return 'ResultMismatch';
    case Status.InternalFailure:
      return 'InternalFailure';
    case Status.BrokenConnection:
      return 'BrokenConnection';
    case Status.Unimplemented:
      return 'Unimplemented';
    default:
      return 'Status(' + (<u32>status).toString() + ')';
  }
}

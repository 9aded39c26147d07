/**
 * Gets the answer to HTTP and gRPC calls. Contexts are handlers themselves; a class of your own keeps state for each call,
 * as AssemblyScript has no closures:
 *
 *   class Answer extends CallHandler {
 *     constructor(public stream: MyStream) { super(); }
 *     onHttpCallResponse(callId: u32, headers: u32, bodySize: u32, trailers: u32): void { … }
 *   }
 *   this.httpCall(request, new Answer(this));
 *
 * Hostcalls in these callbacks act on the context that made the call. They do not come when that context is gone.
 */
export abstract class CallHandler {
  /** `headers` is 0 when the call failed: no answer, a reset, a time-out. Read httpCallResponseHeaders and -Body here only. */
  onHttpCallResponse(callId: u32, headers: u32, bodySize: u32, trailers: u32): void {}

  /** Read grpcInitialMetadata here only. Envoy calls this for streams, not for unary calls. */
  onGrpcInitialMetadata(callId: u32, elements: u32): void {}

  /** A message of `size` bytes is in grpcMessage, here only. */
  onGrpcMessage(callId: u32, size: u32): void {}

  /** Read grpcTrailingMetadata here only. Envoy calls this for streams, not for unary calls. */
  onGrpcTrailingMetadata(callId: u32, elements: u32): void {}

  /** The call or stream ended; `status` is a GrpcStatus. Comes after a failed call too, not after a successful unary one. */
  onGrpcClose(callId: u32, status: u32): void {}
}

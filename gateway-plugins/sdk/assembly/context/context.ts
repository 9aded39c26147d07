import { CallStatus, getCallStatus, setEffectiveContext } from '../hostcalls/context';
import { dispatchGrpcCall, dispatchGrpcStream, GrpcTarget } from '../hostcalls/grpc';
import { dispatchHttpCall, HttpRequest } from '../hostcalls/http-call';
import { failure, Result } from '../result';
import { CallHandler } from './call-handler';
import { grpcCalls, httpCalls, PendingCall } from './pending-calls';

/** What plugin contexts and stream contexts have in common. */
export abstract class Context extends CallHandler {
  /** The host's number of this context. Set before any callback, not yet in the constructor. */
  id: u32 = 0;
  /** The number of the plugin context it belongs to (its own for a plugin context). */
  pluginId: u32 = 0;

  /** Sends a request; the answer comes to `handler`, or to this context. Gives the call id. */
  httpCall(request: HttpRequest, handler: CallHandler | null = null): Result<u32> {
    const call = dispatchHttpCall(request);
    if (call.ok) httpCalls.add(call.value, this.pending(handler, false));
    return call;
  }

  /** Sends a unary gRPC call; the answer comes to `handler`, or to this context. Gives the call id. */
  grpcCall(
    target: GrpcTarget,
    message: ArrayBuffer,
    timeoutMs: u32 = 5000,
    handler: CallHandler | null = null,
  ): Result<u32> {
    const call = dispatchGrpcCall(target, message, timeoutMs);
    if (call.ok) grpcCalls.add(call.value, this.pending(handler, true));
    return call;
  }

  /** Opens a gRPC stream; its messages come to `handler`, or to this context. Gives the stream id for grpcSend(). */
  grpcStream(target: GrpcTarget, handler: CallHandler | null = null): Result<u32> {
    const stream = dispatchGrpcStream(target);
    if (stream.ok) grpcCalls.add(stream.value, this.pending(handler, false));
    return stream;
  }

  /** Why an HTTP call failed in onHttpCallResponse, or the status message in onGrpcClose. */
  callStatus(): Result<CallStatus> {
    // Envoy keeps it with the plugin context, so a stream has to look there.
    const there = setEffectiveContext(this.pluginId);
    if (!there.ok) return failure<CallStatus>(there.status, 'proxy_set_effective_context');
    const status = getCallStatus();
    if (this.id != this.pluginId) setEffectiveContext(this.id).must();
    return status;
  }

  /**
   * The host is done with this context. Return false to stay alive until finishDone(); Envoy heeds that for plugin
   * contexts only.
   */
  onDone(): bool {
    return true;
  }

  /** Headers and properties can be read a last time, for a log line or metrics. */
  onLog(): void {}

  /** The context is about to be forgotten. */
  onDelete(): void {}

  private pending(handler: CallHandler | null, unary: bool): PendingCall {
    return new PendingCall(this.id, this.pluginId, handler == null ? this : handler, unary);
  }
}

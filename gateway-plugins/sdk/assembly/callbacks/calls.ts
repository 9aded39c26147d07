import { enterCallback } from '../context/collector';
import { handlerOf, leave } from '../context/dispatcher';
import { grpcCalls, httpCalls } from '../context/pending-calls';

/** An HTTP call was answered or failed. Spec: #proxy_on_http_call_response */
export function proxy_on_http_call_response(
  pluginContextId: u32,
  callId: u32,
  headers: u32,
  bodySize: u32,
  trailers: u32,
): void {
  enterCallback();
  const handler = handlerOf(httpCalls, pluginContextId, callId);
  httpCalls.remove(callId);
  if (handler != null) handler.onHttpCallResponse(callId, headers, bodySize, trailers);
  leave();
}

/** Initial metadata of a gRPC call. Spec: #proxy_on_grpc_receive_initial_metadata */
export function proxy_on_grpc_receive_initial_metadata(
  pluginContextId: u32,
  callId: u32,
  elements: u32,
): void {
  enterCallback();
  const handler = handlerOf(grpcCalls, pluginContextId, callId);
  if (handler != null) handler.onGrpcInitialMetadata(callId, elements);
  leave();
}

/** A gRPC message. Spec: #proxy_on_grpc_receive */
export function proxy_on_grpc_receive(pluginContextId: u32, callId: u32, size: u32): void {
  enterCallback();
  const call = grpcCalls.find(callId);
  const handler = handlerOf(grpcCalls, pluginContextId, callId);
  if (call != null && call.unary) grpcCalls.remove(callId);
  if (handler != null) handler.onGrpcMessage(callId, size);
  leave();
}

/** Trailing metadata of a gRPC call. Spec: #proxy_on_grpc_receive_trailing_metadata */
export function proxy_on_grpc_receive_trailing_metadata(
  pluginContextId: u32,
  callId: u32,
  elements: u32,
): void {
  enterCallback();
  const handler = handlerOf(grpcCalls, pluginContextId, callId);
  if (handler != null) handler.onGrpcTrailingMetadata(callId, elements);
  leave();
}

/** A gRPC call or stream ended. Spec: #proxy_on_grpc_close */
export function proxy_on_grpc_close(pluginContextId: u32, callId: u32, status: u32): void {
  enterCallback();
  const handler = handlerOf(grpcCalls, pluginContextId, callId);
  grpcCalls.remove(callId);
  if (handler != null) handler.onGrpcClose(callId, status);
  leave();
}

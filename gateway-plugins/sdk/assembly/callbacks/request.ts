import { enterCallback } from '../context/collector';
import { leave, streamOf } from '../context/dispatcher';
import { Action } from '../types';

/** Request headers are there. Spec: #proxy_on_request_headers */
export function proxy_on_request_headers(contextId: u32, headers: u32, endOfStream: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onRequestHeaders(headers, endOfStream != 0);
  leave();
  return action;
}

/** A piece of the request body is there. Spec: #proxy_on_request_body */
export function proxy_on_request_body(contextId: u32, size: u32, endOfStream: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onRequestBody(size, endOfStream != 0);
  leave();
  return action;
}

/** Request trailers are there. Spec: #proxy_on_request_trailers */
export function proxy_on_request_trailers(contextId: u32, trailers: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onRequestTrailers(trailers);
  leave();
  return action;
}

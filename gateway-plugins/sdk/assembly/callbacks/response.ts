import { enterCallback } from '../context/collector';
import { leave, streamOf } from '../context/dispatcher';
import { Action } from '../types';

/** Response headers are there. Spec: #proxy_on_response_headers */
export function proxy_on_response_headers(contextId: u32, headers: u32, endOfStream: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onResponseHeaders(headers, endOfStream != 0);
  leave();
  return action;
}

/** A piece of the response body is there. Spec: #proxy_on_response_body */
export function proxy_on_response_body(contextId: u32, size: u32, endOfStream: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onResponseBody(size, endOfStream != 0);
  leave();
  return action;
}

/** Response trailers are there. Spec: #proxy_on_response_trailers */
export function proxy_on_response_trailers(contextId: u32, trailers: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onResponseTrailers(trailers);
  leave();
  return action;
}

import { enterCallback } from '../context/collector';
import { leave, streamOf } from '../context/dispatcher';
import { Action, PeerType } from '../types';

/** A TCP connection was accepted. Spec: #proxy_on_new_connection */
export function proxy_on_new_connection(contextId: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onNewConnection();
  leave();
  return action;
}

/** Bytes from the client. Spec: #proxy_on_downstream_data */
export function proxy_on_downstream_data(contextId: u32, size: u32, endOfStream: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onDownstreamData(size, endOfStream != 0);
  leave();
  return action;
}

/** Bytes from the upstream. Spec: #proxy_on_upstream_data */
export function proxy_on_upstream_data(contextId: u32, size: u32, endOfStream: u32): u32 {
  enterCallback();
  const stream = streamOf(contextId);
  const action = stream == null ? Action.Continue : stream.onUpstreamData(size, endOfStream != 0);
  leave();
  return action;
}

/** The client's connection was closed. Spec: #proxy_on_downstream_connection_close */
export function proxy_on_downstream_connection_close(contextId: u32, peer: u32): void {
  enterCallback();
  const stream = streamOf(contextId);
  if (stream != null) stream.onDownstreamClose(<PeerType>peer);
  leave();
}

/** The upstream's connection was closed. Spec: #proxy_on_upstream_connection_close */
export function proxy_on_upstream_connection_close(contextId: u32, peer: u32): void {
  enterCallback();
  const stream = streamOf(contextId);
  if (stream != null) stream.onUpstreamClose(<PeerType>peer);
  leave();
}

// key-auth: proves who calls, decides whether it may make this very call, and chooses the route. Each callback that is
// exported costs every stream a call into the VM, so there are no more than these.

import { deactivate } from '../../policy/assembly/active-root';
import { callsLost } from './limits/resume';
import { removeStream } from './streams';
import { releaseHeld } from './usage/callbacks';

export { proxy_on_http_call_response } from './callouts';
export { proxy_abi_version_0_2_1 } from '../../sdk/assembly/abi-version';
export { proxy_on_memory_allocate } from '../../sdk/assembly/arena';
export { proxy_on_configure } from './configure';
export { proxy_on_request_body, proxy_on_request_trailers } from './request-body';
export { proxy_on_request_headers } from './request-headers';
export { proxy_on_queue_ready, proxy_on_tick } from './upkeep';
export {
  proxy_on_log,
  proxy_on_response_body,
  proxy_on_response_headers,
  proxy_on_response_trailers,
} from './usage/callbacks';

/** Forgets a stream, or a plugin context whose turn is over. Spec: #proxy_on_delete */
export function proxy_on_delete(context: u32): void {
  releaseHeld(context);
  removeStream(context);
  deactivate(context);
  callsLost(context);
}

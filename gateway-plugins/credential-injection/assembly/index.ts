// credential-injection: an upstream filter, so that each attempt gets the credential of the very upstream it goes to.
// Each callback that is exported costs every stream a call into the VM, so there are no more than these.

export { proxy_on_http_call_response } from '../../policy/assembly/applied';
export { proxy_abi_version_0_2_1 } from '../../sdk/assembly/abi-version';
export { proxy_on_memory_allocate } from '../../sdk/assembly/arena';
export { proxy_on_configure } from './configure';
export { proxy_on_delete, proxy_on_request_body } from './request-body';
export { proxy_on_request_headers } from './request-headers';
export { proxy_on_queue_ready, proxy_on_tick } from './upkeep';

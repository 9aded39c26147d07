// Answers to calls that the plugin made. Without this export Envoy 1.40 leaves what ends a call to the next callback of
// the VM, and when the plugin context that made the call is gone by then, the process crashes.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { proxy_get_buffer_bytes, proxy_get_header_map_value } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { BufferType, HeaderMapType, Status } from '../../sdk/assembly/types';
import { accountOfCall, leaseAnswered } from './limits/resume';
import { isPoll, pollAnswered } from './limits/recall';

const STATUS = ascii(':status');
/** "200" and "204", as they stand in memory. */
const OK: u32 = 0x303032;
const NO_CONTENT: u32 = 0x343032;
const result: usize = memory.data(16, 8);

/** Three characters of the answer's status; 0: there is no answer. */
function statusText(headers: u32): u32 {
  if (headers == 0) return 0;
  store<usize>(result, 0);
  store<usize>(result + 4, 0);
  const map = HeaderMapType.HttpCallResponseHeaders;
  if (proxy_get_header_map_value(map, STATUS, asciiLength(STATUS), result, result + 4) != Status.Ok) return 0;
  if (load<usize>(result + 4) != 3) return 0;
  const text = load<usize>(result);
  return <u32>load<u8>(text) | (<u32>load<u8>(text + 1) << 8) | (<u32>load<u8>(text + 2) << 16);
}

/** Address of the answer's body, which is not empty; 0 when the host does not give it whole. */
function bodyOf(size: u32): usize {
  store<usize>(result, 0);
  store<usize>(result + 4, 0);
  const status = proxy_get_buffer_bytes(BufferType.HttpCallResponseBody, 0, size, result, result + 4);
  return status == Status.Ok && load<usize>(result + 4) == size ? load<usize>(result) : 0;
}

/** Nothing depends on the answer to a confirmation. Spec: #proxy_on_http_call_response */
export function proxy_on_http_call_response(
  root: u32,
  call: u32,
  headers: u32,
  bodySize: u32,
  trailers: u32,
): void {
  arenaReset();
  const isPolled = isPoll(call);
  const account = isPolled ? 0 : accountOfCall(call);
  if (!isPolled && account == 0) return;
  const status = statusText(headers);
  const body = status == OK && bodySize != 0 ? bodyOf(bodySize) : 0;
  if (isPolled) pollAnswered(root, body != 0 || status == NO_CONTENT, body, body == 0 ? 0 : bodySize);
  else leaseAnswered(root, account - 1, body, bodySize);
}

// The raw layer alone: keeps its configuration as bytes and answers with it. No object is ever made.
export { proxy_abi_version_0_2_1 } from '../../assembly/abi-version';
export { proxy_on_memory_allocate } from '../../assembly/arena';
import '../../assembly/abort';
import {
  proxy_get_buffer_bytes,
  proxy_get_header_map_value,
  proxy_send_local_response,
} from '../../assembly/abi';
import { arenaContains, arenaRelease, arenaReset, arenaTake } from '../../assembly/arena';
import { Action, BufferType, HeaderMapType, Status } from '../../assembly/types';

const out: usize = memory.data(8, 8);
const NAME: usize = memory.data<u8>([0x78, 0x2d, 0x69, 0x6e]);
let kept: usize = 0;
let keptLength: usize = 0;
let current: u32 = 0;

export function proxy_on_context_create(contextId: u32, parentId: u32): void {
  if (parentId == 0) current = contextId;
}

export function proxy_on_configure(contextId: u32, size: u32): u32 {
  arenaReset();
  store<u64>(out, 0);
  if (proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, size, out, out + 4) != Status.Ok) return 0;
  arenaRelease(kept);
  keptLength = load<u32>(out, 4);
  kept = arenaTake(load<u32>(out), keptLength);
  return arenaContains(kept) ? 0 : 1;
}

export function proxy_on_request_headers(contextId: u32, headers: u32, endOfStream: u32): u32 {
  arenaReset();
  store<u64>(out, 0);
  // Large and small values side by side, to overwrite whatever was not taken.
  if (proxy_get_header_map_value(HeaderMapType.HttpRequestHeaders, NAME, 4, out, out + 4) != Status.Ok) {
    return Action.Continue;
  }
  proxy_send_local_response(200, 0, 0, kept, keptLength, 0, 0, -1);
  return Action.Pause;
}

// A stand-in for both plugins in tests of the policy server alone: it shows what Envoy does with configuration, and
// confirms images as the real ones do. It refuses a configuration that does not begin with "H", as all images do.
import {
  proxy_get_buffer_bytes,
  proxy_get_header_map_value,
  proxy_get_property,
  proxy_http_call,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_property,
  proxy_set_tick_period_milliseconds,
} from '../../../../gateway-plugins/sdk/assembly/abi';
import { random_get } from '../../../../gateway-plugins/sdk/assembly/wasi';

const out = memory.data(8);
const arena = memory.data(65536);
let top: usize = 0;
let configured = false;
let upstreamRole = false;
let confirmed = true;
let version: u64 = 0;
let vm = '';

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  if (size > 16384) return heap.alloc(size);
  if (top + size > 65536) top = 0;
  const start = arena + top;
  top = (top + size + 7) & ~7;
  return start;
}

function bytes(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

function text(): string {
  return String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4));
}

function property(path: string): string {
  const name = bytes(path);
  if (proxy_get_property(changetype<usize>(name), name.byteLength, out, out + 4) != 0) return '';
  return text();
}

function header(name: string): string {
  const key = bytes(name);
  if (proxy_get_header_map_value(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return '';
  return text();
}

function setHeader(name: string, value: string): void {
  const key = bytes(name);
  const content = bytes(value);
  proxy_replace_header_map_value(
    0,
    changetype<usize>(key),
    key.byteLength,
    changetype<usize>(content),
    content.byteLength,
  );
}

/** Serialized pairs: their number, the sizes, then each text ended by a zero. */
function pairs(texts: string[]): ArrayBuffer {
  let size = 4;
  for (let i = 0; i < texts.length; i++) size += 4 + bytes(texts[i]).byteLength + 1;
  const buffer = new ArrayBuffer(size);
  const base = changetype<usize>(buffer);
  store<u32>(base, texts.length / 2);
  let at = base + 4 + texts.length * 4;
  for (let i = 0; i < texts.length; i++) {
    const part = bytes(texts[i]);
    store<u32>(base + 4 + i * 4, part.byteLength);
    memory.copy(at, changetype<usize>(part), part.byteLength);
    at += part.byteLength + 1;
  }
  return buffer;
}

function refuse(reason: string): void {
  const headers = pairs(['x-hiclaw-reason', reason]);
  const body = bytes('{"from":"plugin"}');
  proxy_send_local_response(
    503,
    0,
    0,
    changetype<usize>(body),
    body.byteLength,
    changetype<usize>(headers),
    headers.byteLength,
    -1,
  );
}

export function proxy_on_context_create(id: u32, parent: u32): void {}

export function proxy_on_vm_start(id: u32, size: u32): u32 {
  random_get(out, 8);
  vm = '';
  for (let i = 0; i < 8; i++) vm += load<u8>(out + i).toString(16).padStart(2, '0');
  return 1;
}

export function proxy_on_configure(id: u32, size: u32): u32 {
  upstreamRole = property('plugin_root_id') == 'credential-injection';
  if (size == 0) return 1;
  proxy_get_buffer_bytes(7, 0, size, out, out + 4);
  const image = load<u32>(out);
  const accepted = size >= 16 && load<u8>(image) == 0x48;
  if (accepted) {
    version = load<u64>(image + 8);
    configured = true;
    confirmed = false;
    proxy_set_tick_period_milliseconds(1);
  }
  if (size > 16384) heap.free(image);
  return accepted ? 1 : 0;
}

export function proxy_on_tick(id: u32): void {
  proxy_set_tick_period_milliseconds(1000);
  if (confirmed) return;
  confirmed = true;
  const plugin = upstreamRole ? 'credential-injection' : 'key-auth';
  const headers = pairs([
    ':method',
    'POST',
    ':path',
    '/applied?plugin=' + plugin + '&version=' + version.toString() + '&vm=' + vm,
    ':authority',
    'policy-server',
    'x-hiclaw-node',
    property('xds\0node\0id'),
  ]);
  const cluster = bytes('policy-server');
  proxy_http_call(
    changetype<usize>(cluster),
    cluster.byteLength,
    changetype<usize>(headers),
    headers.byteLength,
    0,
    0,
    0,
    0,
    5000,
    out,
  );
}

export function proxy_on_request_headers(id: u32, count: u32, end: u32): u32 {
  if (!configured) {
    refuse(upstreamRole ? 'no-credentials' : 'no-policy');
    return 1;
  }
  if (upstreamRole) {
    setHeader('x-seen-upstream', property('xds\0upstream_host_metadata\0filter_metadata\0hiclaw\0upstream'));
    setHeader('x-seen-consumer', property('hiclaw.consumer'));
    setHeader('x-seen-authorization', header('authorization') == '' ? 'removed' : 'present');
    setHeader('authorization', 'Bearer real-secret');
    return 0;
  }
  const name = bytes('hiclaw.consumer');
  const value = bytes('worker-alice');
  proxy_set_property(changetype<usize>(name), name.byteLength, changetype<usize>(value), value.byteLength);
  setHeader('x-hiclaw-route', header('x-test-route'));
  return 0;
}

/**
 * Without this export Envoy 1.40 never finishes the call: what it defers until after this callback then runs in the next
 * callback of the VM, when the plugin context that made the call may be gone, and the process crashes.
 */
export function proxy_on_http_call_response(id: u32, call: u32, headers: u32, body: u32, trailers: u32): void {}

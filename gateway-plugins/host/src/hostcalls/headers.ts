import { HeaderMapType, Status } from '../abi.js';
import { AbiViolation } from '../errors.js';
import type { HeaderMap } from '../header-map.js';
import { decodePairs, encodePairs, type Pair } from '../pairs.js';
import type { Vm } from '../vm.js';
import type { HostcallTable } from './table.js';

const MAX_TYPE = HeaderMapType.HttpCallResponseTrailers;
// Envoy only asserts this in debug builds: a release build would send a broken message.
const FORBIDDEN = /[\0\r\n]/;

export const headerHostcalls: HostcallTable<
  | 'proxy_get_header_map_value'
  | 'proxy_add_header_map_value'
  | 'proxy_replace_header_map_value'
  | 'proxy_remove_header_map_value'
  | 'proxy_get_header_map_pairs'
  | 'proxy_set_header_map_pairs'
  | 'proxy_get_header_map_size'
> = {
  proxy_get_header_map_value(
    vm,
    type: number,
    name: number,
    nameSize: number,
    valueOut: number,
    sizeOut: number,
  ) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const key = vm.memory.text(name, nameSize, 'header name');
    const context = vm.effective;
    const map = context.readableMap(type);
    if (map === null) return context.inAccessLog ? Status.NotFound : Status.BadArgument;
    const value = map.get(key);
    if (value === undefined) return Status.NotFound;
    vm.returnText(value, valueOut, sizeOut);
    return Status.Ok;
  },

  proxy_add_header_map_value(
    vm,
    type: number,
    name: number,
    nameSize: number,
    value: number,
    valueSize: number,
  ) {
    return changeValue(vm, type, name, nameSize, value, valueSize, (map, key, text) => {
      map.add(key, text);
    });
  },

  proxy_replace_header_map_value(
    vm,
    type: number,
    name: number,
    nameSize: number,
    value: number,
    valueSize: number,
  ) {
    return changeValue(vm, type, name, nameSize, value, valueSize, (map, key, text) => {
      map.set(key, text);
    });
  },

  proxy_remove_header_map_value(vm, type: number, name: number, nameSize: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const key = vm.memory.text(name, nameSize, 'header name');
    return change(vm, type, (map) => {
      map.remove(key);
    });
  },

  proxy_get_header_map_pairs(vm, type: number, pairsOut: number, sizeOut: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const pairs = [...(vm.effective.readableMap(type) ?? [])];
    vm.returnBytes(pairs.length === 0 ? new Uint8Array(0) : encodePairs(pairs), pairsOut, sizeOut);
    return Status.Ok;
  },

  proxy_set_header_map_pairs(vm, type: number, pairs: number, size: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const list = readPairs(vm, pairs, size, 'header list');
    return change(vm, type, (map) => {
      map.clear();
      for (const [name, value] of list) map.add(name, value);
    });
  },

  proxy_get_header_map_size(vm, type: number, sizeOut: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const map = vm.effective.mutableMap(type);
    if (map === null) return Status.BadArgument;
    vm.memory.writeU32(sizeOut, map.byteSize, 'address of the returned size');
    return Status.Ok;
  },
};

/** A list of pairs given by the plugin. A broken one is empty for Envoy, and an error for a strict host. */
export function readPairs(vm: Vm, pointer: number, size: number, what: string): Pair[] {
  const bytes = vm.memory.bytes(pointer, size, what);
  const pairs = decodePairs(bytes);
  if (!vm.host.strict) return pairs ?? [];
  if (pairs === null) {
    if (bytes.length === 0) return [];
    throw new AbiViolation(
      `${vm.hostcall ?? 'hostcall'}: ${what} of ${bytes.length} bytes is not a list of pairs`,
    );
  }
  for (const [name, value] of pairs) checkHeader(vm, name, value);
  return pairs;
}

function changeValue(
  vm: Vm,
  type: number,
  name: number,
  nameSize: number,
  value: number,
  valueSize: number,
  apply: (map: HeaderMap, key: string, value: string) => void,
): number {
  if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
  const key = vm.memory.text(name, nameSize, 'header name');
  const text = vm.memory.text(value, valueSize, 'header value');
  if (vm.host.strict) checkHeader(vm, key, text);
  return change(vm, type, (map) => {
    apply(map, key, text);
  });
}

function change(vm: Vm, type: number, apply: (map: HeaderMap) => void): number {
  const context = vm.effective;
  const map = context.mutableMap(type);
  if (map === null) return Status.BadArgument;
  apply(map);
  if (type === HeaderMapType.HttpRequestHeaders) context.clearRouteCache();
  return Status.Ok;
}

function checkHeader(vm: Vm, name: string, value: string): void {
  if (name === '') throw new AbiViolation(`${vm.hostcall ?? 'hostcall'}: empty header name`);
  if (FORBIDDEN.test(name) || FORBIDDEN.test(value)) {
    throw new AbiViolation(
      `${vm.hostcall ?? 'hostcall'}: header ${JSON.stringify(name)} has NUL, CR or LF in it`,
    );
  }
}

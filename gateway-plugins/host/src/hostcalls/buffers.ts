import { BufferType, Status } from '../abi.js';
import type { HostcallTable } from './table.js';

const MAX_TYPE = BufferType.CallData;
const U32_LIMIT = 0x1_0000_0000;

export const bufferHostcalls: HostcallTable<
  'proxy_get_buffer_bytes' | 'proxy_get_buffer_status' | 'proxy_set_buffer_bytes'
> = {
  proxy_get_buffer_bytes(vm, type: number, start: number, length: number, bytesOut: number, sizeOut: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const buffer = vm.effective.buffer(type);
    if (buffer === null) return Status.NotFound;
    const from = start >>> 0;
    // Envoy computes with 64 bits, so start + length cannot wrap around.
    const to = Math.min(from + (length >>> 0), buffer.length, U32_LIMIT);
    vm.returnBytes(to > from ? buffer.slice(from, to) : new Uint8Array(0), bytesOut, sizeOut);
    return Status.Ok;
  },

  proxy_get_buffer_status(vm, type: number, lengthOut: number, flagsOut: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const buffer = vm.effective.buffer(type);
    if (buffer === null) return Status.NotFound;
    vm.memory.writeU32(lengthOut, buffer.length, 'address of the returned length');
    vm.memory.writeU32(flagsOut, 0, 'address of the returned flags');
    return Status.Ok;
  },

  proxy_set_buffer_bytes(vm, type: number, start: number, length: number, data: number, dataSize: number) {
    if (type >>> 0 > MAX_TYPE) return Status.BadArgument;
    const buffer = vm.effective.buffer(type);
    if (buffer === null) return Status.NotFound;
    const bytes = vm.memory.bytes(data, dataSize, 'new bytes');
    return buffer.write(start >>> 0, length >>> 0, bytes);
  },
};

import { Status, StreamType } from '../abi.js';
import { HeaderMap } from '../header-map.js';
import type { HostcallTable } from './table.js';
import { readPairs } from './headers.js';

const MAX_GRPC_STATUS = 16;

export const streamHostcalls: HostcallTable<
  'proxy_send_local_response' | 'proxy_continue_stream' | 'proxy_close_stream'
> = {
  proxy_send_local_response(
    vm,
    status: number,
    details: number,
    detailsSize: number,
    body: number,
    bodySize: number,
    headers: number,
    headersSize: number,
    grpcStatus: number,
  ) {
    const text = vm.memory.text(details, detailsSize, 'response details');
    const content = vm.memory.bytes(body, bodySize, 'response body');
    const additional = new HeaderMap('response', readPairs(vm, headers, headersSize, 'response headers'));
    const hasGrpcStatus = grpcStatus >= 0 && grpcStatus <= MAX_GRPC_STATUS;
    vm.effective.sendLocalResponse({
      status: status >>> 0,
      details: text.replace(/\s/g, '_'),
      headers: additional,
      body: content,
      grpcStatus: hasGrpcStatus ? grpcStatus : null,
    });
    vm.stopIteration = true;
    return Status.Ok;
  },

  proxy_continue_stream(vm, type: number) {
    if (type >>> 0 > StreamType.Upstream) return Status.BadArgument;
    return vm.effective.continueStream(type);
  },

  proxy_close_stream(vm, type: number) {
    if (type >>> 0 > StreamType.Upstream) return Status.BadArgument;
    return vm.effective.closeStream(type);
  },
};

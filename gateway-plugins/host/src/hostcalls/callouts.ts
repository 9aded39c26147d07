import { Status } from '../abi.js';
import { GrpcCallout, HttpCallout } from '../callouts.js';
import { HeaderMap } from '../header-map.js';
import type { PluginContext } from '../plugin-context.js';
import type { Vm } from '../vm.js';
import { readPairs } from './headers.js';
import type { HostcallTable } from './table.js';

const REQUIRED_HEADERS = [':path', ':method', ':authority'];

export const calloutHostcalls: HostcallTable<
  | 'proxy_http_call'
  | 'proxy_grpc_call'
  | 'proxy_grpc_stream'
  | 'proxy_grpc_send'
  | 'proxy_grpc_close'
  | 'proxy_grpc_cancel'
> = {
  proxy_http_call(
    vm,
    cluster: number,
    clusterSize: number,
    headers: number,
    headersSize: number,
    body: number,
    bodySize: number,
    trailers: number,
    trailersSize: number,
    timeoutMs: number,
    tokenOut: number,
  ) {
    const name = vm.memory.text(cluster, clusterSize, 'cluster name');
    const requestBody = vm.memory.bytes(body, bodySize, 'request body');
    const requestHeaders = new HeaderMap('request', readPairs(vm, headers, headersSize, 'request headers'));
    const requestTrailers = readPairs(vm, trailers, trailersSize, 'request trailers');
    vm.memory.writeU32(tokenOut, 0, 'address of the returned callout id');
    const { plugin } = vm.effective;
    if (plugin === null || timeoutMs < 0 || !vm.host.hasCluster(name)) return Status.BadArgument;
    if (REQUIRED_HEADERS.some((header) => !requestHeaders.has(header))) return Status.BadArgument;
    if (requestBody.length > 0) requestHeaders.set('content-length', String(requestBody.length));
    const token = vm.allocateCalloutId(0);
    vm.host.httpCallouts.push(
      new HttpCallout(plugin, token, {
        cluster: name,
        headers: requestHeaders,
        body: requestBody,
        trailers: requestTrailers.length === 0 ? null : new HeaderMap('trailers', requestTrailers),
        timeoutMs,
      }),
    );
    vm.memory.writeU32(tokenOut, token, 'address of the returned callout id');
    return Status.Ok;
  },

  proxy_grpc_call(
    vm,
    service: number,
    serviceSize: number,
    serviceName: number,
    serviceNameSize: number,
    methodName: number,
    methodNameSize: number,
    metadata: number,
    metadataSize: number,
    message: number,
    messageSize: number,
    timeoutMs: number,
    tokenOut: number,
  ) {
    const target = readTarget(
      vm,
      service,
      serviceSize,
      serviceName,
      serviceNameSize,
      methodName,
      methodNameSize,
    );
    const initialMetadata = new HeaderMap(
      'request',
      readPairs(vm, metadata, metadataSize, 'initial metadata'),
    );
    const sent = vm.memory.bytes(message, messageSize, 'message');
    const callout = start(vm, 'call', target, initialMetadata, timeoutMs >>> 0, tokenOut);
    if (typeof callout === 'number') return callout;
    callout.sent.push(sent);
    callout.localClosed = true;
    return Status.Ok;
  },

  proxy_grpc_stream(
    vm,
    service: number,
    serviceSize: number,
    serviceName: number,
    serviceNameSize: number,
    methodName: number,
    methodNameSize: number,
    metadata: number,
    metadataSize: number,
    tokenOut: number,
  ) {
    const target = readTarget(
      vm,
      service,
      serviceSize,
      serviceName,
      serviceNameSize,
      methodName,
      methodNameSize,
    );
    const initialMetadata = new HeaderMap(
      'request',
      readPairs(vm, metadata, metadataSize, 'initial metadata'),
    );
    const callout = start(vm, 'stream', target, initialMetadata, 0, tokenOut);
    return typeof callout === 'number' ? callout : Status.Ok;
  },

  proxy_grpc_send(vm, token: number, message: number, messageSize: number, endStream: number) {
    const sent = vm.memory.bytes(message, messageSize, 'message');
    const callout = find(vm, token, ['stream']);
    if (typeof callout === 'number') return callout;
    callout.sent.push(sent);
    if (endStream !== 0) callout.localClosed = true;
    return Status.Ok;
  },

  proxy_grpc_close(vm, token: number) {
    const callout = find(vm, token, ['call', 'stream']);
    if (typeof callout === 'number') return callout;
    callout.closeLocally();
    return Status.Ok;
  },

  proxy_grpc_cancel(vm, token: number) {
    const callout = find(vm, token, ['call', 'stream']);
    if (typeof callout === 'number') return callout;
    callout.cancel();
    return Status.Ok;
  },
};

type Target = Pick<GrpcCallout, 'service' | 'serviceName' | 'methodName'>;

function readTarget(vm: Vm, ...at: [number, number, number, number, number, number]): Target {
  return {
    service: vm.memory.bytes(at[0], at[1], 'gRPC service'),
    serviceName: vm.memory.text(at[2], at[3], 'service name'),
    methodName: vm.memory.text(at[4], at[5], 'method name'),
  };
}

function start(
  vm: Vm,
  kind: 'call' | 'stream',
  target: Target,
  initialMetadata: HeaderMap,
  timeoutMs: number,
  tokenOut: number,
): GrpcCallout | number {
  const plugin: PluginContext | null = vm.effective.plugin;
  // A serialized GrpcService starts with the tag of a message field; anything else is a cluster's name.
  const isMessage = target.service[0] === 0x0a || target.service[0] === 0x12;
  if (plugin === null) return Status.BadArgument;
  if (!isMessage && !vm.host.hasCluster(Buffer.from(target.service).toString('utf8')))
    return Status.ParseFailure;
  const token = vm.allocateCalloutId(kind === 'call' ? 1 : 2);
  vm.memory.writeU32(tokenOut, token, 'address of the returned callout id');
  const callout = new GrpcCallout(plugin, token, { kind, ...target, initialMetadata, timeoutMs });
  vm.host.grpcCallouts.push(callout);
  return callout;
}

function find(vm: Vm, token: number, kinds: readonly GrpcCallout['kind'][]): GrpcCallout | number {
  const kind = (['http', 'call', 'stream'] as const)[token & 3];
  if (kind === undefined || kind === 'http' || !kinds.includes(kind)) return Status.BadArgument;
  const { plugin } = vm.effective;
  const found = vm.host.grpcCallouts.find(
    (callout) => callout.plugin === plugin && callout.token === token && callout.state === 'pending',
  );
  return found ?? Status.NotFound;
}

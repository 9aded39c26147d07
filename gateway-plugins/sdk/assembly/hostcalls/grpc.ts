import {
  proxy_grpc_call,
  proxy_grpc_cancel,
  proxy_grpc_close,
  proxy_grpc_send,
  proxy_grpc_stream,
} from '../abi';
import { clearOut, OUT_FIRST, outFirst } from '../out';
import { Headers, pairsLength, writePairs } from '../pairs';
import { failure, outcome, Outcome, Result, success } from '../result';
import { encodeText, lastLength } from '../text';
import { Status } from '../types';

/** Where a gRPC call or stream goes. */
export class GrpcTarget {
  initialMetadata: Headers = [];

  /** `upstream`: in Envoy the name of a cluster; it must speak HTTP/2. */
  constructor(
    public upstream: string,
    public service: string,
    public method: string,
  ) {}
}

/** Sends a unary call and gives its id. The bare hostcall: `grpcCall` of a context also brings the answer to it. */
export function dispatchGrpcCall(target: GrpcTarget, message: ArrayBuffer, timeoutMs: u32): Result<u32> {
  const upstream = encodeText(target.upstream);
  const upstreamLength = lastLength();
  const service = encodeText(target.service);
  const serviceLength = lastLength();
  const method = encodeText(target.method);
  const methodLength = lastLength();
  const metadata = writePairs(target.initialMetadata);
  clearOut();
  const status = proxy_grpc_call(
    upstream,
    upstreamLength,
    service,
    serviceLength,
    method,
    methodLength,
    metadata,
    pairsLength(),
    changetype<usize>(message),
    message.byteLength,
    timeoutMs,
    OUT_FIRST,
  );
  if (status != Status.Ok) return failure<u32>(status, 'proxy_grpc_call');
  return success<u32>(outFirst(), 'proxy_grpc_call');
}

/** Opens a stream and gives its id. The bare hostcall: `grpcStream` of a context also brings its messages to it. */
export function dispatchGrpcStream(target: GrpcTarget): Result<u32> {
  const upstream = encodeText(target.upstream);
  const upstreamLength = lastLength();
  const service = encodeText(target.service);
  const serviceLength = lastLength();
  const method = encodeText(target.method);
  const methodLength = lastLength();
  const metadata = writePairs(target.initialMetadata);
  clearOut();
  const status = proxy_grpc_stream(
    upstream,
    upstreamLength,
    service,
    serviceLength,
    method,
    methodLength,
    metadata,
    pairsLength(),
    OUT_FIRST,
  );
  if (status != Status.Ok) return failure<u32>(status, 'proxy_grpc_stream');
  return success<u32>(outFirst(), 'proxy_grpc_stream');
}

/** Sends a message on a stream; `endStream` closes our side. */
export function grpcSend(streamId: u32, message: ArrayBuffer, endStream: bool = false): Outcome {
  return outcome(
    proxy_grpc_send(streamId, changetype<usize>(message), message.byteLength, endStream ? 1 : 0),
    'proxy_grpc_send',
  );
}

/** The bare hostcall behind grpcCancel(). */
export function dispatchGrpcCancel(id: u32): Outcome {
  return outcome(proxy_grpc_cancel(id), 'proxy_grpc_cancel');
}

/** The bare hostcall behind grpcClose(). */
export function dispatchGrpcClose(id: u32): Outcome {
  return outcome(proxy_grpc_close(id), 'proxy_grpc_close');
}

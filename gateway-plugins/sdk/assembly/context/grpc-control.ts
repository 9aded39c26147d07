import { dispatchGrpcCancel, dispatchGrpcClose } from '../hostcalls/grpc';
import { Outcome } from '../result';
import { grpcCalls } from './pending-calls';

/** Gives up a call, or resets a stream. No callback follows. */
export function grpcCancel(id: u32): Outcome {
  grpcCalls.remove(id);
  return dispatchGrpcCancel(id);
}

/** Gives up a call, or closes our side of a stream: its onGrpcClose follows when the other side has ended too. */
export function grpcClose(id: u32): Outcome {
  const call = grpcCalls.find(id);
  if (call != null && call.unary) grpcCalls.remove(id);
  return dispatchGrpcClose(id);
}

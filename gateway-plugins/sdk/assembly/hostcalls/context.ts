import { proxy_done, proxy_get_status, proxy_set_effective_context } from '../abi';
import { clearOut, OUT_FIRST, OUT_SECOND, OUT_THIRD, outFirst, outSecond, outThird } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { decodeText } from '../text';
import { Status } from '../types';

/**
 * Makes the hostcalls of the running callback act on another context, e.g. to close streams from onTick. `BadArgument`
 * when that context is gone. It ends with the callback.
 */
export function setEffectiveContext(contextId: u32): Outcome {
  return outcome(proxy_set_effective_context(contextId), 'proxy_set_effective_context');
}

/** Finishes a plugin context whose onDone returned false. `NotFound` when none is waiting. */
export function finishDone(): Outcome {
  return outcome(proxy_done(), 'proxy_done');
}

/** How an HTTP or gRPC call ended. */
export class CallStatus {
  constructor(
    public code: u32,
    public message: string,
  ) {}
}

/** Status of the HTTP call in onHttpCallResponse, or of the gRPC call or stream in onGrpcClose. */
export function getCallStatus(): Result<CallStatus> {
  clearOut();
  const status = proxy_get_status(OUT_FIRST, OUT_SECOND, OUT_THIRD);
  if (status != Status.Ok) return failure<CallStatus>(status, 'proxy_get_status');
  const code = outFirst();
  return success<CallStatus>(new CallStatus(code, decodeText(outSecond(), outThird())), 'proxy_get_status');
}

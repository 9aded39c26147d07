// What others may ask and tell about the tokens of a running call.

import { Stream, usageOf } from '../streams';
import { inputEstimate, outputEstimate } from './estimate';
import * as F from './fields';
import { FinalUsage, usageAtEnd } from './final-usage';
import { CUT, givenOf, UsageState } from './state';
import { responseStatus } from './status';

/** Tokens of input, known before the call is forwarded: from the size of the request. 0 for calls that are free. */
export function estimatedInput(stream: Stream): u32 {
  return inputEstimate(stream);
}

/**
 * Tokens of output so far, rather too many than too few: estimated, or what the provider has said, whichever is more. Never
 * falls while a response goes on.
 */
export function outputSoFar(stream: Stream): u32 {
  const state = changetype<UsageState>(usageOf(stream));
  return max(outputEstimate(state), max(given(state, F.FIELD_COMPLETION), given(state, F.FIELD_OUTPUT)));
}

function given(state: UsageState, field: u32): u32 {
  return (state.given & (1 << field)) != 0 ? load<u32>(givenOf(state) + (field << 2)) : 0;
}

/** Tokens of a call that is over, to be asked for in proxy_on_log. Valid until the next call. */
export function finalUsage(stream: Stream): FinalUsage {
  return usageAtEnd(stream, responseStatus());
}

/** To be called before the gateway itself ends a stream that runs. */
export function noteCut(stream: Stream): void {
  const state = changetype<UsageState>(usageOf(stream));
  state.flags |= CUT;
}

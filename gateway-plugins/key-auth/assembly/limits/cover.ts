// The response side: no piece of a stream goes on that is not covered by what is reserved.

import { Action } from '../../../sdk/assembly/types';
import { consumerOf } from '../lookup';
import { currentImage } from '../policy-image';
import { holdOf, Stream, usageOf } from '../streams';
import { outputSoFar } from '../usage/progress';
import { FORM_EVENTS, UsageState } from '../usage/state';
import { LIMITS_UNAVAILABLE } from '../verdict';
import { ACCOUNT_UNKNOWN, hasFlag } from './accounts';
import { isStreaming, needToGoOn } from './amounts';
import { ask } from './ask';
import { cutResponse, isBetweenEvents } from './cut';
import { letGo, sendOn } from './flush';
import * as H from './hold';
import { monotonicNow } from './monotonic';
import { BROKEN, DENIED, deniedVerdict, LACKS, reserve, RESERVED } from './reserve';

/** How long a response is held back for allowance. */
export const WAIT_NANOSECONDS: u64 = 1_000_000_000;

/**
 * To be called with each piece of the response of an LLM call once its tokens are counted; `size` counts from the start
 * of what the host holds. The action to return; with Continue the piece has gone on.
 */
export function coverResponse(stream: Stream, size: u32): u32 {
  const hold = holdOf(stream);
  const account = load<u32>(hold + H.HOLD_ACCOUNT);
  if (account == 0) return Action.Continue;
  const state = load<u32>(hold + H.HOLD_STATE);
  if (state == H.HOLD_CUT || state == H.HOLD_WAITS) return Action.Pause;
  // The piece before this one is still there. Both go on with Continue, and neither can be held back alone.
  if (state == H.HOLD_FLUSHES) {
    store<u32>(hold + H.HOLD_STATE, H.HOLD_RUNS);
    return passes(stream);
  }
  const form = changetype<UsageState>(usageOf(stream)).form;
  if ((!isStreaming(stream) && form != FORM_EVENTS) || !needToGoOn(stream)) return passes(stream);
  const outcome = extend(stream, account - 1);
  if (outcome == RESERVED) return passes(stream);
  const isCovered = <u64>outputSoFar(stream) <= load<u64>(hold + H.HOLD_OUTPUT);
  if (outcome == LACKS) {
    store<u32>(hold + H.HOLD_STATE, isCovered ? H.HOLD_WANTS : H.HOLD_WAITS);
    if (state != H.HOLD_WANTS) store<u64>(hold + H.HOLD_DEADLINE, monotonicNow() + WAIT_NANOSECONDS);
    if (ask(account - 1, stream.context)) return isCovered ? passes(stream) : Action.Pause;
    store<u32>(hold + H.HOLD_STATE, H.HOLD_RUNS);
  }
  if (isCovered) return passes(stream);
  return cutResponse(stream, size, outcome == DENIED ? deniedVerdict() : LIMITS_UNAVAILABLE);
}

/** To be called with the trailers of a response, which would let go on what is held back. The action to return. */
export function coverTrailers(stream: Stream): u32 {
  const hold = holdOf(stream);
  const state = load<u32>(hold + H.HOLD_STATE);
  if (state == H.HOLD_FLUSHES) store<u32>(hold + H.HOLD_STATE, H.HOLD_RUNS);
  return state == H.HOLD_WAITS ? Action.Pause : Action.Continue;
}

function passes(stream: Stream): u32 {
  const state = changetype<UsageState>(usageOf(stream));
  store<u32>(holdOf(stream) + H.HOLD_BETWEEN, isBetweenEvents(state) ? 1 : 0);
  return sendOn(stream);
}

/** Reserves the next quanta. A consumer that the image does not have any more is cut elsewhere. */
function extend(stream: Stream, account: u32): u32 {
  const image = currentImage();
  if (image == 0 || stream.token == 0) return BROKEN;
  return reserve(account, image, consumerOf(image, stream.token), holdOf(stream), monotonicNow(), false);
}

/** After an answer of the policy server: a response that was held back goes on, waits again, or is cut. */
export function resumeResponse(stream: Stream, account: u32): void {
  const hold = holdOf(stream);
  const waited = load<u32>(hold + H.HOLD_STATE) == H.HOLD_WAITS;
  store<u32>(hold + H.HOLD_STATE, H.HOLD_RUNS);
  // What only wants more asks again with its next piece.
  if (!waited) return;
  const outcome = needToGoOn(stream) ? extend(stream, account) : RESERVED;
  if (outcome == RESERVED) {
    store<u32>(hold + H.HOLD_BETWEEN, isBetweenEvents(changetype<UsageState>(usageOf(stream))) ? 1 : 0);
    letGo(stream);
    return;
  }
  const mayWait = monotonicNow() < load<u64>(hold + H.HOLD_DEADLINE) && !hasFlag(account, ACCOUNT_UNKNOWN);
  if (outcome == LACKS && mayWait) {
    store<u32>(hold + H.HOLD_STATE, H.HOLD_WAITS);
    if (ask(account, stream.context)) return;
  }
  cutHeld(stream, outcome == DENIED ? deniedVerdict() : LIMITS_UNAVAILABLE);
}

/** Cuts a response that is held back. */
export function cutHeld(stream: Stream, reason: u32): void {
  const size = changetype<UsageState>(usageOf(stream)).seen;
  store<u32>(holdOf(stream) + H.HOLD_RESUMED, 0);
  if (cutResponse(stream, size, reason) == Action.Continue) letGo(stream);
}

// Streams that waited for allowance, once the policy server has answered: a request is decided anew, under the image
// in force now, so that whatever was taken from its consumer meanwhile counts.

import { wakeActive } from '../../../policy/assembly/wake';
import { proxy_continue_stream, proxy_set_effective_context } from '../../../sdk/assembly/abi';
import { Status, StreamType } from '../../../sdk/assembly/types';
import { refuseBody } from '../request-body';
import { resumeRequest } from '../resume-request';
import { AWAITS_LEASE, holdOf, streamAt, streamSlots } from '../streams';
import { accountCount, ACCOUNT_LOST, callOf, callRootOf, clearFlag, hasFlag, setCall, setFailures, setFlag, setRestUntil, failuresOf } from './accounts';
import { takeAnswer } from './answer';
import { ask, isWaiting } from './ask';
import { cutHeld, resumeResponse } from './cover';
import { HOLD_RUNS, HOLD_STATE, HOLD_WAITS } from './hold';
import { pollLost } from './recall';
import { monotonicNow, NANOSECONDS_PER_MILLISECOND } from './monotonic';
import { LIMITS_UNAVAILABLE } from '../verdict';

/** How long a policy server that does not answer is left alone about an account. */
const REST_NANOSECONDS: u64 = 250 * NANOSECONDS_PER_MILLISECOND;

/** Number of the account that a call is about plus 1; 0: of none. */
export function accountOfCall(call: u32): u32 {
  const count = accountCount();
  for (let account: u32 = 0; account < count; account++) {
    if (callOf(account) == call) return account + 1;
  }
  return 0;
}

/** The policy server answered, or did not: `body` is 0 then. */
export function leaseAnswered(root: u32, account: u32, body: usize, length: usize): void {
  const isTaken = body != 0 && takeAnswer(account, body, length);
  setCall(account, 0, 0, 0);
  if (isTaken) {
    setFailures(account, 0);
    setRestUntil(account, 0);
    resumeAll(account);
    return;
  }
  const failures = failuresOf(account);
  setFailures(account, failures + 1);
  // The first failure may be that of a connection that the policy server had just closed.
  if (failures == 0 && ask(account, root)) return;
  setRestUntil(account, monotonicNow() + REST_NANOSECONDS);
  refuseAll(account);
}

function resumeAll(account: u32): void {
  for (let slot: u32 = 0; slot < streamSlots(); slot++) {
    const stream = streamAt(slot);
    if (!isWaiting(stream, account)) continue;
    if (proxy_set_effective_context(stream.context) != Status.Ok) continue;
    if (stream.phase != AWAITS_LEASE) resumeResponse(stream, account);
    else if (resumeRequest(stream)) proxy_continue_stream(StreamType.HttpRequest);
  }
}

function refuseAll(account: u32): void {
  for (let slot: u32 = 0; slot < streamSlots(); slot++) {
    const stream = streamAt(slot);
    if (!isWaiting(stream, account)) continue;
    if (proxy_set_effective_context(stream.context) != Status.Ok) continue;
    if (stream.phase == AWAITS_LEASE) {
      refuseBody(stream, LIMITS_UNAVAILABLE);
    } else if (load<u32>(holdOf(stream) + HOLD_STATE) == HOLD_WAITS) {
      cutHeld(stream, LIMITS_UNAVAILABLE);
    } else {
      store<u32>(holdOf(stream) + HOLD_STATE, HOLD_RUNS);
    }
  }
}

/** To be called when a context is deleted, with any id: calls that it had under way will not be answered. */
export function callsLost(root: u32): void {
  let lost = pollLost(root);
  const count = accountCount();
  for (let account: u32 = 0; account < count; account++) {
    if (callOf(account) == 0 || callRootOf(account) != root) continue;
    setCall(account, 0, 0, 0);
    setFlag(account, ACCOUNT_LOST);
    lost = true;
  }
  if (lost) wakeActive();
}

/** Asks again what will not be answered; the active context must be the effective one, and stays it. */
export function askAgain(root: u32): void {
  const count = accountCount();
  for (let account: u32 = 0; account < count; account++) {
    if (!hasFlag(account, ACCOUNT_LOST)) continue;
    clearFlag(account, ACCOUNT_LOST);
    if (!ask(account, root)) refuseAll(account);
  }
}

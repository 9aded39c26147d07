// The request side: a call whose consumer has limits reserves what it needs before it is forwarded.

import * as L from '../../../../packages/policy-image/src/layout';
import { SCAN_MODEL } from '../scan-state';
import { consumerOf, limitAt, limitCount, stringAt, stringLength } from '../lookup';
import { AWAITS_LEASE, holdOf, scannerOf, Stream } from '../streams';
import { estimatedInput, finalUsage } from '../usage/progress';
import { ADMIT, AWAIT_LEASE, INTERNAL, LIMITS_UNAVAILABLE, PRICE_UNKNOWN } from '../verdict';
import { ACCOUNT_UNKNOWN, hasFlag, openAccount } from './accounts';
import { needAtStart } from './amounts';
import { ask, report } from './ask';
import { WAIT_NANOSECONDS } from './cover';
import * as H from './hold';
import { monotonicNow } from './monotonic';
import { costOf, findHighestPrices, highestInput, highestOutput } from './prices';
import { DENIED, deniedVerdict, LACKS, reserve, RESERVED } from './reserve';
import { settle } from './settle';

/**
 * Whether the limits of its consumer let an admitted stream go on: ADMIT, AWAIT_LEASE, or why not. Token, route, model
 * and facts of the call must be in the stream. Can be asked again after it waited.
 */
export function passLimits(image: usize, stream: Stream): u32 {
  const consumer = consumerOf(image, stream.token);
  if (load<u32>(consumer + L.CONSUMER_LIMITS) == <u32>L.NONE) return ADMIT;
  const hold = holdOf(stream);
  const name = consumer + L.CONSUMER_NAME;
  const account = openAccount(stringAt(image, name), stringLength(name));
  if (account == 0) return INTERNAL;
  store<u32>(hold + H.HOLD_ACCOUNT, account);
  if (!takePrices(image, consumer, stream)) return PRICE_UNKNOWN;
  needAtStart(stream);
  const now = monotonicNow();
  const deadline = load<u64>(hold + H.HOLD_DEADLINE);
  let outcome = reserve(account - 1, image, consumer, hold, now, false);
  // All that can be had is here: the policy server was asked, or is known to have no more.
  if (outcome == DENIED || (outcome == LACKS && deadline != 0))
    outcome = reserve(account - 1, image, consumer, hold, now, true);
  if (outcome == RESERVED) return ADMIT;
  if (outcome == DENIED) return deniedVerdict();
  if (deadline == 0) store<u64>(hold + H.HOLD_DEADLINE, now + WAIT_NANOSECONDS);
  const mayWait = deadline == 0 || (now < deadline && !hasFlag(account - 1, ACCOUNT_UNKNOWN));
  return outcome == LACKS && mayWait ? AWAIT_LEASE : LIMITS_UNAVAILABLE;
}

/** Notes the prices of the most expensive target; false when money is limited and none is known. */
function takePrices(image: usize, consumer: usize, stream: Stream): bool {
  if (stream.endpoint == 0 || estimatedInput(stream) == 0) return true;
  const count = limitCount(image, consumer);
  // They are sorted by meter, and money comes last.
  if (!H.isMoneyMeter(load<u32>(limitAt(image, consumer, count - 1) + L.LIMIT_METER))) return true;
  const model = scannerOf(stream) + SCAN_MODEL;
  if (stream.route == 0 || !findHighestPrices(image, stream.route, model, stream.modelLength)) return false;
  store<u64>(holdOf(stream) + H.HOLD_INPUT_PRICE, highestInput);
  store<u64>(holdOf(stream) + H.HOLD_OUTPUT_PRICE, highestOutput);
  return true;
}

/** Makes a stream wait that passLimits() told to; false: the policy server cannot be asked. */
export function awaitLease(stream: Stream): bool {
  stream.phase = AWAITS_LEASE;
  return ask(load<u32>(holdOf(stream) + H.HOLD_ACCOUNT) - 1, stream.context);
}

/** Settles what a stream holds, in proxy_on_log or when it is not forwarded after all. `image`: 0 when there is none. */
export function settleHold(image: usize, stream: Stream): void {
  const hold = holdOf(stream);
  const account = load<u32>(hold + H.HOLD_ACCOUNT);
  store<u32>(hold + H.HOLD_ACCOUNT, 0);
  // A call that waits, or is no call of a model, has reserved nothing that could go back.
  if (account == 0 || load<u64>(hold + H.HOLD_TOKENS) == 0) return;
  const usage = finalUsage(stream);
  let pico: u64 = 0;
  if (load<u64>(hold + H.HOLD_PICO) != 0) {
    const model = scannerOf(stream) + SCAN_MODEL;
    const input = load<u64>(hold + H.HOLD_INPUT_PRICE);
    const output = load<u64>(hold + H.HOLD_OUTPUT_PRICE);
    pico = costOf(image, stream.route, model, stream.modelLength, usage, input, output);
  }
  const tokens = <u64>usage.input + <u64>usage.output;
  if (settle(account - 1, hold, tokens, pico)) report(account - 1, stream.context);
}

/** Gives back what a stream holds that is not forwarded; its request stays counted. */
export function releaseHold(stream: Stream): void {
  const hold = holdOf(stream);
  const account = load<u32>(hold + H.HOLD_ACCOUNT);
  store<u32>(hold + H.HOLD_ACCOUNT, 0);
  if (account != 0 && load<u64>(hold + H.HOLD_TOKENS) != 0) settle(account - 1, hold, 0, 0);
}

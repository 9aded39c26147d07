// Reserving what a stream needs, on all meters that its consumer is limited on, or on none.

import { Status } from '../../../sdk/assembly/types';
import * as L from '../../../../packages/policy-image/src/layout';
import { limitAt, limitCount } from '../lookup';
import { BUDGET_EXHAUSTED, REQUESTS_EXHAUSTED, TOKENS_EXHAUSTED } from '../verdict';
import { isDenied } from './accounts';
import { needOf, needOutput, needPico, needTokens, mayShrink, shrinkTo } from './amounts';
import { addShare, HOLD_OUTPUT, HOLD_PICO, HOLD_TOKENS } from './hold';
import * as R from './record';
import { addSaturating, lessBy } from './saturating';

export const RESERVED: u32 = 0;
/** Allowance is missing that the policy server may have. */
export const LACKS: u32 = 1;
/** It is known that there is none; `deniedMeter` says where. */
export const DENIED: u32 = 2;
/** The host does not keep accounts. */
export const BROKEN: u32 = 3;

/** The meter that is spent, and when its window ends: seconds that are left and Unix seconds. */
export let deniedMeter: u32 = 0;
export let deniedSeconds: u64 = 0;
export let deniedUntil: u32 = 0;

/** Why a call that was DENIED is refused. */
export function deniedVerdict(): u32 {
  if (deniedMeter == <u32>L.METER_REQUESTS_MINUTE) return REQUESTS_EXHAUSTED;
  return deniedMeter == <u32>L.METER_TOKENS_MINUTE ? TOKENS_EXHAUSTED : BUDGET_EXHAUSTED;
}

/**
 * Reserves what amounts.ts says for a stream of this consumer, and notes it in the hold. With `shrinks` a call that
 * starts makes do with less output than it can give, if it may.
 */
export function reserve(
  account: u32,
  image: usize,
  consumer: usize,
  hold: usize,
  now: u64,
  shrinks: bool,
): u32 {
  for (let attempt: u32 = 0; attempt < R.MOST_ATTEMPTS; attempt++) {
    if (!R.readRecord(account)) return BROKEN;
    if (shrinks && mayShrink(image, consumer)) shrink(image, consumer, now);
    const lack = lackOf(account, image, consumer, now);
    if (lack != RESERVED) return lack;
    const count = limitCount(image, consumer);
    for (let i: u32 = 0; i < count; i++) {
      const meter = load<u32>(limitAt(image, consumer, i) + L.LIMIT_METER);
      R.setUsed(meter, addSaturating(R.usedOf(meter), needOf(meter)));
    }
    const status = R.writeRecord(account);
    if (status == Status.Ok) {
      note(image, consumer, hold);
      return RESERVED;
    }
    if (status != Status.CasMismatch) return BROKEN;
  }
  return BROKEN;
}

/** What may be used on a meter of the account that was read, used or not. */
function allowedOn(meter: u32, cap: u64, now: u64): u64 {
  // A cap that was lowered holds at once, whatever was leased before.
  return R.isOpen(meter, now) ? min(R.allowanceOf(meter), cap) : 0;
}

function shrink(image: usize, consumer: usize, now: u64): void {
  const count = limitCount(image, consumer);
  for (let i: u32 = 0; i < count; i++) {
    const limit = limitAt(image, consumer, i);
    const meter = load<u32>(limit + L.LIMIT_METER);
    shrinkTo(meter, lessBy(allowedOn(meter, load<u64>(limit + L.LIMIT_CAP), now), R.usedOf(meter)));
  }
}

/** What the account that was read lacks under the consumer's limits. */
function lackOf(account: u32, image: usize, consumer: usize, now: u64): u32 {
  let lack = RESERVED;
  const count = limitCount(image, consumer);
  for (let i: u32 = 0; i < count; i++) {
    const limit = limitAt(image, consumer, i);
    const meter = load<u32>(limit + L.LIMIT_METER);
    const need = needOf(meter);
    if (need == 0) continue;
    const cap = load<u64>(limit + L.LIMIT_CAP);
    const open = R.isOpen(meter, now);
    const wanted = addSaturating(open ? R.usedOf(meter) : 0, need);
    const allowed = allowedOn(meter, cap, now);
    if (wanted <= allowed) continue;
    if (isDenied(account, meter, wanted - allowed, cap, now)) {
      noteDenied(meter, open, now);
      return DENIED;
    }
    lack = LACKS;
  }
  return lack;
}

function noteDenied(meter: u32, open: bool, now: u64): void {
  deniedMeter = meter;
  deniedUntil = R.windowOf(meter);
  const left = open ? R.deadlineOf(meter) - now : 0;
  deniedSeconds = max<u64>((left + 999_999_999) / 1_000_000_000, 1);
}

function note(image: usize, consumer: usize, hold: usize): void {
  const count = limitCount(image, consumer);
  for (let i: u32 = 0; i < count; i++) {
    const meter = load<u32>(limitAt(image, consumer, i) + L.LIMIT_METER);
    if (needOf(meter) != 0) addShare(hold, meter, R.windowOf(meter), needOf(meter));
  }
  store<u64>(hold + HOLD_OUTPUT, addSaturating(load<u64>(hold + HOLD_OUTPUT), needOutput));
  store<u64>(hold + HOLD_TOKENS, addSaturating(load<u64>(hold + HOLD_TOKENS), needTokens));
  store<u64>(hold + HOLD_PICO, addSaturating(load<u64>(hold + HOLD_PICO), needPico));
}

// Memory in which a stream keeps what it holds of its consumer's limits.

import * as L from '../../../../packages/policy-image/src/layout';
import { ACCOUNT_METERS } from './meters';

/** u32: number of the account plus 1; 0: the consumer has no limits. */
export const HOLD_ACCOUNT: usize = 0;
/** u32, one of HOLD_… below. */
export const HOLD_STATE: usize = 4;
/** u64: tokens of output that are reserved. */
export const HOLD_OUTPUT: usize = 8;
/** u64: tokens reserved in all, and pico-USD. */
export const HOLD_TOKENS: usize = 16;
export const HOLD_PICO: usize = 24;
/** u64: pico-USD per token of the most expensive target. */
export const HOLD_INPUT_PRICE: usize = 32;
export const HOLD_OUTPUT_PRICE: usize = 40;
/** u64: when waiting for allowance ends, nanoseconds of the monotonic clock. */
export const HOLD_DEADLINE: usize = 48;
/** u32: what has gone on of the response ends between two events. */
export const HOLD_BETWEEN: usize = 56;
/**
 * u32: 1 from when a response went on that was held back until its next piece has. Envoy 1.40 puts that piece where the
 * held ones were, and would leave it there. 2: that piece is an error, after which the stream is closed.
 */
export const HOLD_RESUMED: usize = 60;
/** For each meter: u64 that is reserved in the window, u32 its end in Unix seconds, u32 0. */
const HOLD_SHARES: usize = 64;
const SHARE_BYTES: usize = 16;

/** Bytes per stream, zeroed when it begins. */
export const HOLD_BYTES: u32 = 64 + 16 * ACCOUNT_METERS;

/** It runs within what is reserved. */
export const HOLD_RUNS: u32 = 0;
/** It runs, and soon needs more than is reserved. */
export const HOLD_WANTS: u32 = 1;
/** Its response is held back until more is reserved. */
export const HOLD_WAITS: u32 = 2;
/** Nothing more of its response goes on; it is closed soon. */
export const HOLD_CUT: u32 = 3;
/** What is held back goes on as soon as this callback is over. */
export const HOLD_FLUSHES: u32 = 4;

function shareOf(hold: usize, meter: u32): usize {
  return hold + HOLD_SHARES + <usize>meter * SHARE_BYTES;
}

/** What is reserved on the meter in the window that ends at `shareWindow`. */
export function shareAmount(hold: usize, meter: u32): u64 {
  return load<u64>(shareOf(hold, meter));
}

/** 0: nothing was ever reserved on the meter. */
export function shareWindow(hold: usize, meter: u32): u32 {
  return load<u32>(shareOf(hold, meter) + 8);
}

/** Notes what was reserved; what was reserved in an earlier window stays spent there. */
export function addShare(hold: usize, meter: u32, window: u32, amount: u64): void {
  const share = shareOf(hold, meter);
  const before = load<u32>(share + 8) == window ? load<u64>(share) : 0;
  store<u64>(share, before + amount);
  store<u32>(share + 8, window);
}

export function isTokenMeter(meter: u32): bool {
  return meter >= <u32>L.METER_TOKENS_MINUTE && meter <= <u32>L.METER_TOKENS_MONTH;
}

export function isMoneyMeter(meter: u32): bool {
  return meter >= <u32>L.METER_USD_DAY;
}

// Numbers that count something. They are believed only when they are whole and possible.

import { COUNT_MAX, FIELD_SECONDS } from './fields';
import { findCount, findNoCount } from './findings';
import { JSON_AFTER, JSON_NUMBER } from './json-states';
import { MEANS_SHIFT } from './keys';
import { UsageState } from './state';

const NEGATIVE: u32 = 1;
const POINT: u32 = 2;
/** A digit other than 0 after the point: `12.0` is whole, `12.5` is not. */
const FRACTION: u32 = 4;
const EXPONENT: u32 = 8;
const HUGE: u64 = 0x0fffffffffffffff;

/** Begins a number; its first byte is still to be read. */
export function beginNumber(state: UsageState): void {
  state.json = JSON_NUMBER;
  state.number = 0;
  state.numberFlags = 0;
}

/** Reads on in a number; the byte that ends it is left. */
export function readNumber(state: UsageState, at: usize, to: usize): usize {
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    const digit = byte - 0x30;
    if (digit < 10) {
      if ((state.numberFlags & POINT) == 0) state.number = min(state.number * 10 + digit, HUGE);
      else if (digit != 0) state.numberFlags |= FRACTION;
    } else if (byte == 0x2d) {
      state.numberFlags |= NEGATIVE;
    } else if (byte == 0x2e) {
      state.numberFlags |= POINT;
    } else if ((byte | 0x20) == 0x65 || byte == 0x2b) {
      state.numberFlags |= EXPONENT;
    } else {
      endNumber(state);
      return at;
    }
  }
  return to;
}

function endNumber(state: UsageState): void {
  const field = state.meaning >> MEANS_SHIFT;
  let value = state.number;
  state.json = JSON_AFTER;
  if (field == FIELD_SECONDS && (state.numberFlags & FRACTION) != 0) {
    value++;
    state.numberFlags &= ~FRACTION;
  }
  if ((state.numberFlags & (NEGATIVE | FRACTION | EXPONENT)) != 0 || value > COUNT_MAX)
    findNoCount(state, field);
  else findCount(state, field, <u32>value);
}

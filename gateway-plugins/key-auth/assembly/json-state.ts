// Memory of one JSON scan, so that it can go on with the next chunk. Offsets from the start of the scanner; what both
// kinds of body have comes first, in scan-state.ts.

import { SCAN_REST } from './scan-state';

const AT: usize = SCAN_REST;
export const SCAN_DEPTH: usize = AT; // u32, open objects and arrays
export const SCAN_CAPTURE: usize = AT + 4; // u32, Capture
export const SCAN_KEY_LENGTH: usize = AT + 8; // u32, of the key being read, at most KEY_MAX
export const SCAN_KEY_DEPTH: usize = AT + 12; // u32, keys of deeper objects are of no interest
export const SCAN_SECTION: usize = AT + 16; // u32, Member that the top-level value being read belongs to
export const SCAN_MEMBER: usize = AT + 20; // u32, Member that the value which follows belongs to
export const SCAN_UTF8_NEED: usize = AT + 24; // u32, continuation bytes still to come
export const SCAN_UTF8_LOW: usize = AT + 28; // u32, range of the next one
export const SCAN_UTF8_HIGH: usize = AT + 32; // u32
export const SCAN_ESCAPE: usize = AT + 36; // u32, value of the \u escape so far
export const SCAN_HIGH_SURROGATE: usize = AT + 40; // u32, waiting for its other half, or 0
export const SCAN_LITERAL: usize = AT + 44; // u32, bytes of true, false or null still to come, first one lowest
export const SCAN_AFTER_TEXT: usize = AT + 48; // u32, State after the string being read
export const SCAN_NUMBER_FOR: usize = AT + 52; // u32, Member that the number being read belongs to, or 0
export const SCAN_NUMBER: usize = AT + 56; // u32, the number so far
export const SCAN_LITERAL_FOR: usize = AT + 60; // u32, 1: the literal being read is what a usage edit replaces
export const SCAN_TEXT_FOR: usize = AT + 64; // u32, Member that the string being captured belongs to
export const SCAN_VALUE_LENGTH: usize = AT + 68; // u32, of the string being captured, at most VALUE_MAX + 1
export const SCAN_ITEM: usize = AT + 72; // u32, ITEM_* of the element of `input` being read
export const SCAN_BODY_START: usize = AT + 76; // u32, offset of the first brace
export const SCAN_PROMPTS: usize = AT + 80; // u32, prompts in a list of them
export const SCAN_STACK: usize = AT + 84; // 128 bits: 1 for an object, 0 for an array
export const SCAN_KEY: usize = AT + 100; // KEY_MAX bytes
export const SCAN_VALUE: usize = AT + 132; // VALUE_MAX bytes
export const JSON_SCANNER_BYTES: usize = AT + 396;

/** Longer than any name that means something. */
export const KEY_MAX: u32 = 32;
/** A model with `models/` before it. */
export const VALUE_MAX: u32 = 264;
/** Deepest nesting; the top-level object is level 1. */
export const DEPTH_MAX: u32 = 128;

// States. Those before TEXT stand between values; those from MINUS on are within a number, except LITERAL.
export const STATE_START: u32 = 0;
export const STATE_FIRST_KEY: u32 = 1;
export const STATE_KEY: u32 = 2;
export const STATE_COLON: u32 = 3;
export const STATE_VALUE: u32 = 4;
export const STATE_FIRST_ELEMENT: u32 = 5;
export const STATE_AFTER: u32 = 6;
export const STATE_END: u32 = 7;
export const STATE_TEXT: u32 = 8;
export const STATE_ESCAPE: u32 = 9;
export const STATE_HEX1: u32 = 10;
export const STATE_HEX2: u32 = 11;
export const STATE_HEX3: u32 = 12;
export const STATE_HEX4: u32 = 13;
export const STATE_MINUS: u32 = 14;
export const STATE_ZERO: u32 = 15;
export const STATE_INTEGER: u32 = 16;
export const STATE_POINT: u32 = 17;
export const STATE_FRACTION: u32 = 18;
export const STATE_EXPONENT: u32 = 19;
export const STATE_EXPONENT_SIGN: u32 = 20;
export const STATE_EXPONENT_DIGITS: u32 = 21;
export const STATE_LITERAL: u32 = 22;

export const enum Capture {
  Nothing,
  Key,
  Model,
  Value,
}

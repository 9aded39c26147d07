// Memory of one JSON scan, so that it can go on with the next chunk. Offsets from the start of the scanner.

export const SCAN_STATE: usize = 0; // u32, State
export const SCAN_DEPTH: usize = 4; // u32, open objects and arrays
export const SCAN_CAPTURE: usize = 8; // u32, Capture
export const SCAN_FLAGS: usize = 12; // u32, SEEN_*
export const SCAN_KEY_LENGTH: usize = 16; // u32, of the key being read, at most KEY_MAX
export const SCAN_MODEL_NEXT: usize = 20; // u32, 1: the value that follows belongs to a top-level `model`
export const SCAN_UTF8_NEED: usize = 24; // u32, continuation bytes still to come
export const SCAN_UTF8_LOW: usize = 28; // u32, range of the next one
export const SCAN_UTF8_HIGH: usize = 32; // u32
export const SCAN_ESCAPE: usize = 36; // u32, value of the \u escape so far
export const SCAN_HIGH_SURROGATE: usize = 40; // u32, waiting for its other half, or 0
export const SCAN_LITERAL: usize = 44; // u32, bytes of true, false or null still to come, first one lowest
export const SCAN_MODEL_LENGTH: usize = 48; // u32, at most MODEL_MAX + 1
export const SCAN_AFTER_TEXT: usize = 52; // u32, State after the string being read
export const SCAN_KEY: usize = 56; // KEY_MAX bytes
export const SCAN_STACK: usize = 72; // 128 bits: 1 for an object, 0 for an array
export const SCAN_MODEL: usize = 88; // MODEL_MAX bytes
export const SCANNER_BYTES: usize = 344;

export const KEY_MAX: u32 = 16;
/** Longest model name, in bytes after escapes are decoded. */
export const MODEL_MAX: u32 = 256;
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
}

/** A second `model`, a look-alike of it, or another key that names models. */
export const SEEN_AMBIGUOUS: u32 = 1;
export const SEEN_MODEL: u32 = 2;
/** The model is no string, or its string holds half a surrogate pair. */
export const SEEN_BAD_MODEL: u32 = 4;

// Finds the top-level `model` of a JSON object while checking that the whole body is strict JSON (RFC 8259): a body
// which the upstream might read differently from the gateway must not pass. One byte at a time, resumable anywhere.

import { captureByte, capturePlain, captureUnit, endSurrogate } from './json-capture';
import {
  beginElement,
  beginObject,
  beginValue,
  endKey,
  endNumber,
  endObject,
  endValue,
} from './json-members';
import { endLiteral } from './json-stream-options';
import {
  Capture,
  DEPTH_MAX,
  SCAN_AFTER_TEXT,
  SCAN_BODY_START,
  SCAN_CAPTURE,
  SCAN_DEPTH,
  SCAN_ESCAPE,
  SCAN_KEY,
  SCAN_KEY_DEPTH,
  SCAN_KEY_LENGTH,
  SCAN_LITERAL,
  SCAN_LITERAL_FOR,
  SCAN_MEMBER,
  SCAN_NUMBER,
  SCAN_NUMBER_FOR,
  SCAN_STACK,
  SCAN_UTF8_HIGH,
  SCAN_UTF8_LOW,
  SCAN_UTF8_NEED,
  STATE_AFTER,
  STATE_COLON,
  STATE_END,
  STATE_ESCAPE,
  STATE_EXPONENT,
  STATE_EXPONENT_DIGITS,
  STATE_EXPONENT_SIGN,
  STATE_FIRST_ELEMENT,
  STATE_FIRST_KEY,
  STATE_FRACTION,
  STATE_HEX1,
  STATE_HEX4,
  STATE_INTEGER,
  STATE_KEY,
  STATE_LITERAL,
  STATE_MINUS,
  STATE_POINT,
  STATE_START,
  STATE_TEXT,
  STATE_VALUE,
  STATE_ZERO,
} from './json-state';
import { SCAN_MODEL_OFFSET, SCAN_MODEL_RAW, SCAN_OFFSET, SCAN_REST, SCAN_STATE } from './scan-state';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const OPEN_OBJECT: u32 = 0x7b;
const CLOSE_OBJECT: u32 = 0x7d;
const OPEN_ARRAY: u32 = 0x5b;
const CLOSE_ARRAY: u32 = 0x5d;
const COMMA: u32 = 0x2c;

/** No state: nothing that could follow would make it JSON. */
const MALFORMED: u32 = 0xffffffff;
const HUGE: u32 = 0xffffffff;

// Where byte 0 of the body would stand, and the byte that is looked at: for offsets, valid while a scan runs.
let origin: usize = 0;
let here: usize = 0;

/** Makes a scanner's memory ready for a JSON body. */
export function startJson(scanner: usize): void {
  memory.fill(scanner + SCAN_REST, 0, SCAN_KEY - SCAN_REST);
  store<u32>(scanner + SCAN_KEY_DEPTH, 1);
}

function isSpace(byte: u32): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

/** True when any of eight bytes is not a plain character of a string: quote, backslash, control or non-ASCII. */
function hasSpecial(word: u64): bool {
  const quotes = word ^ 0x2222222222222222;
  const backslashes = word ^ 0x5c5c5c5c5c5c5c5c;
  const found =
    word |
    ((word - 0x2020202020202020) & ~word) |
    ((quotes - 0x0101010101010101) & ~quotes) |
    ((backslashes - 0x0101010101010101) & ~backslashes);
  return (found & 0x8080808080808080) != 0;
}

function isObject(scanner: usize, depth: u32): bool {
  return ((load<u8>(scanner + SCAN_STACK + ((depth - 1) >> 3)) >> ((depth - 1) & 7)) & 1) != 0;
}

function open(scanner: usize, object: u32): u32 {
  const depth = load<u32>(scanner + SCAN_DEPTH);
  if (depth == DEPTH_MAX) return MALFORMED;
  store<u32>(scanner + SCAN_DEPTH, depth + 1);
  const at = scanner + SCAN_STACK + (depth >> 3);
  if (object != 0) beginObject(scanner, depth + 1);
  store<u8>(at, ((<u32>load<u8>(at)) & ~(1 << (depth & 7))) | (object << (depth & 7)));
  return object ? STATE_FIRST_KEY : STATE_FIRST_ELEMENT;
}

function close(scanner: usize, object: bool): u32 {
  const depth = load<u32>(scanner + SCAN_DEPTH);
  if (isObject(scanner, depth) != object) return MALFORMED;
  store<u32>(scanner + SCAN_DEPTH, depth - 1);
  if (object) endObject(scanner, depth);
  return depth == 1 ? STATE_END : STATE_AFTER;
}

function startKey(scanner: usize): u32 {
  const counts = load<u32>(scanner + SCAN_DEPTH) <= load<u32>(scanner + SCAN_KEY_DEPTH);
  store<u32>(scanner + SCAN_CAPTURE, counts ? Capture.Key : Capture.Nothing);
  store<u32>(scanner + SCAN_KEY_LENGTH, 0);
  store<u32>(scanner + SCAN_AFTER_TEXT, STATE_COLON);
  return STATE_TEXT;
}

function startValue(scanner: usize, byte: u32): u32 {
  const member = load<u32>(scanner + SCAN_MEMBER);
  let capture: u32 = Capture.Nothing;
  if (member != 0) {
    store<u32>(scanner + SCAN_MEMBER, 0);
    capture = beginValue(scanner, member, byte, <u32>(here - origin));
  } else if (byte - 0x30 > 9 && byte != 0x2d) {
    beginElement(scanner, load<u32>(scanner + SCAN_DEPTH));
  }
  if (byte == QUOTE) {
    store<u32>(scanner + SCAN_CAPTURE, capture);
    store<u32>(scanner + SCAN_AFTER_TEXT, STATE_AFTER);
    return STATE_TEXT;
  }
  switch (byte) {
    case OPEN_OBJECT:
      return open(scanner, 1);
    case OPEN_ARRAY:
      return open(scanner, 0);
    case 0x2d:
      return STATE_MINUS;
    case 0x30:
      return STATE_ZERO;
    case 0x74:
      store<u32>(scanner + SCAN_LITERAL, 0x657572);
      return STATE_LITERAL;
    case 0x66:
      store<u32>(scanner + SCAN_LITERAL, 0x65736c61);
      return STATE_LITERAL;
    case 0x6e:
      store<u32>(scanner + SCAN_LITERAL, 0x6c6c75);
      return STATE_LITERAL;
    default:
      return isDigit(byte) ? STATE_INTEGER : MALFORMED;
  }
}

/** A byte between values. */
function structural(scanner: usize, state: u32, byte: u32): u32 {
  if (isSpace(byte)) return state;
  switch (state) {
    case STATE_START:
      store<u32>(scanner + SCAN_BODY_START, <u32>(here - origin));
      return byte == OPEN_OBJECT ? open(scanner, 1) : MALFORMED;
    case STATE_FIRST_KEY:
      if (byte == CLOSE_OBJECT) return close(scanner, true);
      return byte == QUOTE ? startKey(scanner) : MALFORMED;
    case STATE_KEY:
      return byte == QUOTE ? startKey(scanner) : MALFORMED;
    case STATE_COLON:
      return byte == 0x3a ? STATE_VALUE : MALFORMED;
    case STATE_FIRST_ELEMENT:
      if (byte == CLOSE_ARRAY) return close(scanner, false);
      return startValue(scanner, byte);
    case STATE_VALUE:
      return startValue(scanner, byte);
    case STATE_AFTER:
      if (byte == COMMA) {
        return isObject(scanner, load<u32>(scanner + SCAN_DEPTH)) ? STATE_KEY : STATE_VALUE;
      }
      if (byte == CLOSE_OBJECT) return close(scanner, true);
      return byte == CLOSE_ARRAY ? close(scanner, false) : MALFORMED;
    default:
      // After the end only white space may follow.
      return MALFORMED;
  }
}

function endText(scanner: usize): u32 {
  const capture = load<u32>(scanner + SCAN_CAPTURE);
  if (capture != Capture.Nothing) {
    endSurrogate(scanner);
    if (capture == Capture.Key) endKey(scanner);
    else if (capture == Capture.Value) endValue(scanner);
    else {
      const start = load<u32>(scanner + SCAN_MODEL_OFFSET);
      store<u32>(scanner + SCAN_MODEL_RAW, <u32>(here - origin) + 1 - start);
    }
  }
  return load<u32>(scanner + SCAN_AFTER_TEXT);
}

/** A byte of a string, not part of an escape. */
function text(scanner: usize, byte: u32): u32 {
  const need = load<u32>(scanner + SCAN_UTF8_NEED);
  if (need == 0) {
    if (byte == QUOTE) return endText(scanner);
    if (byte == BACKSLASH) return STATE_ESCAPE;
    if (byte < 0x20) return MALFORMED;
    if (byte >= 0x80 && !startSequence(scanner, byte)) return MALFORMED;
  } else {
    if (byte < load<u32>(scanner + SCAN_UTF8_LOW) || byte > load<u32>(scanner + SCAN_UTF8_HIGH)) {
      return MALFORMED;
    }
    expectContinuation(scanner, need - 1, 0x80, 0xbf);
  }
  if (load<u32>(scanner + SCAN_CAPTURE) != Capture.Nothing) {
    endSurrogate(scanner);
    captureByte(scanner, byte);
  }
  return STATE_TEXT;
}

function expectContinuation(scanner: usize, need: u32, low: u32, high: u32): void {
  store<u32>(scanner + SCAN_UTF8_NEED, need);
  store<u32>(scanner + SCAN_UTF8_LOW, low);
  store<u32>(scanner + SCAN_UTF8_HIGH, high);
}

/** First byte of a UTF-8 sequence: Unicode 15, table 3-7. */
function startSequence(scanner: usize, byte: u32): bool {
  if (byte < 0xc2 || byte > 0xf4) return false;
  if (byte < 0xe0) expectContinuation(scanner, 1, 0x80, 0xbf);
  else if (byte < 0xf0)
    expectContinuation(scanner, 2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
  else expectContinuation(scanner, 3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
  return true;
}

function escape(scanner: usize, byte: u32): u32 {
  let decoded = byte;
  switch (byte) {
    case 0x75:
      store<u32>(scanner + SCAN_ESCAPE, 0);
      return STATE_HEX1;
    case 0x62:
      decoded = 0x08;
      break;
    case 0x66:
      decoded = 0x0c;
      break;
    case 0x6e:
      decoded = 0x0a;
      break;
    case 0x72:
      decoded = 0x0d;
      break;
    case 0x74:
      decoded = 0x09;
      break;
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      break;
    default:
      return MALFORMED;
  }
  if (load<u32>(scanner + SCAN_CAPTURE) != Capture.Nothing) {
    endSurrogate(scanner);
    captureByte(scanner, decoded);
  }
  return STATE_TEXT;
}

function hex(scanner: usize, state: u32, byte: u32): u32 {
  let digit = byte - 0x30;
  if (digit > 9) {
    const letter = (byte | 0x20) - 0x61;
    if (letter > 5) return MALFORMED;
    digit = letter + 10;
  }
  const unit = (load<u32>(scanner + SCAN_ESCAPE) << 4) | digit;
  store<u32>(scanner + SCAN_ESCAPE, unit);
  if (state != STATE_HEX4) return state + 1;
  if (load<u32>(scanner + SCAN_CAPTURE) != Capture.Nothing) captureUnit(scanner, unit);
  return STATE_TEXT;
}

/** A byte of a number that counts, or the one after it. One with a fraction or an exponent is as large as can be. */
function count(scanner: usize, state: u32, byte: u32): void {
  const number = load<u32>(scanner + SCAN_NUMBER);
  if (isDigit(byte)) {
    const next = <u64>number * 10 + (byte - 0x30);
    store<u32>(scanner + SCAN_NUMBER, next > <u64>HUGE || state > STATE_INTEGER ? HUGE : <u32>next);
  } else if (byte == 0x2e || (byte | 0x20) == 0x65 || byte == 0x2b || byte == 0x2d) {
    store<u32>(scanner + SCAN_NUMBER, HUGE);
  } else {
    endNumber(scanner);
  }
}

/** A byte of a number, or the one after it, which then is looked at as a structural byte. */
function numeric(scanner: usize, state: u32, byte: u32): u32 {
  if (load<u32>(scanner + SCAN_NUMBER_FOR) != 0) count(scanner, state, byte);
  if (isDigit(byte)) {
    switch (state) {
      case STATE_MINUS:
        return byte == 0x30 ? STATE_ZERO : STATE_INTEGER;
      case STATE_ZERO:
        return MALFORMED;
      case STATE_INTEGER:
        return STATE_INTEGER;
      case STATE_POINT:
      case STATE_FRACTION:
        return STATE_FRACTION;
      default:
        return STATE_EXPONENT_DIGITS;
    }
  }
  const whole = state == STATE_ZERO || state == STATE_INTEGER;
  if (byte == 0x2e) return whole ? STATE_POINT : MALFORMED;
  if ((byte | 0x20) == 0x65) return whole || state == STATE_FRACTION ? STATE_EXPONENT : MALFORMED;
  if (byte == 0x2b || byte == 0x2d) return state == STATE_EXPONENT ? STATE_EXPONENT_SIGN : MALFORMED;
  if (!whole && state != STATE_FRACTION && state != STATE_EXPONENT_DIGITS) return MALFORMED;
  return structural(scanner, STATE_AFTER, byte);
}

function literal(scanner: usize, byte: u32): u32 {
  const rest = load<u32>(scanner + SCAN_LITERAL);
  if ((rest & 0xff) != byte) return MALFORMED;
  store<u32>(scanner + SCAN_LITERAL, rest >> 8);
  if (rest >> 8 != 0) return STATE_LITERAL;
  if (load<u32>(scanner + SCAN_LITERAL_FOR) != 0) endLiteral(scanner, <u32>(here - origin) + 1);
  return STATE_AFTER;
}

function isContinuation(at: usize): bool {
  return load<u8>(at) >> 6 == 2;
}

/** Goes over text that is kept by nobody, as far as it can be told to be sound at a glance. */
function skipText(at: usize, to: usize): usize {
  while (at + 8 <= to) {
    if (!hasSpecial(load<u64>(at))) {
      at += 8;
      continue;
    }
    const byte: u32 = load<u8>(at);
    if (byte < 0x80) {
      if (byte == QUOTE || byte == BACKSLASH || byte < 0x20) break;
      at++;
    } else if (byte - 0xe1 < 15 && byte != 0xed) {
      // Three bytes, but for the leads whose second byte is restricted.
      if (!isContinuation(at + 1) || !isContinuation(at + 2)) break;
      at += 3;
    } else if (byte - 0xc2 < 30) {
      if (!isContinuation(at + 1)) break;
      at += 2;
    } else {
      break;
    }
  }
  return at;
}

/** Takes the next bytes of the body. False once the body cannot be strict JSON with an object at the top any more. */
export function scanJson(scanner: usize, from: usize, to: usize): bool {
  let state = load<u32>(scanner + SCAN_STATE);
  let at = from;
  origin = from - load<u32>(scanner + SCAN_OFFSET);
  while (at < to && state != MALFORMED) {
    if (state == STATE_TEXT) {
      if (load<u32>(scanner + SCAN_UTF8_NEED) == 0) {
        const isKept = load<u32>(scanner + SCAN_CAPTURE) != Capture.Nothing;
        at = isKept ? capturePlain(scanner, at, to) : skipText(at, to);
        if (at == to) break;
      }
      here = at;
      state = text(scanner, load<u8>(at++));
      continue;
    }
    here = at;
    const byte: u32 = load<u8>(at++);
    if (state < STATE_TEXT) state = structural(scanner, state, byte);
    else if (state >= STATE_LITERAL) state = literal(scanner, byte);
    else if (state >= STATE_MINUS) state = numeric(scanner, state, byte);
    else if (state == STATE_ESCAPE) state = escape(scanner, byte);
    else state = hex(scanner, state, byte);
  }
  store<u32>(scanner + SCAN_STATE, state);
  return state != MALFORMED;
}

/** Whether the body is complete. */
export function jsonIsWhole(scanner: usize): bool {
  return load<u32>(scanner + SCAN_STATE) == STATE_END;
}

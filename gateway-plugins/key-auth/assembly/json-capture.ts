// What the scanner keeps of top-level keys and of the model: bytes after escapes are decoded.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, equalsIgnoringCase } from '../../policy/assembly/bytes';
import {
  Capture,
  KEY_MAX,
  MODEL_MAX,
  SCAN_CAPTURE,
  SCAN_FLAGS,
  SCAN_HIGH_SURROGATE,
  SCAN_KEY,
  SCAN_KEY_LENGTH,
  SCAN_MODEL,
  SCAN_MODEL_LENGTH,
  SCAN_MODEL_NEXT,
  SEEN_AMBIGUOUS,
  SEEN_BAD_MODEL,
  SEEN_MODEL,
} from './json-state';

const MODEL = ascii('model');
const MODELS = ascii('models');
const FALLBACK = ascii('fallback');
const FALLBACKS = ascii('fallbacks');

export function captureByte(scanner: usize, byte: u32): void {
  if (load<u32>(scanner + SCAN_CAPTURE) == Capture.Key) {
    const length = load<u32>(scanner + SCAN_KEY_LENGTH);
    if (length == KEY_MAX) return;
    store<u8>(scanner + SCAN_KEY + length, byte);
    store<u32>(scanner + SCAN_KEY_LENGTH, length + 1);
    return;
  }
  const length = load<u32>(scanner + SCAN_MODEL_LENGTH);
  if (length > MODEL_MAX) return;
  if (length < MODEL_MAX) store<u8>(scanner + SCAN_MODEL + length, byte);
  store<u32>(scanner + SCAN_MODEL_LENGTH, length + 1);
}

function captureCodePoint(scanner: usize, code: u32): void {
  if (code < 0x80) {
    captureByte(scanner, code);
    return;
  }
  if (code < 0x800) {
    captureByte(scanner, 0xc0 | (code >> 6));
  } else {
    if (code < 0x10000) {
      captureByte(scanner, 0xe0 | (code >> 12));
    } else {
      captureByte(scanner, 0xf0 | (code >> 18));
      captureByte(scanner, 0x80 | ((code >> 12) & 0x3f));
    }
    captureByte(scanner, 0x80 | ((code >> 6) & 0x3f));
  }
  captureByte(scanner, 0x80 | (code & 0x3f));
}

/** Half a surrogate pair is not text. U+FFFD stands in for it; a model that holds one is refused. */
function captureLoneSurrogate(scanner: usize): void {
  if (load<u32>(scanner + SCAN_CAPTURE) == Capture.Model) {
    store<u32>(scanner + SCAN_FLAGS, load<u32>(scanner + SCAN_FLAGS) | SEEN_BAD_MODEL);
  }
  captureCodePoint(scanner, 0xfffd);
}

/** Says that whatever follows is no `\uDC00`-like escape, so that a waiting first half stays alone. */
export function endSurrogate(scanner: usize): void {
  if (load<u32>(scanner + SCAN_HIGH_SURROGATE) == 0) return;
  store<u32>(scanner + SCAN_HIGH_SURROGATE, 0);
  captureLoneSurrogate(scanner);
}

/** Takes the UTF-16 code unit of a `\uXXXX` escape. */
export function captureUnit(scanner: usize, unit: u32): void {
  const high = load<u32>(scanner + SCAN_HIGH_SURROGATE);
  if (unit - 0xdc00 < 0x400 && high != 0) {
    store<u32>(scanner + SCAN_HIGH_SURROGATE, 0);
    captureCodePoint(scanner, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
    return;
  }
  endSurrogate(scanner);
  if (unit - 0xd800 < 0x400) store<u32>(scanner + SCAN_HIGH_SURROGATE, unit);
  else if (unit - 0xdc00 < 0x400) captureLoneSurrogate(scanner);
  else captureCodePoint(scanner, unit);
}

function keyIs(scanner: usize, name: usize): bool {
  const length = asciiLength(name);
  return (
    load<u32>(scanner + SCAN_KEY_LENGTH) == <u32>length &&
    equalsIgnoringCase(scanner + SCAN_KEY, name, length)
  );
}

/** A top-level key is complete. */
export function endKey(scanner: usize): void {
  const flags = load<u32>(scanner + SCAN_FLAGS);
  if (keyIs(scanner, MODEL)) {
    const exact = bytesEqual(scanner + SCAN_KEY, MODEL, asciiLength(MODEL));
    const repeated = !exact || (flags & SEEN_MODEL) != 0;
    store<u32>(scanner + SCAN_FLAGS, flags | SEEN_MODEL | (repeated ? SEEN_AMBIGUOUS : 0));
    store<u32>(scanner + SCAN_MODEL_NEXT, 1);
  } else if (keyIs(scanner, MODELS) || keyIs(scanner, FALLBACK) || keyIs(scanner, FALLBACKS)) {
    store<u32>(scanner + SCAN_FLAGS, flags | SEEN_AMBIGUOUS);
  }
}

// What the scanner keeps of keys, of the model and of other values: bytes after escapes are decoded.

import {
  Capture,
  KEY_MAX,
  SCAN_CAPTURE,
  SCAN_HIGH_SURROGATE,
  SCAN_KEY,
  SCAN_KEY_LENGTH,
  SCAN_VALUE,
  SCAN_VALUE_LENGTH,
  VALUE_MAX,
} from './json-state';
import { flag, MODEL_MAX, SCAN_MODEL, SCAN_MODEL_LENGTH, SEEN_BAD_MODEL } from './scan-state';

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

export function captureByte(scanner: usize, byte: u32): void {
  if (load<u32>(scanner + SCAN_CAPTURE) == Capture.Key) {
    const length = load<u32>(scanner + SCAN_KEY_LENGTH);
    if (length == KEY_MAX) return;
    store<u8>(scanner + SCAN_KEY + length, byte);
    store<u32>(scanner + SCAN_KEY_LENGTH, length + 1);
    return;
  }
  if (load<u32>(scanner + SCAN_CAPTURE) == Capture.Value) {
    const length = load<u32>(scanner + SCAN_VALUE_LENGTH);
    if (length > VALUE_MAX) return;
    if (length < VALUE_MAX) store<u8>(scanner + SCAN_VALUE + length, byte);
    store<u32>(scanner + SCAN_VALUE_LENGTH, length + 1);
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
  if (load<u32>(scanner + SCAN_CAPTURE) == Capture.Model) flag(scanner, SEEN_BAD_MODEL);
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

/** Keeps a run of plain characters of a string that is captured; gives where it ends. */
export function capturePlain(scanner: usize, at: usize, to: usize): usize {
  if (load<u32>(scanner + SCAN_HIGH_SURROGATE) != 0) return at;
  let text = scanner + SCAN_KEY;
  let length = scanner + SCAN_KEY_LENGTH;
  let most = KEY_MAX;
  // Of a key nothing is said about how much longer it was.
  let end = KEY_MAX;
  const capture = load<u32>(scanner + SCAN_CAPTURE);
  if (capture == Capture.Value) {
    text = scanner + SCAN_VALUE;
    length = scanner + SCAN_VALUE_LENGTH;
    most = VALUE_MAX;
    end = VALUE_MAX + 1;
  } else if (capture == Capture.Model) {
    text = scanner + SCAN_MODEL;
    length = scanner + SCAN_MODEL_LENGTH;
    most = MODEL_MAX;
    end = MODEL_MAX + 1;
  }
  let used = load<u32>(length);
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (byte - 0x20 > 0x5f || byte == QUOTE || byte == BACKSLASH) break;
    if (used < most) store<u8>(text + used, byte);
    if (used < end) used++;
  }
  store<u32>(length, used);
  return at;
}

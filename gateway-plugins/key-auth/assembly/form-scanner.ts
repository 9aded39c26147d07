// Finds the `model` field of a multipart/form-data body (RFC 7578, RFC 2046 section 5.1) while checking that the body can
// be taken apart in one way only: no preamble or epilogue, lines that end in CR LF, and the boundary nowhere but where it
// delimits. One byte at a time, resumable anywhere.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, equalsIgnoringCase } from '../../policy/assembly/bytes';
import {
  Field,
  FORM_BEFORE,
  FORM_BORDERS,
  FORM_CONTENT,
  FORM_CONTENT_LENGTH,
  FORM_CONTENT_OFFSET,
  FORM_FIELD,
  FORM_LINE,
  FORM_LINE_LENGTH,
  FORM_MATCHED,
  FORM_PART,
  FORM_PATTERN,
  FORM_PATTERN_LENGTH,
  FORM_PROPER,
  FORM_VALUE,
  FORM_VALUE_BYTES,
  LINE_MAX,
  NO_LENGTH,
  PART_DISPOSITION,
  PART_FILE,
  PART_TYPED,
  PATTERN_MAX,
  STATE_CLOSED,
  STATE_CLOSED_CR,
  STATE_CONTENT,
  STATE_DELIMITED,
  STATE_DELIMITED_CR,
  STATE_DELIMITED_DASH,
  STATE_DONE,
  STATE_LINE,
  STATE_LINE_CR,
  STATE_OPENING,
} from './form-state';
import { endHeaderLine } from './form-headers';
import {
  flag,
  MODEL_MAX,
  SCAN_FLAGS,
  SCAN_MODEL,
  SCAN_MODEL_LENGTH,
  SCAN_MODEL_OFFSET,
  SCAN_MODEL_RAW,
  SCAN_OFFSET,
  SCAN_REST,
  SCAN_STATE,
  SEEN_AMBIGUOUS,
  SEEN_BAD_MODEL,
  SEEN_PATH_MODEL,
  SEEN_STREAM,
} from './scan-state';
import { isUtf8 } from './text';

/** No state: the body is refused whatever follows. */
const MALFORMED: u32 = 0xffffffff;
const CR: u32 = 0x0d;
const LF: u32 = 0x0a;
const TAB: u32 = 0x09;
const DASH: u32 = 0x2d;
const SPACE: u32 = 0x20;
const DASHES: u64 = 0x2d2d2d2d2d2d2d2d;
const CR_LF: u32 = 0x0a0d;
const TRUE = ascii('true');
const ONE: u32 = 0x31;

/** Makes a scanner's memory ready for a body with this boundary, 1 to 70 bytes long. */
export function startForm(scanner: usize, boundary: usize, length: usize): void {
  memory.fill(scanner + SCAN_REST, 0, FORM_PATTERN - SCAN_REST);
  const pattern = scanner + FORM_PATTERN;
  const size = <u32>min<usize>(length + 2, PATTERN_MAX);
  store<u16>(pattern, 0x2d2d);
  memory.copy(pattern + 2, boundary, size - 2);
  store<u32>(scanner + FORM_PATTERN_LENGTH, size);
  const borders = scanner + FORM_BORDERS;
  store<u8>(borders, 0);
  let border: u32 = 0;
  for (let i: u32 = 1; i < size; i++) {
    const byte = load<u8>(pattern + i);
    while (border > 0 && load<u8>(pattern + border) != byte) border = load<u8>(borders + border - 1);
    if (load<u8>(pattern + border) == byte) border++;
    store<u8>(borders + i, border);
  }
}

function startPart(scanner: usize): u32 {
  store<u32>(scanner + FORM_PART, 0);
  store<u32>(scanner + FORM_FIELD, Field.Other);
  store<u32>(scanner + FORM_CONTENT_LENGTH, NO_LENGTH);
  store<u32>(scanner + FORM_LINE_LENGTH, 0);
  return STATE_LINE;
}

function headerByte(scanner: usize, byte: u32): u32 {
  const length = load<u32>(scanner + FORM_LINE_LENGTH);
  if (byte == CR) return STATE_LINE_CR;
  // A line that starts with a blank would continue the one before.
  if (byte == 0x7f || length == LINE_MAX || (length == 0 && byte == SPACE)) return MALFORMED;
  if (byte < SPACE && (byte != TAB || length == 0)) return MALFORMED;
  store<u8>(scanner + FORM_LINE + length, byte);
  store<u32>(scanner + FORM_LINE_LENGTH, length + 1);
  return STATE_LINE;
}

function endLine(scanner: usize, offset: u32): u32 {
  if (load<u32>(scanner + FORM_LINE_LENGTH) != 0) {
    if (!endHeaderLine(scanner)) return MALFORMED;
    store<u32>(scanner + FORM_LINE_LENGTH, 0);
    return STATE_LINE;
  }
  const part = load<u32>(scanner + FORM_PART);
  if ((part & PART_DISPOSITION) == 0) return MALFORMED;
  // A model in a file, or in another charset, is no model for some reader.
  const isModel = load<u32>(scanner + FORM_FIELD) == Field.Model;
  if (isModel && (part & (PART_FILE | PART_TYPED)) != 0) flag(scanner, SEEN_AMBIGUOUS);
  store<u32>(scanner + FORM_CONTENT, 0);
  store<u32>(scanner + FORM_CONTENT_OFFSET, offset);
  store<u32>(scanner + FORM_MATCHED, 0);
  store<u32>(scanner + FORM_BEFORE, 0);
  store<u64>(scanner + FORM_VALUE, 0);
  return STATE_CONTENT;
}

/** A byte of a part's content, of the line end before a delimiter, or of the delimiter. */
function contentByte(scanner: usize, byte: u32): u32 {
  const field = load<u32>(scanner + FORM_FIELD);
  const count = load<u32>(scanner + FORM_CONTENT);
  if (field != Field.Other) keepByte(scanner, field, count, byte);
  store<u32>(scanner + FORM_CONTENT, count + 1);
  const before = load<u32>(scanner + FORM_BEFORE);
  store<u32>(scanner + FORM_BEFORE, (before >> 8) | (byte << 8));
  const matched = match(scanner, byte, before);
  store<u32>(scanner + FORM_MATCHED, matched);
  if (matched != load<u32>(scanner + FORM_PATTERN_LENGTH)) return STATE_CONTENT;
  // Some reader would take a boundary for a delimiter that does not stand at the start of a line.
  if (load<u32>(scanner + FORM_PROPER) == 0 || !endPart(scanner, count + 1 - 2 - matched)) return MALFORMED;
  return STATE_DELIMITED;
}

/** How much of the pattern the content ends with, now that `byte` came after the two bytes `before`. */
function match(scanner: usize, byte: u32, before: u32): u32 {
  const pattern = scanner + FORM_PATTERN;
  let matched = load<u32>(scanner + FORM_MATCHED);
  while (matched > 0 && load<u8>(pattern + matched) != byte) {
    matched = load<u8>(scanner + FORM_BORDERS + matched - 1);
    store<u32>(scanner + FORM_PROPER, 0);
  }
  if (load<u8>(pattern + matched) != byte) return 0;
  if (matched == 0) store<u32>(scanner + FORM_PROPER, before == CR_LF ? 1 : 0);
  return matched + 1;
}

function keepByte(scanner: usize, field: Field, index: u32, byte: u32): void {
  if (field == Field.Stream) {
    if (index < FORM_VALUE_BYTES) store<u8>(scanner + FORM_VALUE + index, byte);
  } else if (index < MODEL_MAX && (load<u32>(scanner + SCAN_FLAGS) & SEEN_PATH_MODEL) == 0) {
    store<u8>(scanner + SCAN_MODEL + index, byte);
  } else if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_PATH_MODEL) != 0) {
    // The header lines are done with: their room holds the name that is compared with the path's.
    if (index < MODEL_MAX) store<u8>(scanner + FORM_LINE + index, byte);
  }
}

/** A part's content is complete. False when it is not as long as its header says. */
function endPart(scanner: usize, length: u32): bool {
  const said = load<u32>(scanner + FORM_CONTENT_LENGTH);
  if (said != NO_LENGTH && said != length) return false;
  switch (load<u32>(scanner + FORM_FIELD)) {
    case Field.Model:
      endModel(scanner, length);
      break;
    case Field.Stream: {
      const value = scanner + FORM_VALUE;
      const isTrue = length == 4 && equalsIgnoringCase(value, TRUE, asciiLength(TRUE));
      if (isTrue || (length == 1 && load<u8>(value) == ONE)) flag(scanner, SEEN_STREAM);
      break;
    }
    default:
  }
  return true;
}

function endModel(scanner: usize, length: u32): void {
  if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_PATH_MODEL) != 0) {
    const isSame =
      length == load<u32>(scanner + SCAN_MODEL_LENGTH) &&
      bytesEqual(scanner + FORM_LINE, scanner + SCAN_MODEL, length);
    if (!isSame) flag(scanner, SEEN_AMBIGUOUS);
    return;
  }
  const model = scanner + SCAN_MODEL;
  store<u32>(scanner + SCAN_MODEL_LENGTH, min(length, MODEL_MAX + 1));
  store<u32>(scanner + SCAN_MODEL_OFFSET, load<u32>(scanner + FORM_CONTENT_OFFSET));
  store<u32>(scanner + SCAN_MODEL_RAW, length);
  if (length == 0 || length > MODEL_MAX) return;
  // Readers trim the values of forms.
  const isTrimmed = load<u8>(model) != SPACE && load<u8>(model + length - 1) != SPACE;
  if (!isTrimmed || !isUtf8(model, length)) flag(scanner, SEEN_BAD_MODEL);
}

/** Goes over content that is kept by nobody and has no dash. */
function skipContent(scanner: usize, at: usize, to: usize): usize {
  const from = at;
  while (at + 8 <= to) {
    const dashes = load<u64>(at) ^ DASHES;
    if (((dashes - 0x0101010101010101) & ~dashes & 0x8080808080808080) != 0) break;
    at += 8;
  }
  if (at > from) {
    store<u32>(scanner + FORM_CONTENT, load<u32>(scanner + FORM_CONTENT) + <u32>(at - from));
    store<u32>(scanner + FORM_BEFORE, load<u16>(at - 2));
  }
  return at;
}

function opening(scanner: usize, byte: u32): u32 {
  const matched = load<u32>(scanner + FORM_MATCHED);
  if (load<u8>(scanner + FORM_PATTERN + matched) != byte) return MALFORMED;
  store<u32>(scanner + FORM_MATCHED, matched + 1);
  return matched + 1 == load<u32>(scanner + FORM_PATTERN_LENGTH) ? STATE_DELIMITED : STATE_OPENING;
}

function step(scanner: usize, state: u32, byte: u32, offset: u32): u32 {
  switch (state) {
    case STATE_CONTENT:
      return contentByte(scanner, byte);
    case STATE_LINE:
      return headerByte(scanner, byte);
    case STATE_LINE_CR:
      return byte == LF ? endLine(scanner, offset + 1) : MALFORMED;
    case STATE_OPENING:
      return opening(scanner, byte);
    case STATE_DELIMITED:
      return byte == CR ? STATE_DELIMITED_CR : byte == DASH ? STATE_DELIMITED_DASH : MALFORMED;
    case STATE_DELIMITED_CR:
      return byte == LF ? startPart(scanner) : MALFORMED;
    case STATE_DELIMITED_DASH:
      return byte == DASH ? STATE_CLOSED : MALFORMED;
    case STATE_CLOSED:
      return byte == CR ? STATE_CLOSED_CR : MALFORMED;
    case STATE_CLOSED_CR:
      return byte == LF ? STATE_DONE : MALFORMED;
    default:
      return MALFORMED;
  }
}

/** Takes the next bytes of the body. False once it is refused whatever follows. */
export function scanForm(scanner: usize, from: usize, to: usize): bool {
  let state = load<u32>(scanner + SCAN_STATE);
  const origin = from - load<u32>(scanner + SCAN_OFFSET);
  let at = from;
  while (at < to && state != MALFORMED) {
    if (
      state == STATE_CONTENT &&
      load<u32>(scanner + FORM_MATCHED) == 0 &&
      load<u32>(scanner + FORM_FIELD) == Field.Other
    ) {
      at = skipContent(scanner, at, to);
      if (at == to) break;
    }
    state = step(scanner, state, load<u8>(at), <u32>(at - origin));
    at++;
  }
  store<u32>(scanner + SCAN_STATE, state);
  return state != MALFORMED;
}

/** Whether the body is complete: the line end after the last delimiter may be left out. */
export function formIsWhole(scanner: usize): bool {
  const state = load<u32>(scanner + SCAN_STATE);
  return state == STATE_CLOSED || state == STATE_DONE;
}

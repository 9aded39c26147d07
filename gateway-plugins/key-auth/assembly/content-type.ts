import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { equalsIgnoringCase, findByte } from '../../policy/assembly/bytes';

const JSON_TYPE = ascii('application/json');
const CHARSET = ascii('charset');
const UTF_8 = ascii('utf-8');
const QUOTED_UTF_8 = ascii('"utf-8"');
const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;

function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == 0x09;
}

/** Whether the text between two addresses is the word in any case, blanks around it aside. */
function isWord(from: usize, to: usize, word: usize): bool {
  while (from < to && isBlank(load<u8>(from))) from++;
  while (to > from && isBlank(load<u8>(to - 1))) to--;
  return to - from == asciiLength(word) && equalsIgnoringCase(from, word, to - from);
}

/** Whether a content type is `application/json`, with any parameters of which `charset` must be `utf-8`. */
export function isJsonType(value: usize, length: usize): bool {
  const end = value + length;
  let at = findByte(value, end, SEMICOLON);
  if (!isWord(value, at, JSON_TYPE)) return false;
  while (at < end) {
    const from = at + 1;
    at = findByte(from, end, SEMICOLON);
    const equals = findByte(from, at, EQUALS);
    if (!isWord(from, equals, CHARSET)) continue;
    if (equals == at) return false;
    if (!isWord(equals + 1, at, UTF_8) && !isWord(equals + 1, at, QUOTED_UTF_8)) return false;
  }
  return true;
}

const FORM_TYPE = ascii('multipart/form-data');
const BOUNDARY = ascii('boundary');
const QUOTE: u32 = 0x22;
const BOUNDARY_MAX: usize = 70;

/** The boundary that isFormType() found. */
export let boundary: usize = 0;
export let boundaryLength: usize = 0;

/** What RFC 2046 lets a boundary consist of; a blank only where it would have to be quoted. */
function isBoundaryByte(byte: u32, isQuoted: bool): bool {
  if (byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26) return true;
  switch (byte) {
    case 0x27:
    case 0x2b:
    case 0x2d:
    case 0x2e:
    case 0x5f:
      return true;
    case 0x28:
    case 0x29:
    case 0x2c:
    case 0x2f:
    case 0x3a:
    case 0x3d:
    case 0x3f:
      return isQuoted;
    default:
      return false;
  }
}

function takeBoundary(from: usize, to: usize): bool {
  const isQuoted = to - from >= 2 && load<u8>(from) == QUOTE && load<u8>(to - 1) == QUOTE;
  if (isQuoted) {
    from++;
    to--;
  }
  if (boundary != 0 || from >= to || to - from > BOUNDARY_MAX) return false;
  for (let at = from; at < to; at++) if (!isBoundaryByte(load<u8>(at), isQuoted)) return false;
  boundary = from;
  boundaryLength = to - from;
  return true;
}

/**
 * Whether a content type is `multipart/form-data` with one boundary and nothing else but a `charset` of UTF-8: what two
 * readers could take apart differently is none.
 */
export function isFormType(value: usize, length: usize): bool {
  boundary = 0;
  const end = value + length;
  let at = findByte(value, end, SEMICOLON);
  if (!isWord(value, at, FORM_TYPE)) return false;
  while (at < end) {
    let from = at + 1;
    while (from < end && isBlank(load<u8>(from))) from++;
    at = findByte(from, end, SEMICOLON);
    let to = at;
    while (to > from && isBlank(load<u8>(to - 1))) to--;
    const equals = findByte(from, to, EQUALS);
    if (equals == to || equals == from || isBlank(load<u8>(equals - 1))) return false;
    if (isWord(from, equals, BOUNDARY)) {
      if (!takeBoundary(equals + 1, to)) return false;
    } else if (isWord(from, equals, CHARSET)) {
      if (!isWord(equals + 1, to, UTF_8) && !isWord(equals + 1, to, QUOTED_UTF_8)) return false;
    } else {
      return false;
    }
  }
  return boundary != 0;
}

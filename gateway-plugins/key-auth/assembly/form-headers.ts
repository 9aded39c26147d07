// Header lines of a part of a multipart/form-data body (RFC 7578). Whatever two readers could understand differently is
// refused: names in other than plain characters, escaped quotes, other encodings and charsets, parts within parts.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, equalsIgnoringCase, findByte } from '../../policy/assembly/bytes';
import {
  Field,
  FORM_CONTENT_LENGTH,
  FORM_FIELD,
  FORM_LINE,
  FORM_LINE_LENGTH,
  FORM_PART,
  NO_LENGTH,
  PART_DISPOSITION,
  PART_ENCODING,
  PART_FILE,
  PART_TYPE,
  PART_TYPED,
} from './form-state';
import { memberChoosesModel, nameIs, normalise } from './member-names';
import { flag, SCAN_FLAGS, SEEN_AMBIGUOUS, SEEN_MODEL } from './scan-state';

const DISPOSITION = ascii('content-disposition');
const TYPE = ascii('content-type');
const ENCODING = ascii('content-transfer-encoding');
const LENGTH = ascii('content-length');
const FORM_DATA = ascii('form-data');
const NAME = ascii('name');
const FILENAME = ascii('filename');
const EXTENDED_FILENAME = ascii('filename*');
const MODEL = ascii('model');
const STREAM = ascii('stream');
const EXTRA_BODY = ascii('extrabody');
const CHARSET_FIELD = ascii('_charset_');
const SEVEN_BIT = ascii('7bit');
const EIGHT_BIT = ascii('8bit');
const BINARY = ascii('binary');
const MULTIPART = ascii('multipart/');
const MESSAGE = ascii('message/');
const TEXT_PLAIN = ascii('text/plain');
const TEXT_PLAIN_UTF_8 = ascii('text/plain;charset=utf-8');

const COLON: u32 = 0x3a;
const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/** Longest name of a field. */
const FIELD_NAME_MAX: usize = 64;

function isBlank(byte: u32): bool {
  return byte == 0x20 || byte == 0x09;
}

/** Whether text is the word that `ascii` made, in any case. */
function isWord(text: usize, length: usize, word: usize): bool {
  return length == asciiLength(word) && equalsIgnoringCase(text, word, length);
}

function startsWithWord(text: usize, length: usize, word: usize): bool {
  return length >= asciiLength(word) && equalsIgnoringCase(text, word, asciiLength(word));
}

/** A character of a token: RFC 9110, section 5.6.2. */
function isToken(byte: u32): bool {
  if (byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 26) return true;
  switch (byte) {
    case 0x21:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x27:
    case 0x2a:
    case 0x2b:
    case 0x2d:
    case 0x2e:
    case 0x5e:
    case 0x5f:
    case 0x60:
    case 0x7c:
    case 0x7e:
      return true;
    default:
      return false;
  }
}

/** Takes the header line that is complete. False when the body is refused for it. */
export function endHeaderLine(scanner: usize): bool {
  const line = scanner + FORM_LINE;
  const end = line + load<u32>(scanner + FORM_LINE_LENGTH);
  const colon = findByte(line, end, COLON);
  if (colon == end || colon == line) return false;
  for (let at = line; at < colon; at++) if (!isToken(load<u8>(at))) return false;
  let value = colon + 1;
  let last = end;
  while (value < last && isBlank(load<u8>(value))) value++;
  while (last > value && isBlank(load<u8>(last - 1))) last--;
  const name = colon - line;
  const length = last - value;
  if (isWord(line, name, DISPOSITION)) return once(scanner, PART_DISPOSITION) && takeDisposition(scanner, value, last);
  if (isWord(line, name, TYPE)) return once(scanner, PART_TYPE) && takeType(scanner, value, length);
  if (isWord(line, name, ENCODING)) {
    // Any other encoding says that the content is not what it seems.
    return (
      once(scanner, PART_ENCODING) &&
      (isWord(value, length, BINARY) || isWord(value, length, EIGHT_BIT) || isWord(value, length, SEVEN_BIT))
    );
  }
  if (isWord(line, name, LENGTH)) return takeLength(scanner, value, last);
  return true;
}

function once(scanner: usize, header: u32): bool {
  const seen = load<u32>(scanner + FORM_PART);
  store<u32>(scanner + FORM_PART, seen | header);
  return (seen & header) == 0;
}

function takeLength(scanner: usize, value: usize, end: usize): bool {
  if (value == end || end - value > 9 || load<u32>(scanner + FORM_CONTENT_LENGTH) != NO_LENGTH) return false;
  let length: u32 = 0;
  for (; value < end; value++) {
    const digit = <u32>load<u8>(value) - 0x30;
    if (digit > 9) return false;
    length = length * 10 + digit;
  }
  store<u32>(scanner + FORM_CONTENT_LENGTH, length);
  return true;
}

const squeezed: usize = memory.data(32, 8);

function takeType(scanner: usize, value: usize, length: usize): bool {
  if (startsWithWord(value, length, MULTIPART) || startsWithWord(value, length, MESSAGE)) return false;
  let used: usize = 0;
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(value + i);
    if (isBlank(byte) || byte == QUOTE) continue;
    if (used == 32) break;
    store<u8>(squeezed + used++, byte);
  }
  if (!isWord(squeezed, used, TEXT_PLAIN) && !isWord(squeezed, used, TEXT_PLAIN_UTF_8)) {
    once(scanner, PART_TYPED);
  }
  return true;
}

/** `form-data; name="…"`, with `filename` and `filename*` at most once each, and nothing else. */
function takeDisposition(scanner: usize, at: usize, end: usize): bool {
  let type = findByte(at, end, SEMICOLON);
  let typeEnd = type;
  while (typeEnd > at && isBlank(load<u8>(typeEnd - 1))) typeEnd--;
  if (!isWord(at, typeEnd - at, FORM_DATA)) return false;
  at = type;
  let isNamed = false;
  let isFile = false;
  let isExtended = false;
  while (at < end) {
    at++;
    while (at < end && isBlank(load<u8>(at))) at++;
    const name = at;
    while (at < end && isToken(load<u8>(at))) at++;
    const nameLength = at - name;
    if (at == end || load<u8>(at) != EQUALS) return false;
    let value = ++at;
    let length: usize = 0;
    if (at < end && load<u8>(at) == QUOTE) {
      value++;
      at = findByte(value, end, QUOTE);
      // Whether an escaped quote ends the text depends on the reader.
      if (at == end || (at > value && load<u8>(at - 1) == BACKSLASH)) return false;
      length = at++ - value;
    } else {
      while (at < end && isToken(load<u8>(at))) at++;
      length = at - value;
      if (length == 0) return false;
    }
    while (at < end && isBlank(load<u8>(at))) at++;
    if (at < end && load<u8>(at) != SEMICOLON) return false;
    if (isWord(name, nameLength, NAME)) {
      if (isNamed || !takeName(scanner, value, length)) return false;
      isNamed = true;
    } else if (isWord(name, nameLength, FILENAME)) {
      if (isFile) return false;
      isFile = true;
    } else if (isWord(name, nameLength, EXTENDED_FILENAME)) {
      if (isExtended) return false;
      isExtended = true;
    } else {
      return false;
    }
  }
  if (isFile || isExtended) once(scanner, PART_FILE);
  return isNamed;
}

function isPlain(byte: u32): bool {
  return (
    byte - 0x30 < 10 ||
    (byte | 0x20) - 0x61 < 26 ||
    byte == 0x5f ||
    byte == 0x2d ||
    byte == 0x2e ||
    byte == 0x5b ||
    byte == 0x5d
  );
}

/** Learns which field the part is. */
function takeName(scanner: usize, name: usize, length: usize): bool {
  if (length == 0 || length > FIELD_NAME_MAX) return false;
  for (let i: usize = 0; i < length; i++) if (!isPlain(load<u8>(name + i))) return false;
  // It would say in which charset the other fields are.
  if (isWord(name, length, CHARSET_FIELD)) return false;
  if (length == asciiLength(MODEL) && bytesEqual(name, MODEL, length)) {
    if ((load<u32>(scanner + SCAN_FLAGS) & SEEN_MODEL) != 0) flag(scanner, SEEN_AMBIGUOUS);
    flag(scanner, SEEN_MODEL);
    store<u32>(scanner + FORM_FIELD, Field.Model);
    return true;
  }
  normalise(name, length);
  if (memberChoosesModel() || nameIs(EXTRA_BODY)) flag(scanner, SEEN_AMBIGUOUS);
  else if (nameIs(STREAM)) store<u32>(scanner + FORM_FIELD, Field.Stream);
  return true;
}

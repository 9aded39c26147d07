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

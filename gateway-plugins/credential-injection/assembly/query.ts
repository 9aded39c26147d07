// Putting a parameter into the query of a path.

import { findByte } from '../../policy/assembly/bytes';
import { outputStart, putByte, putBytes } from '../../policy/assembly/output';

const QUESTION: u32 = 0x3f;
const AMPERSAND: u32 = 0x26;
const EQUALS: u32 = 0x3d;
const PERCENT: u32 = 0x25;
const PLUS: u32 = 0x2b;

function hexDigit(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0xff;
}

/** Whether a parameter's name, as sent, means this name to whoever decodes it. */
function isNamed(sent: usize, sentEnd: usize, name: usize, nameLength: usize): bool {
  let at = sent;
  for (let i: usize = 0; i < nameLength; i++) {
    if (at >= sentEnd) return false;
    let byte: u32 = load<u8>(at++);
    if (byte == PLUS) byte = 0x20;
    if (byte == PERCENT && at + 2 <= sentEnd) {
      const high = hexDigit(load<u8>(at));
      const low = hexDigit(load<u8>(at + 1));
      if ((high | low) <= 0xf) {
        byte = (high << 4) | low;
        at += 2;
      }
    }
    if (byte != load<u8>(name + i)) return false;
  }
  return at == sentEnd;
}

/**
 * Writes the path to the output, with every parameter of this name taken out and `parameter` (already encoded) put in at
 * the end: whatever the client or an earlier attempt put there is gone.
 */
export function putWithParameter(
  path: usize,
  length: usize,
  name: usize,
  nameLength: usize,
  parameter: usize,
  parameterLength: usize,
): void {
  const end = path + length;
  const query = findByte(path, end, QUESTION);
  outputStart();
  putBytes(path, query - path);
  let separator = QUESTION;
  for (let at = query + 1; at < end;) {
    const stop = findByte(at, end, AMPERSAND);
    if (!isNamed(at, findByte(at, stop, EQUALS), name, nameLength)) {
      putByte(separator);
      putBytes(at, stop - at);
      separator = AMPERSAND;
    }
    at = stop + 1;
  }
  putByte(separator);
  putBytes(parameter, parameterLength);
}

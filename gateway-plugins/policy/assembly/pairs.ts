// Serialized header lists for the host: u32 count, count times (u32 name length, u32 value length), then each name and
// value followed by a zero byte.

import { asciiLength } from './ascii';
import { outputLength, putByte, putBytes } from './output';

const MOST: u32 = 8;
const listed: usize = memory.data(128, 8);
let count: u32 = 0;

export function pairsStart(): void {
  count = 0;
}

/** Takes references; the bytes are read by writePairs(). */
export function addPair(name: usize, nameLength: usize, value: usize, valueLength: usize): void {
  if (count == MOST) unreachable();
  const at = listed + count++ * 16;
  store<u32>(at, <u32>name);
  store<u32>(at + 4, <u32>nameLength);
  store<u32>(at + 8, <u32>value);
  store<u32>(at + 12, <u32>valueLength);
}

/** Takes what `ascii` made. */
export function addAsciiPair(name: usize, value: usize): void {
  addPair(name, asciiLength(name), value, asciiLength(value));
}

/** Appends the list to the output and returns where in the output it starts. */
export function writePairs(): usize {
  const start = outputLength();
  putWord(count);
  for (let i: u32 = 0; i < count; i++) {
    putWord(load<u32>(listed + i * 16 + 4));
    putWord(load<u32>(listed + i * 16 + 12));
  }
  for (let i: u32 = 0; i < count; i++) {
    const at = listed + i * 16;
    putBytes(load<u32>(at), load<u32>(at + 4));
    putByte(0);
    putBytes(load<u32>(at + 8), load<u32>(at + 12));
    putByte(0);
  }
  return start;
}

function putWord(word: u32): void {
  putByte(word & 0xff);
  putByte((word >> 8) & 0xff);
  putByte((word >> 16) & 0xff);
  putByte(word >> 24);
}

// Text put together for the host: one buffer that grows and is used again and again.

import { asciiLength } from './ascii';

let buffer: usize = 0;
let capacity: usize = 0;
let length: usize = 0;

/** Makes sure that the next `more` bytes do not move the buffer. */
export function reserve(more: usize): void {
  if (length + more <= capacity) return;
  const grown = max<usize>(max<usize>(capacity * 2, length + more), 1024);
  const next = heap.alloc(grown);
  if (buffer != 0) {
    memory.copy(next, buffer, length);
    heap.free(buffer);
  }
  buffer = next;
  capacity = grown;
}

export function outputStart(): void {
  length = 0;
}

export function outputPointer(): usize {
  return buffer;
}

export function outputLength(): usize {
  return length;
}

export function putByte(byte: u32): void {
  reserve(1);
  store<u8>(buffer + length++, byte);
}

export function putBytes(pointer: usize, size: usize): void {
  reserve(size);
  memory.copy(buffer + length, pointer, size);
  length += size;
}

/** Appends what `ascii` made. */
export function putAscii(pointer: usize): void {
  putBytes(pointer, asciiLength(pointer));
}

export function putNumber(value: u64): void {
  if (value > 9) putNumber(value / 10);
  putByte(0x30 + <u32>(value % 10));
}

export function putHex(value: u64): void {
  for (let shift: i32 = 60; shift >= 0; shift -= 4) {
    const digit = (<u32>(value >> shift)) & 15;
    putByte(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}

/** Appends well-formed UTF-8 as a JSON string, quotes included. */
export function putJson(text: usize, size: usize): void {
  putByte(0x22);
  for (let i: usize = 0; i < size; i++) {
    const byte: u32 = load<u8>(text + i);
    if (byte == 0x22 || byte == 0x5c) {
      putByte(0x5c);
      putByte(byte);
    } else if (byte < 0x20) {
      putByte(0x5c);
      putByte(0x75);
      putByte(0x30);
      putByte(0x30);
      putByte(0x30 + (byte >> 4));
      putByte((byte & 15) < 10 ? 0x30 + (byte & 15) : 0x57 + (byte & 15));
    } else {
      putByte(byte);
    }
  }
  putByte(0x22);
}

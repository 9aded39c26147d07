import { arenaAllocate } from './arena';

// A string handed to the host as UTF-8: pointer and length. Static, as no two live at the same time in one slot:
// every wrapper reads them straight after encoding, and encoding calls nothing that could come back here.
let encodedLength: usize = 0;

/** Encodes text as UTF-8 on the arena and returns the pointer; the length is in lastLength(). */
export function encodeText(text: string): usize {
  const capacity = <usize>text.length * 3;
  const pointer = arenaAllocate(capacity);
  if (pointer == 0) throw new Error('out of memory');
  encodedLength = String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, pointer);
  return pointer;
}

/** Bytes of the last encodeText(). */
export function lastLength(): usize {
  return encodedLength;
}

/**
 * Decodes UTF-8. Bytes that are not UTF-8 give some text without a failure: where a decision depends on exact bytes,
 * use the functions that return ArrayBuffer.
 */
export function decodeText(pointer: usize, length: usize): string {
  return length == 0 ? '' : String.UTF8.decodeUnsafe(pointer, length);
}

/** Copies bytes into a buffer of exactly that length. */
export function copyBytes(pointer: usize, length: usize): ArrayBuffer {
  const copy = new ArrayBuffer(<i32>length);
  memory.copy(changetype<usize>(copy), pointer, length);
  return copy;
}

/** True when `length` bytes at `pointer` are the UTF-8 encoding of `text`. */
export function bytesEqualText(pointer: usize, length: usize, text: string): bool {
  const expected = encodeText(text);
  return encodedLength == length && memory.compare(pointer, expected, length) == 0;
}

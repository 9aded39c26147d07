import { arenaAllocate } from './arena';
import { validPrefix } from './utf8';

// A string handed to the host as UTF-8: pointer and length. Static, as no two live at the same time in one slot:
// every wrapper reads them straight after encoding, and encoding calls nothing that could come back here.
let encodedLength: usize = 0;

/** Encodes text as UTF-8 on the arena and returns the pointer; the length is in lastLength(). */
export function encodeText(text: string): usize {
  const capacity = <usize>text.length * 3;
  const pointer = arenaAllocate(capacity);
  if (pointer == 0) throw new Error('out of memory');
  encodedLength = String.UTF8.encodeUnsafe(
    changetype<usize>(text),
    text.length,
    pointer,
    false,
    String.UTF8.ErrorMode.REPLACE,
  );
  return pointer;
}

/** Bytes of the last encodeText(). */
export function lastLength(): usize {
  return encodedLength;
}

/**
 * Decodes UTF-8. Each byte that is not part of well-formed UTF-8 becomes U+FFFD, so no byte can hide another: AssemblyScript's
 * own decoder would take bytes that follow for parts of a character.
 */
export function decodeText(pointer: usize, length: usize): string {
  if (length == 0) return '';
  let valid = validPrefix(pointer, length);
  if (valid == length) return String.UTF8.decodeUnsafe(pointer, length);
  let text = '';
  let at = pointer;
  const end = pointer + length;
  while (at < end) {
    if (valid > 0) text += String.UTF8.decodeUnsafe(at, valid);
    at += valid;
    if (at < end) {
      text += '\ufffd';
      at++;
    }
    valid = validPrefix(at, end - at);
  }
  return text;
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

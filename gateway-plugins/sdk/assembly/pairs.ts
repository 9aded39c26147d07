import { arenaAllocate } from './arena';
import { copyBytes, decodeText } from './text';

/** One field of a header map, as bytes. */
export class HeaderPair {
  constructor(
    public key: ArrayBuffer,
    public value: ArrayBuffer,
  ) {}

  /** Makes a field from text. */
  static of(key: string, value: string): HeaderPair {
    return new HeaderPair(String.UTF8.encode(key), String.UTF8.encode(value));
  }

  /** The name as text. */
  get name(): string {
    return decodeText(changetype<usize>(this.key), this.key.byteLength);
  }

  /** The value as text. */
  get text(): string {
    return decodeText(changetype<usize>(this.value), this.value.byteLength);
  }
}

/** Fields in their order; a name may occur several times. */
export type Headers = Array<HeaderPair>;

let serializedLength: usize = 0;

/**
 * Writes fields in the form of the ABI on the arena and returns the pointer; the length is in pairsLength(). An empty
 * list has length 0. Spec: #serialization
 */
export function writePairs(pairs: Headers): usize {
  const count = pairs.length;
  if (count == 0) {
    serializedLength = 0;
    return 0;
  }
  let size: usize = 4;
  for (let i = 0; i < count; i++) {
    const pair = pairs[i];
    size += <usize>pair.key.byteLength + <usize>pair.value.byteLength + 10;
  }
  const start = arenaAllocate(size);
  if (start == 0) throw new Error('out of memory');
  store<u32>(start, count);
  let lengths = start + 4;
  let bytes = lengths + ((<usize>count) << 3);
  for (let i = 0; i < count; i++) {
    const pair = pairs[i];
    const key = pair.key;
    const value = pair.value;
    store<u32>(lengths, key.byteLength);
    store<u32>(lengths, value.byteLength, 4);
    lengths += 8;
    memory.copy(bytes, changetype<usize>(key), key.byteLength);
    bytes += key.byteLength;
    store<u8>(bytes++, 0);
    memory.copy(bytes, changetype<usize>(value), value.byteLength);
    bytes += value.byteLength;
    store<u8>(bytes++, 0);
  }
  serializedLength = size;
  return start;
}

/** Bytes of the last writePairs(). */
export function pairsLength(): usize {
  return serializedLength;
}

/**
 * Walks over serialized fields in place. A malformed map ends the walk and makes `valid` false; nothing outside of the
 * given bytes is read.
 */
export class PairsReader {
  private lengths: usize;
  private bytes: usize;
  private end: usize;
  private left: u32;
  /** False when the bytes are not a well-formed map. */
  valid: bool = true;
  /** Number of fields. */
  count: u32 = 0;
  keyPointer: usize = 0;
  keyLength: usize = 0;
  valuePointer: usize = 0;
  valueLength: usize = 0;

  constructor(pointer: usize, length: usize) {
    this.lengths = pointer + 4;
    this.bytes = pointer;
    this.end = pointer + length;
    this.left = 0;
    // No bytes, or one zero byte, is an empty map.
    if (length >= 4) {
      const count = load<u32>(pointer);
      this.valid = <u64>count * 10 + 4 <= <u64>length;
      if (this.valid) {
        this.count = count;
        this.left = count;
        this.bytes = pointer + 4 + ((<usize>count) << 3);
      }
    }
  }

  /** Moves to the next field; false after the last. */
  next(): bool {
    if (this.left == 0) return false;
    this.left--;
    const keyLength = load<u32>(this.lengths);
    const valueLength = load<u32>(this.lengths, 4);
    this.lengths += 8;
    if (<u64>this.bytes + keyLength + valueLength + 2 > <u64>this.end) {
      this.valid = false;
      this.left = 0;
      return false;
    }
    this.keyPointer = this.bytes;
    this.keyLength = keyLength;
    this.valuePointer = this.bytes + keyLength + 1;
    this.valueLength = valueLength;
    this.bytes = this.valuePointer + valueLength + 1;
    return true;
  }

  /** Copies the current field. */
  pair(): HeaderPair {
    return new HeaderPair(
      copyBytes(this.keyPointer, this.keyLength),
      copyBytes(this.valuePointer, this.valueLength),
    );
  }

  /** The current name as text. */
  name(): string {
    return decodeText(this.keyPointer, this.keyLength);
  }

  /** The current value as text. */
  text(): string {
    return decodeText(this.valuePointer, this.valueLength);
  }
}

// Comparing and searching raw bytes. Pointers and lengths; nothing here allocates.

export function bytesEqual(a: usize, b: usize, length: usize): bool {
  while (length >= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
    length -= 8;
  }
  while (length > 0) {
    if (load<u8>(a) != load<u8>(b)) return false;
    a++;
    b++;
    length--;
  }
  return true;
}

/** Order of two byte strings: negative, 0 or positive; a prefix comes before what extends it. */
export function compareBytes(a: usize, aLength: usize, b: usize, bLength: usize): i32 {
  const shared = min(aLength, bLength);
  for (let i: usize = 0; i < shared; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (difference != 0) return difference;
  }
  return aLength < bLength ? -1 : aLength > bLength ? 1 : 0;
}

/** An ASCII upper case letter as lower case, anything else as it is. */
export function lowerCase(byte: u32): u32 {
  return byte - 0x41 < 26 ? byte | 0x20 : byte;
}

/** Whether `length` bytes at `pointer` equal the lower case bytes at `lower`, whatever their own ASCII case. */
export function equalsIgnoringCase(pointer: usize, lower: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (lowerCase(load<u8>(pointer + i)) != load<u8>(lower + i)) return false;
  }
  return true;
}

/** Where the byte first stands, or `end` when it does not. */
export function findByte(pointer: usize, end: usize, byte: u32): usize {
  while (pointer < end && load<u8>(pointer) != byte) pointer++;
  return pointer;
}

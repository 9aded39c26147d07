/** Bytes of the well-formed UTF-8 sequence at `at`, 0 when it is not one (RFC 3629, table of section 4). */
export function sequenceLength(at: usize, end: usize): usize {
  const first = load<u8>(at);
  if (first < 0x80) return 1;
  let low: u8 = 0x80;
  let high: u8 = 0xbf;
  let length: usize = 0;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  }
  if (length == 0 || at + length > end) return 0;
  const second = load<u8>(at, 1);
  if (second < low || second > high) return 0;
  for (let i: usize = 2; i < length; i++) {
    if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

/** Bytes at the start that are well-formed UTF-8; `length` when all are. */
export function validPrefix(pointer: usize, length: usize): usize {
  const end = pointer + length;
  let at = pointer;
  while (at < end) {
    // Eight ASCII bytes at once: nearly all headers are nothing else.
    if (at + 8 <= end && (load<u64>(at) & 0x8080808080808080) == 0) {
      at += 8;
      continue;
    }
    const step = sequenceLength(at, end);
    if (step == 0) break;
    at += step;
  }
  return at - pointer;
}

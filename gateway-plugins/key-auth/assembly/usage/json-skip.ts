// Going over bytes that mean nothing, eight at a time.

const ONES: u64 = 0x0101010101010101;
const HIGHS: u64 = 0x8080808080808080;
const QUOTES: u64 = 0x2222222222222222;
const BACKSLASHES: u64 = 0x5c5c5c5c5c5c5c5c;
const BRACKETS: u64 = 0x5b5b5b5b5b5b5b5b;
const CLOSE_BRACKETS: u64 = 0x5d5d5d5d5d5d5d5d;
const CASE_BITS: u64 = 0xdfdfdfdfdfdfdfdf;
const LINE_FEEDS: u64 = 0x0a0a0a0a0a0a0a0a;
const CARRIAGE_RETURNS: u64 = 0x0d0d0d0d0d0d0d0d;

/** Has its high bit set in the first byte of `word` that is 0, if any is. */
function zeros(word: u64): u64 {
  return (word - ONES) & ~word & HIGHS;
}

/** The first quote or backslash, or `to`. */
export function findTextEnd(at: usize, to: usize): usize {
  for (; at + 8 <= to; at += 8) {
    const word = load<u64>(at);
    const found = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == 0x22 || byte == 0x5c) return at;
  }
  return to;
}

/** The first quote, bracket or brace, or `to`. Bit 5 is all that braces differ in from brackets. */
export function findStructure(at: usize, to: usize): usize {
  for (; at + 8 <= to; at += 8) {
    const word = load<u64>(at);
    const folded = word & CASE_BITS;
    const found = zeros(word ^ QUOTES) | zeros(folded ^ BRACKETS) | zeros(folded ^ CLOSE_BRACKETS);
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == 0x22 || (byte & 0xdf) == 0x5b || (byte & 0xdf) == 0x5d) return at;
  }
  return to;
}

/** The first CR or LF, or `to`. */
export function findLineEnd(at: usize, to: usize): usize {
  for (; at + 8 <= to; at += 8) {
    const word = load<u64>(at);
    const found = zeros(word ^ LINE_FEEDS) | zeros(word ^ CARRIAGE_RETURNS);
    if (found != 0) return at + <usize>(ctz(found) >> 3);
  }
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == 0x0a || byte == 0x0d) return at;
  }
  return to;
}

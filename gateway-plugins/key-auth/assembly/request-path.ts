// A path that two readers could understand differently is refused before anything is decided on it.

/** Longest path that is looked at, in bytes, query not included. */
export const PATH_MAX_BYTES: usize = 8192;

const SLASH: u32 = 0x2f;
const DOT: u32 = 0x2e;
const PERCENT: u32 = 0x25;
const SEMICOLON: u32 = 0x3b;
const BACKSLASH: u32 = 0x5c;
const NO_BYTE: u32 = 0x100;

function hexDigit(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0xff;
}

/** The byte that two hex digits at `at` stand for, or NO_BYTE. */
function hexByte(at: usize, end: usize): u32 {
  if (at + 2 > end) return NO_BYTE;
  const high = hexDigit(load<u8>(at));
  const low = hexDigit(load<u8>(at + 1));
  return (high | low) > 0xf ? NO_BYTE : (high << 4) | low;
}

/** Whoever decodes one of these sees another path. */
function isStructural(byte: u32): bool {
  return byte == DOT || byte == SLASH || byte == BACKSLASH || byte == SEMICOLON;
}

function escapeIsSane(at: usize, end: usize): bool {
  const byte = hexByte(at + 1, end);
  if (byte == 0 || isStructural(byte)) return false;
  // `%25` and two hex digits: an escape for whoever decodes twice.
  return byte != PERCENT || !isStructural(hexByte(at + 3, end));
}

/** Whether the segment that ends at `end`, `length` bytes long, is `.` or `..`. */
function isDotSegment(end: usize, length: usize): bool {
  return (
    (length == 1 && load<u8>(end - 1) == DOT) ||
    (length == 2 && load<u8>(end - 1) == DOT && load<u8>(end - 2) == DOT)
  );
}

/** Whether a path (without its query) can be understood in one way only. */
export function pathIsSane(path: usize, length: usize): bool {
  if (length == 0 || length > PATH_MAX_BYTES || load<u8>(path) != SLASH) return false;
  const end = path + length;
  let segment = path + 1;
  for (let at = path + 1; at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte - 0x21 > 0x5d || byte == BACKSLASH || byte == SEMICOLON) return false;
    if (byte == SLASH) {
      if (at == segment || isDotSegment(at, at - segment)) return false;
      segment = at + 1;
    } else if (byte == PERCENT && !escapeIsSane(at, end)) {
      return false;
    }
  }
  return !isDotSegment(end, end - segment);
}

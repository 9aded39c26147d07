// A path that two readers could understand differently is refused before anything is decided on it.

/** Longest `:path` that is looked at, in bytes, query included. */
export const PATH_MAX_BYTES: usize = 8192;

const SLASH: u32 = 0x2f;
const DOT: u32 = 0x2e;
const PERCENT: u32 = 0x25;
const SEMICOLON: u32 = 0x3b;
const BACKSLASH: u32 = 0x5c;

function hexDigit(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = byte | 0x20;
  return letter - 0x61 < 6 ? letter - 0x61 + 10 : 0xff;
}

/** The byte that `%xx` at `at` stands for; above 0xff when it stands for none. */
function escapedByte(at: usize, end: usize): u32 {
  if (at + 2 >= end || load<u8>(at) != PERCENT) return 0x100;
  const high = hexDigit(load<u8>(at + 1));
  const low = hexDigit(load<u8>(at + 2));
  return (high | low) > 0xf ? 0x100 : (high << 4) | low;
}

function escapeIsSane(at: usize, end: usize): bool {
  const byte = escapedByte(at, end);
  if (byte == 0 || byte == SLASH || byte == BACKSLASH || byte == SEMICOLON) return false;
  if (byte == DOT) return escapedByte(at + 3, end) != DOT;
  if (byte != PERCENT || at + 4 >= end) return true;
  // `%25` and two hex digits: an escape for whoever decodes twice.
  const high = hexDigit(load<u8>(at + 3));
  const low = hexDigit(load<u8>(at + 4));
  if ((high | low) > 0xf) return true;
  const twice = (high << 4) | low;
  return twice != DOT && twice != SLASH && twice != BACKSLASH && twice != SEMICOLON;
}

/** Whether the segment that ends at `end`, `length` bytes long, is `.` or `..`. */
function isDotSegment(end: usize, length: usize): bool {
  return (
    (length == 1 && load<u8>(end - 1) == DOT) ||
    (length == 2 && load<u8>(end - 1) == DOT && load<u8>(end - 2) == DOT)
  );
}

/** Whether the part before `?` can be understood in one way only. */
export function pathIsSane(path: usize, length: usize): bool {
  if (length == 0 || load<u8>(path) != SLASH) return false;
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

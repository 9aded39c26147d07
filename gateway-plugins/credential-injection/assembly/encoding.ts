// Forms in which a secret is written into a request.

const HEX = memory.data<u8>([
  0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46,
]);

function base64Digit(value: u32): u32 {
  if (value < 26) return value + 0x41;
  if (value < 52) return value - 26 + 0x61;
  if (value < 62) return value - 52 + 0x30;
  return value == 62 ? 0x2b : 0x2f;
}

export function base64Length(length: usize): usize {
  return ((length + 2) / 3) << 2;
}

/** Base64 with padding (RFC 4648 section 4); returns where it ends. */
export function writeBase64(input: usize, length: usize, output: usize): usize {
  const end = input + length;
  for (let at = input; at < end; at += 3) {
    const left = end - at;
    const second: u32 = left > 1 ? load<u8>(at + 1) : 0;
    const third: u32 = left > 2 ? load<u8>(at + 2) : 0;
    const bits = ((<u32>load<u8>(at)) << 16) | (second << 8) | third;
    store<u8>(output, base64Digit(bits >> 18));
    store<u8>(output + 1, base64Digit((bits >> 12) & 63));
    store<u8>(output + 2, left > 1 ? base64Digit((bits >> 6) & 63) : 0x3d);
    store<u8>(output + 3, left > 2 ? base64Digit(bits & 63) : 0x3d);
    output += 4;
  }
  return output;
}

/** RFC 3986 section 2.3. */
function isUnreserved(byte: u32): bool {
  return (
    byte - 0x30 < 10 ||
    (byte | 0x20) - 0x61 < 26 ||
    byte == 0x2d ||
    byte == 0x2e ||
    byte == 0x5f ||
    byte == 0x7e
  );
}

/** Longest percent-encoded form of so many bytes. */
export function percentLength(length: usize): usize {
  return length * 3;
}

/** Percent-encodes all but unreserved characters; returns where it ends. */
export function writePercent(input: usize, length: usize, output: usize): usize {
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(input + i);
    if (isUnreserved(byte)) {
      store<u8>(output++, byte);
    } else {
      store<u8>(output, 0x25);
      store<u8>(output + 1, load<u8>(HEX + (byte >> 4)));
      store<u8>(output + 2, load<u8>(HEX + (byte & 15)));
      output += 3;
    }
  }
  return output;
}

/** Whether the text can be a header's value: no control characters but tab. */
export function isHeaderValue(text: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(text + i);
    if ((byte < 0x20 && byte != 0x09) || byte == 0x7f) return false;
  }
  return true;
}

/** Whether the text can be a header's name: lower case, no pseudo header. RFC 9110 section 5.6.2. */
export function isHeaderName(text: usize, length: usize): bool {
  if (length == 0) return false;
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(text + i);
    const isToken =
      byte - 0x61 < 26 ||
      byte - 0x30 < 10 ||
      byte == 0x21 ||
      (byte >= 0x23 && byte <= 0x27) ||
      byte == 0x2a ||
      byte == 0x2b ||
      byte == 0x2d ||
      byte == 0x2e ||
      (byte >= 0x5e && byte <= 0x60) ||
      byte == 0x7c ||
      byte == 0x7e;
    if (!isToken) return false;
  }
  return true;
}

/** Whether the text, when there is any, can begin a path: a slash, visible ASCII, no query, no fragment. */
export function isBasePath(text: usize, length: usize): bool {
  if (length == 0) return true;
  if (load<u8>(text) != 0x2f) return false;
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(text + i);
    if (byte - 0x21 > 0x7e - 0x21 || byte == 0x3f || byte == 0x23) return false;
  }
  return true;
}

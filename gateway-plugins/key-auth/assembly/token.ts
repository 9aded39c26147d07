// Syntax of consumer tokens: `hck_`, 43 base62 characters, 6 base62 characters of CRC-32 over the 47 before them.

/** Length of a token; short enough for its SHA-256 to take a single block. */
export const TOKEN_CHARS: usize = 53;
const BODY_CHARS: usize = 47;
/** `hck_` as a little-endian number. */
const PREFIX: u32 = 0x5f6b6368;
const NO_DIGIT: u8 = 0xff;

// CRC-32 (IEEE 802.3, reflected) of each byte, then the value of each base62 digit.
const crcTable: usize = memory.data(1024, 8);
const digitTable: usize = memory.data(256, 8);

function fillTables(): bool {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    store<u32>(crcTable + (byte << 2), crc);
    let digit: u32 = NO_DIGIT;
    if (byte - 0x30 < 10) digit = byte - 0x30;
    else if (byte - 0x41 < 26) digit = byte - 0x41 + 10;
    else if (byte - 0x61 < 26) digit = byte - 0x61 + 36;
    store<u8>(digitTable + byte, digit);
  }
  return true;
}
export const tokenTablesFilled: bool = fillTables();

/** Whether these bytes are exactly a token: prefix, length, alphabet and checksum. */
export function isToken(text: usize, length: usize): bool {
  if (length != TOKEN_CHARS || load<u32>(text) != PREFIX) return false;
  let crc: u32 = 0xffffffff;
  // No digit's value has its top bit set; NO_DIGIT has.
  let seen: u32 = 0;
  for (let i: usize = 0; i < BODY_CHARS; i++) {
    const byte: u32 = load<u8>(text + i);
    crc = (crc >> 8) ^ load<u32>(crcTable + (((crc ^ byte) & 0xff) << 2));
    if (i >= 4) seen |= load<u8>(digitTable + byte);
  }
  let check: u64 = 0;
  for (let i: usize = BODY_CHARS; i < TOKEN_CHARS; i++) {
    const digit: u32 = load<u8>(digitTable + load<u8>(text + i));
    seen |= digit;
    check = check * 62 + digit;
  }
  return seen < 0x80 && check == <u64>~crc;
}

/** Whether `hck_` stands anywhere in these bytes. */
export function containsTokenPrefix(text: usize, length: usize): bool {
  const end = text + length;
  // Looks at every fourth byte only, unless it may belong to the prefix.
  let at = text + 3;
  while (at < end) {
    switch (load<u8>(at)) {
      case 0x5f:
        if (load<u32>(at - 3) == PREFIX) return true;
        at += 4;
        break;
      case 0x6b:
        at += 1;
        break;
      case 0x63:
        at += 2;
        break;
      case 0x68:
        at += 3;
        break;
      default:
        at += 4;
    }
  }
  return false;
}

/** Whether text holds no control character: U+0000-U+001F, U+007F. */
export function isControlFree(text: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(text + i);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

/** Whether bytes are well-formed UTF-8: Unicode 15, table 3-7. */
export function isUtf8(text: usize, length: usize): bool {
  const end = text + length;
  while (text < end) {
    const lead: u32 = load<u8>(text++);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    let low: u32 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    let high: u32 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (let more: u32 = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3; more > 0; more--) {
      if (text == end) return false;
      const byte: u32 = load<u8>(text++);
      if (byte < low || byte > high) return false;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

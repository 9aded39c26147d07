/** Whether text holds no control character: U+0000-U+001F, U+007F. */
export function isControlFree(text: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    const byte = load<u8>(text + i);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

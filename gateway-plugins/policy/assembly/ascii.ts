// ASCII constants in linear memory, made once when the module starts, so that no request converts a string.

/** Copies an ASCII literal to memory that is never freed; `asciiLength` tells its length. */
export function ascii(text: string): usize {
  const length = text.length;
  const start = heap.alloc(4 + length) + 4;
  store<u32>(start - 4, length);
  for (let i = 0; i < length; i++) store<u8>(start + i, text.charCodeAt(i));
  return start;
}

/** Length of what `ascii` made. */
export function asciiLength(pointer: usize): usize {
  return load<u32>(pointer - 4);
}

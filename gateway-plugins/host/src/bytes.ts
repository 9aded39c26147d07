/** Text as the host holds it: one character per byte, as Node's http module does with header values. */
export type ByteString = string;

/** Body or value given by a test: text is UTF-8. */
export type BytesInit = string | Uint8Array;

const OUTSIDE_LATIN1 = /[^\u0000-\u00ff]/u;

export function toBytes(init: BytesInit): Uint8Array {
  return typeof init === 'string' ? Buffer.from(init, 'utf8') : init;
}

/** Keeps byte strings as they are; text with characters above U+00FF becomes its UTF-8 bytes. */
export function toByteString(init: BytesInit): ByteString {
  if (typeof init !== 'string')
    return Buffer.from(init.buffer, init.byteOffset, init.byteLength).toString('latin1');
  return OUTSIDE_LATIN1.test(init) ? Buffer.from(init, 'utf8').toString('latin1') : init;
}

export function byteStringToBytes(text: ByteString): Uint8Array {
  return Buffer.from(text, 'latin1');
}

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}

import type { ByteString } from './bytes.js';

/** Limits of proxy-wasm-cpp-host: beyond them a list of pairs counts as empty. */
const MAX_PAIRS_BYTES = 1024 * 1024;
const MAX_PAIRS_COUNT = 1024;

export type Pair = readonly [ByteString, ByteString];

/** The ABI's list of pairs: count, lengths, then each name and value with a final NUL. */
export function encodePairs(pairs: readonly Pair[]): Uint8Array {
  const size = pairs.reduce((sum, [name, value]) => sum + 10 + name.length + value.length, 4);
  const out = Buffer.alloc(size);
  out.writeUInt32LE(pairs.length, 0);
  let at = 4;
  for (const [name, value] of pairs) {
    out.writeUInt32LE(name.length, at);
    out.writeUInt32LE(value.length, at + 4);
    at += 8;
  }
  for (const [name, value] of pairs) {
    at += out.write(name, at, 'latin1') + 1;
    at += out.write(value, at, 'latin1') + 1;
  }
  return out;
}

/** Null when the bytes are not a list of pairs: Envoy then silently takes an empty list. */
export function decodePairs(bytes: Uint8Array): Pair[] | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 4 || buffer.length > MAX_PAIRS_BYTES) return null;
  const count = buffer.readUInt32LE(0);
  let at = 4 + count * 8;
  if (count > MAX_PAIRS_COUNT || at > buffer.length) return null;
  const pairs: Pair[] = [];
  const text = (length: number): ByteString | null => {
    const end = at + length;
    if (end + 1 > buffer.length || buffer[end] !== 0) return null;
    const value = buffer.toString('latin1', at, end);
    at = end + 1;
    return value;
  };
  for (let i = 0; i < count; i++) {
    const name = text(buffer.readUInt32LE(4 + i * 8));
    const value = name === null ? null : text(buffer.readUInt32LE(8 + i * 8));
    if (name === null || value === null) return null;
    pairs.push([name, value]);
  }
  return at === buffer.length ? pairs : null;
}

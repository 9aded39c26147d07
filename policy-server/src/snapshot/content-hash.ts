import { createHash, type Hash } from 'node:crypto';
import type { EnvoyMessage, EnvoyValue } from '../render/json.js';

const HASH_CHARS = 32;
const known = new WeakMap<EnvoyMessage, string>();

/** 128 bits of SHA-256 over the canonical form, in hexadecimal; the order of fields does not matter. */
export function contentHash(message: EnvoyMessage): string {
  const before = known.get(message);
  if (before !== undefined) return before;
  const hash = createHash('sha256');
  add(hash, message);
  const hex = hash.digest('hex').slice(0, HASH_CHARS);
  // Rendered messages are immutable and reused, so most are hashed once in their life.
  known.set(message, hex);
  return hex;
}

/** The hash of a list of hashes. */
export function combinedHash(hashes: readonly string[]): string {
  return createHash('sha256').update(hashes.join('\n')).digest('hex').slice(0, HASH_CHARS);
}

function add(hash: Hash, value: EnvoyValue): void {
  if (value instanceof Uint8Array) {
    hash.update(`b${value.length}:`).update(value);
  } else if (typeof value !== 'object') {
    hash.update(JSON.stringify(value));
  } else if (isList(value)) {
    hash.update(`[${value.length}:`);
    for (const item of value) add(hash, item);
  } else {
    const names = Object.keys(value).sort();
    hash.update(`{${names.length}:`);
    for (const name of names) {
      hash.update(JSON.stringify(name));
      add(hash, value[name] ?? '');
    }
  }
}

function isList(value: EnvoyMessage | readonly EnvoyValue[]): value is readonly EnvoyValue[] {
  return Array.isArray(value);
}

// The key that opens sealed credentials. It reaches the VM only through its environment, never over xDS.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { sha256 } from '../../policy/assembly/sha256';
import { environ_get, environ_sizes_get } from '../../sdk/assembly/wasi';

const VARIABLE = ascii('HICLAW_GATEWAY_KEY=');
const KEY_BYTES: usize = 32;
const MOST_BYTES: u32 = 1 << 20;

const key: usize = memory.data(32, 8);
const digest: usize = memory.data(32, 8);
const sizes: usize = memory.data(8, 8);
let isLoaded = false;

function hexDigit(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 0xff;
}

/** Exactly 64 hex digits and the zero byte that ends a variable. */
function takeKey(text: usize): bool {
  for (let i: usize = 0; i < KEY_BYTES; i++) {
    const high = hexDigit(load<u8>(text + (i << 1)));
    if (high > 0xf) return false;
    const low = hexDigit(load<u8>(text + (i << 1) + 1));
    if (low > 0xf) return false;
    store<u8>(key + i, (high << 4) | low);
  }
  return load<u8>(text + (KEY_BYTES << 1)) == 0;
}

function findKey(variables: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const text: usize = load<u32>(variables + (i << 2));
    const name = asciiLength(VARIABLE);
    if (!startsWith(text, VARIABLE, name)) continue;
    return takeKey(text + name) && sha256(key, KEY_BYTES, digest);
  }
  return false;
}

/** The text ends with a zero byte, and no prefix holds one, so the comparison ends within the text. */
function startsWith(text: usize, prefix: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(text + i) != load<u8>(prefix + i)) return false;
  }
  return true;
}

function readEnvironment(): bool {
  if (environ_sizes_get(sizes, sizes + 4) != 0) return false;
  const count = load<u32>(sizes);
  const bytes = load<u32>(sizes + 4);
  if (count > MOST_BYTES || bytes > MOST_BYTES) return false;
  const variables = heap.alloc((count << 2) + bytes + 1);
  const texts = variables + (count << 2);
  const found = environ_get(variables, texts) == 0 && findKey(variables, count);
  memory.fill(variables, 0, (count << 2) + bytes + 1);
  heap.free(variables);
  return found;
}

/** Address of the 32 byte key, or 0 when the environment holds none. */
export function sealingKey(): usize {
  if (!isLoaded) isLoaded = readEnvironment();
  return isLoaded ? key : 0;
}

/** First 4 bytes of the key's SHA-256 as a little-endian number; call after sealingKey(). */
export function sealingKeyId(): u32 {
  return load<u32>(digest);
}

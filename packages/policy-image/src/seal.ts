import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';

/** Bytes of the key that seals credentials on their way to the gateway. */
export const SEALING_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'chacha20-poly1305';

/** A secret that only the holder of the sealing key can read. */
export interface Sealed {
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** Ciphertext followed by the 16 byte tag. */
  readonly sealed: Uint8Array;
}

function requireKey(key: Uint8Array): void {
  if (key.length !== SEALING_KEY_BYTES) {
    throw new RangeError(`the sealing key has ${SEALING_KEY_BYTES} bytes, not ${key.length}`);
  }
}

/** First 4 bytes of SHA-256 of the key as a little-endian number: tells keys apart, reveals nothing of use. */
export function sealingKeyId(key: Uint8Array): number {
  requireKey(key);
  return createHash('sha256').update(key).digest().readUInt32LE(0);
}

/**
 * Seals a value with ChaCha20-Poly1305 (RFC 8439), bound to its id.
 *
 * The nonce is the first 12 bytes of HMAC-SHA256(key, "hiclaw nonce" 0x00 id 0x00 value): equal input gives equal
 * bytes, so an unchanged policy is an unchanged image, and different input never shares a nonce.
 *
 * @throws RangeError when the key has not 32 bytes.
 */
export function seal(key: Uint8Array, id: string, value: Uint8Array): Sealed {
  requireKey(key);
  const nonce = createHmac('sha256', key)
    .update(`hiclaw nonce\0${id}\0`, 'utf8')
    .update(value)
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(id, 'utf8'), { plaintextLength: value.length });
  const sealed = Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  return { nonce, sealed };
}

/** The value, or null when key, id, nonce and sealed bytes do not belong together. */
export function unseal(key: Uint8Array, id: string, { nonce, sealed }: Sealed): Uint8Array | null {
  requireKey(key);
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) return null;
  const length = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(id, 'utf8'), { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const value = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    return null;
  }
  return value;
}

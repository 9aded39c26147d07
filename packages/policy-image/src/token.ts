import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const BASE = 62;
const RANDOM_CHARS = 43;
const CHECK_CHARS = 6;

/** Every consumer token starts with it, so that secret scanners and the gateway recognise one anywhere. */
export const TOKEN_PREFIX = 'hck_';
/** Random bytes in a token. */
export const TOKEN_RANDOM_BYTES = 32;
/** Length of a token: short enough for its SHA-256 to take a single block. */
export const TOKEN_CHARS = TOKEN_PREFIX.length + RANDOM_CHARS + CHECK_CHARS;

const SHAPE = new RegExp(`^${TOKEN_PREFIX}[0-9A-Za-z]{${RANDOM_CHARS + CHECK_CHARS}}$`);

function checkChars(body: string): string {
  let rest = crc32(body);
  let text = '';
  while (text.length < CHECK_CHARS) {
    text = ALPHABET.charAt(rest % BASE) + text;
    rest = Math.floor(rest / BASE);
  }
  return text;
}

/**
 * The token that carries these random bytes: `hck_`, 43 base62 characters (the bytes as a big-endian number, padded
 * with `0` on the left) and 6 base62 characters of CRC-32 over all that stands before them.
 *
 * @param random exactly 32 bytes from a cryptographic random source.
 * @throws RangeError when there are more or fewer.
 */
export function formatToken(random: Uint8Array): string {
  if (random.length !== TOKEN_RANDOM_BYTES) {
    throw new RangeError(`a token carries ${TOKEN_RANDOM_BYTES} random bytes, not ${random.length}`);
  }
  let rest = BigInt(`0x${Buffer.from(random).toString('hex')}`);
  let text = '';
  while (text.length < RANDOM_CHARS) {
    text = ALPHABET.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  const body = TOKEN_PREFIX + text;
  return body + checkChars(body);
}

/** The text itself when it is exactly a token (prefix, length, alphabet and checksum), else null. */
export function parseToken(text: string): string | null {
  if (text.length !== TOKEN_CHARS || !SHAPE.test(text)) return null;
  const body = text.slice(0, TOKEN_CHARS - CHECK_CHARS);
  return checkChars(body) === text.slice(TOKEN_CHARS - CHECK_CHARS) ? text : null;
}

/** SHA-256 of the token's characters, 32 bytes: what is stored, and of which images hold the first 16. */
export function tokenDigest(token: string): Uint8Array {
  return createHash('sha256').update(token, 'latin1').digest();
}

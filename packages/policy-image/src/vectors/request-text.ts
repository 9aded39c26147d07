import { tokenFromSeed } from '../testing/token-from-seed.js';
import { fail, fieldsOf, numberOf, textOf } from './decode.js';

const PLACEHOLDER = /\$\{([a-z0-9-]+)(?::([a-z-]+))?\}/g;

/** What a placeholder may do to the token of its seed. */
const CHANGES = new Map<string, (token: string) => string>([
  ['bad-checksum', (token) => token.slice(0, -1) + (token.endsWith('0') ? '1' : '0')],
  ['short', (token) => token.slice(0, -1)],
  ['long', (token) => `${token}0`],
  ['upper', (token) => token.toUpperCase()],
  ['body', (token) => token.slice('hck_'.length)],
]);

/**
 * A text in which `${seed}` stands for that seed's token and `${seed:change}` for a damaged form of it; or
 * `{"repeat": text, "times": n}`; or `{"hex": "…"}` for bytes that are no text. One character is one byte.
 */
export function byteText(value: unknown, where: string): string {
  if (typeof value === 'string') return Buffer.from(withTokens(value, where), 'utf8').toString('latin1');
  const fields = fieldsOf(value, where, ['repeat', 'times', 'hex']);
  if (fields['hex'] !== undefined) return bytesOfHex(fields['hex'], `${where}.hex`).toString('latin1');
  const times = numberOf(fields['times'], `${where}.times`);
  return byteText(fields['repeat'], `${where}.repeat`).repeat(times);
}

export function withTokens(text: string, where: string): string {
  return text.replace(PLACEHOLDER, (_, seed: string, change: string | undefined) => {
    const token = tokenFromSeed(seed);
    if (change === undefined) return token;
    const apply = CHANGES.get(change);
    return apply === undefined ? fail(where, `knows no change "${change}"`) : apply(token);
  });
}

export function bytesOfHex(value: unknown, where: string): Buffer {
  const digits = textOf(value, where).replaceAll(' ', '');
  if (!/^([0-9a-f]{2})*$/.test(digits)) fail(where, 'is not hexadecimal');
  return Buffer.from(digits, 'hex');
}

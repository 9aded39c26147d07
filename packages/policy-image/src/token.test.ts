import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatToken, parseToken, tokenDigest } from './token.js';

describe('token', () => {
  it('looks like this for all zeros, all ones and counting bytes', () => {
    const tokens = [
      new Uint8Array(32),
      new Uint8Array(32).fill(255),
      Uint8Array.from({ length: 32 }, (_, i) => i),
    ];
    expect(tokens.map(formatToken)).toMatchInlineSnapshot(`
      [
        "hck_00000000000000000000000000000000000000000002x6pdM",
        "hck_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp10CFg1s",
        "hck_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf2ZJHhE",
      ]
    `);
  });

  it('is read back, and its digest is SHA-256 of its characters', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
        const token = formatToken(random);
        expect(token).toMatch(/^hck_[0-9A-Za-z]{49}$/);
        expect(parseToken(token)).toBe(token);
        expect(tokenDigest(token)).toEqual(createHash('sha256').update(token).digest());
      }),
    );
  });

  it('is refused with any one character changed', () => {
    const token = formatToken(Uint8Array.from({ length: 32 }, (_, i) => 200 - i));
    for (let at = 0; at < token.length; at++) {
      for (const replacement of ['0', 'z', '-', ' ', 'é', '']) {
        const changed = token.slice(0, at) + replacement + token.slice(at + 1);
        if (changed !== token) expect(parseToken(changed), changed).toBeNull();
      }
    }
  });

  it.each(['', 'hck_', 'sk-123', ' '.repeat(53)])('is not %j', (text) => {
    expect(parseToken(text)).toBeNull();
  });

  it('is refused with white space around it', () => {
    const token = formatToken(new Uint8Array(32));
    for (const text of [`${token}\n`, ` ${token}`, `${token} `]) expect(parseToken(text)).toBeNull();
  });

  it('needs 32 random bytes', () => {
    expect(() => formatToken(new Uint8Array(31))).toThrow('a token carries 32 random bytes, not 31');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seal, sealingKeyId, unseal } from './seal.js';

const key = Uint8Array.from({ length: 32 }, (_, i) => i);
const bytes = fc.uint8Array({ maxLength: 200 });

describe('seal', () => {
  it('gives these bytes, which the plugin must open', () => {
    const { nonce, sealed } = seal(key, 'c-1/7', Buffer.from('sk-real-key'));
    expect({
      keyId: sealingKeyId(key),
      nonce: Buffer.from(nonce).toString('hex'),
      sealed: Buffer.from(sealed).toString('hex'),
    }).toMatchInlineSnapshot(`
      {
        "keyId": 701304163,
        "nonce": "27980e031e21c119da64bd0b",
        "sealed": "b81ee0f965690496896b3eca5c179262a76154babd6916e3edf5da",
      }
    `);
  });

  it('is opened with the same key and id only', () => {
    fc.assert(
      fc.property(bytes, fc.string(), (value, id) => {
        const box = seal(key, id, value);
        expect(unseal(key, id, box)).toEqual(Buffer.from(value));
        expect(unseal(key, `${id}x`, box)).toBeNull();
        expect(
          unseal(
            Uint8Array.from(key, (b) => b ^ 1),
            id,
            box,
          ),
        ).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  it('is refused with any bit changed or any byte missing', () => {
    const box = seal(key, 'c-1/7', Buffer.from('sk'));
    for (let bit = 0; bit < box.sealed.length * 8; bit++) {
      const sealed = Uint8Array.from(box.sealed, (b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b));
      expect(unseal(key, 'c-1/7', { ...box, sealed })).toBeNull();
    }
    for (let length = 0; length < box.sealed.length; length++) {
      expect(unseal(key, 'c-1/7', { ...box, sealed: box.sealed.subarray(0, length) })).toBeNull();
    }
    expect(unseal(key, 'c-1/7', { ...box, nonce: box.nonce.subarray(1) })).toBeNull();
  });

  it('is the same for the same value and has another nonce for another', () => {
    expect(seal(key, 'a', Buffer.from('x'))).toEqual(seal(key, 'a', Buffer.from('x')));
    const nonces = [
      seal(key, 'a', Buffer.from('x')),
      seal(key, 'a', Buffer.from('y')),
      seal(key, 'b', Buffer.from('x')),
    ];
    expect(new Set(nonces.map((box) => Buffer.from(box.nonce).toString('hex'))).size).toBe(3);
  });

  it('needs a key of 32 bytes', () => {
    expect(() => seal(new Uint8Array(16), 'a', new Uint8Array())).toThrow(
      'the sealing key has 32 bytes, not 16',
    );
  });
});

import fc from 'fast-check';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { formatToken, parseToken } from '../../../packages/policy-image/src/token.js';
import { checksumHolds, stampChecksum } from '../../../packages/policy-image/src/checksum.js';
import { COMPILE_TIMEOUT_MS, loadModule, type TestModule } from '../../policy/test/load-module.js';

let module: TestModule;
let room: number;

beforeAll(async () => {
  module = await loadModule(path.resolve(import.meta.dirname, '../assembly/pure.ts'));
  room = module.call('allocate', 1 << 16);
}, COMPILE_TIMEOUT_MS);

function put(bytes: Uint8Array, at = 0): number {
  module.memory().set(bytes, room + at);
  return room + at;
}

describe('sha256', () => {
  it('is SHA-256 of everything that fits one block, and refuses the rest', () => {
    for (let length = 0; length <= 64; length++) {
      const data = Uint8Array.from({ length }, (_, i) => (i * 151 + length) & 0xff);
      const done = module.call('sha256', put(data), length, room + 1024);
      expect(done).toBe(length <= 55 ? 1 : 0);
      if (done === 1) {
        expect(Buffer.from(module.read(room + 1024, 32))).toEqual(createHash('sha256').update(data).digest());
      }
    }
  });
});

describe('token syntax', () => {
  const random = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const isToken = (text: Uint8Array): boolean => module.call('isToken', put(text), text.length) === 1;

  it('accepts every token that is issued', () => {
    fc.assert(fc.property(random, (bytes) => isToken(Buffer.from(formatToken(bytes)))));
    for (const byte of [0, 0xff])
      expect(isToken(Buffer.from(formatToken(new Uint8Array(32).fill(byte))))).toBe(true);
  });

  it('agrees with the issuer on what is a token when any byte is changed', () => {
    const change = fc.array(fc.tuple(fc.nat(52), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(random, change, (bytes, changes) => {
        const token = Buffer.from(formatToken(bytes));
        for (const [at, byte] of changes) token[at] = byte;
        expect(isToken(token)).toBe(parseToken(token.toString('latin1')) !== null);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses other lengths', () => {
    const token = Buffer.from(formatToken(new Uint8Array(32).fill(7)));
    expect(isToken(token.subarray(0, 52))).toBe(false);
    expect(isToken(Buffer.concat([token, Buffer.from('0')]))).toBe(false);
    expect(isToken(Buffer.alloc(0))).toBe(false);
  });

  it('finds the prefix wherever it stands', () => {
    const letters = fc.string({ unit: fc.constantFrom('h', 'c', 'k', '_', 'x'), maxLength: 24 });
    fc.assert(
      fc.property(letters, (text) => {
        // The bytes after the text must not matter.
        const found = module.call('containsTokenPrefix', put(Buffer.from(`${text}hck_hck_`)), text.length);
        expect(found === 1).toBe(text.includes('hck_'));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('image checksum', () => {
  it('is the one that the writer stamps', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 128, maxLength: 512 }), (bytes) => {
        const image = bytes.slice(0, bytes.length & ~7);
        expect(module.call('checksumHolds', put(image), image.length) === 1).toBe(checksumHolds(image));
        stampChecksum(image);
        expect(module.call('checksumHolds', put(image), image.length)).toBe(1);
      }),
    );
  });
});

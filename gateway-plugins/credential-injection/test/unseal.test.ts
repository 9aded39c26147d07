import fc from 'fast-check';
import { createCipheriv } from 'node:crypto';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMPILE_TIMEOUT_MS, loadModule, type TestModule } from '../../policy/test/load-module.js';

let module: TestModule;
let room: number;

beforeAll(async () => {
  module = await loadModule(path.resolve(import.meta.dirname, '../assembly/pure.ts'));
  room = module.call('allocate', 1 << 16);
}, COMPILE_TIMEOUT_MS);

interface Sealed {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  /** Ciphertext and tag. */
  readonly sealed: Uint8Array;
}

function unseal({ key, nonce, aad, sealed }: Sealed): Buffer | null {
  const memory = module.memory();
  const length = sealed.length - 16;
  const [keyAt, nonceAt, aadAt, sealedAt, outAt] = [
    room,
    room + 32,
    room + 64,
    room + 4096,
    room + 32768,
  ] as const;
  memory.set(key, keyAt);
  memory.set(nonce, nonceAt);
  memory.set(aad, aadAt);
  memory.set(sealed, sealedAt);
  memory.fill(0xee, outAt, outAt + length + 1);
  const opened = module.call('unseal', keyAt, nonceAt, aadAt, aad.length, sealedAt, length, outAt) === 1;
  const output = Buffer.from(module.read(outAt, length));
  expect(module.read(outAt + length, 1)[0]).toBe(0xee);
  if (!opened) expect(output.every((byte) => byte === 0xee)).toBe(true);
  return opened ? output : null;
}

function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: plain.length });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('unseal', () => {
  it('opens the vector of RFC 8439 section 2.8.2', () => {
    const vector = {
      key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
      nonce: hex('070000004041424344454647'),
      aad: hex('50515253c0c1c2c3c4c5c6c7'),
      sealed: hex(`d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6
        3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36
        92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
        3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691`),
    };
    expect(unseal(vector)?.toString()).toBe(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    );
  });

  it('opens the vector of RFC 8439 appendix A.5', () => {
    const plain = unseal({
      key: hex('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0'),
      nonce: hex('000000000102030405060708'),
      aad: hex('f33388860000000000004e91'),
      sealed: hex(`64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2
        4c6cfc18755d43eea09ee94e382d26b0bdb7b73c321b0100d4f03b7f355894cf
        332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855
        9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4
        b9166c767b804d46a59b5216cde7a4e99040c5a40433225ee282a1b0a06c523e
        af4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
        0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a10
        49e617d91d361094fa68f0ff77987130305beaba2eda04df997b714d6c6f2c29
        a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38`),
    });
    expect(plain?.toString().startsWith('Internet-Drafts are draft documents valid')).toBe(true);
  });

  const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });

  it('opens what node:crypto sealed, whatever the lengths', () => {
    const any = fc.uint8Array({ maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(bytes(32), bytes(12), any, any, (key, nonce, aad, plain) => {
        const opened = unseal({ key, nonce, aad, sealed: seal(key, nonce, aad, plain) });
        expect(opened).toEqual(Buffer.from(plain));
      }),
      { numRuns: 1_000 },
    );
    for (const fill of [0, 0xff]) {
      const [key, nonce, plain] = [
        new Uint8Array(32).fill(fill),
        new Uint8Array(12).fill(fill),
        new Uint8Array(300).fill(fill),
      ];
      const sealed = seal(key, nonce, plain.subarray(0, 33), plain);
      expect(unseal({ key, nonce, aad: plain.subarray(0, 33), sealed })).toEqual(Buffer.from(plain));
    }
  });

  it('refuses a single changed bit anywhere', () => {
    const key = new Uint8Array(32).fill(3);
    const nonce = new Uint8Array(12).fill(5);
    const aad = Buffer.from('credential/1');
    const sealed = seal(key, nonce, aad, Buffer.from('sk-secret'));
    const parts = { key, nonce, aad, sealed };
    for (const name of ['key', 'nonce', 'aad', 'sealed'] as const) {
      for (let bit = 0; bit < parts[name].length * 8; bit++) {
        const damaged = Uint8Array.from(parts[name]);
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(unseal({ ...parts, [name]: damaged }), `${name} bit ${bit}`).toBeNull();
      }
    }
    expect(unseal({ ...parts, aad: aad.subarray(1) })).toBeNull();
    expect(unseal({ ...parts, sealed: sealed.slice(1) })).toBeNull();
  });
});

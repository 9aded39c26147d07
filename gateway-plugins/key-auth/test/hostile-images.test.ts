import { KeyAuthImage, PolicyImageError, writeKeyAuthImage } from '@hiclaw/policy-image';
import { keyAuthPolicy, requestFor } from '@hiclaw/policy-image/arbitraries';
import type { PluginModule } from '@hiclaw/proxy-wasm-host';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { stampChecksum } from '../../../packages/policy-image/src/checksum.js';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';
import { consumer, image, mcpRequest } from './support/policies.js';

let module: PluginModule;
const sound = image([consumer(1), consumer(2, { revoked: true }), consumer(3, { expiresAt: 5 })]);

beforeAll(async () => {
  module = await keyAuthModule();
});

function isRefused(bytes: Uint8Array): boolean {
  return !new Gateway(module, bytes).plugin.accepted;
}

describe('a damaged image', () => {
  it('is refused for every single flipped bit', () => {
    const gateway = new Gateway(module, sound);
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const damaged = Uint8Array.from(sound);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(gateway.push(damaged), `bit ${bit}`).toBe(false);
    }
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit', consumer: 'worker-1' });
  });

  it('is refused at every length but its own', () => {
    for (let length = 1; length < sound.length; length++)
      expect(isRefused(sound.subarray(0, length))).toBe(true);
    expect(isRefused(Buffer.concat([sound, Buffer.alloc(8)]))).toBe(true);
  });

  it('is refused when it is none', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), isRefused));
    expect(isRefused(Buffer.from('{"policy":true}'))).toBe(true);
  });

  it('leaves the one before in force, and says so without its content', () => {
    const gateway = new Gateway(module, sound);
    expect(gateway.push(sound.subarray(8))).toBe(false);
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    expect(gateway.host.logs.map(({ message }) => message)).toEqual([
      'policy image refused: it is damaged, incomplete or of another format',
    ]);
  });
});

describe('an image with a checksum that holds and content that does not', () => {
  // Words of the image become other numbers: small ones, huge ones, and some that point just beyond an end.
  const word = fc.oneof(
    fc.nat(40),
    fc.constantFrom(0xffffffff, 0x7fffffff, 0x80000000, 0xfffffff8),
    fc.nat(0xffffffff),
  );
  const changes = fc.array(fc.tuple(fc.nat(), word), { minLength: 1, maxLength: 3 });
  const cases = keyAuthPolicy.chain((generated) =>
    fc.record({
      generated: fc.constant(generated),
      changes,
      requests: fc.array(requestFor(generated), { minLength: 1, maxLength: 6 }),
    }),
  );

  it('is refused, or never makes the plugin read outside of it', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(cases, ({ generated, changes: words, requests }) => {
        const bytes = writeKeyAuthImage(generated.policy);
        // Beyond magic, format, version, size and checksum.
        for (const [place, value] of words)
          bytes.writeUInt32LE(value, 28 + (place % ((bytes.length - 28) >> 2)) * 4);
        stampChecksum(bytes);
        const gateway = new Gateway(module, null);
        if (!gateway.push(bytes)) {
          refused++;
          expect(() => new KeyAuthImage(bytes), 'what the plugin refuses is no image').toThrow(
            PolicyImageError,
          );
          return;
        }
        accepted++;
        // A read outside of memory would trap, and the host throws what traps.
        for (const request of requests) gateway.send(request).end();
      }),
      { numRuns: 4_000 },
    );
    expect(accepted).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });

  it('is never anything the writer wrote', () => {
    fc.assert(
      fc.property(keyAuthPolicy, ({ policy }) => {
        expect(new Gateway(module, writeKeyAuthImage(policy)).plugin.accepted).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { patchConsumers } from './patch-consumers.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthConsumer, KeyAuthPolicy } from './policy.js';
import { writeKeyAuthImage } from './write-key-auth.js';

function policyOf(consumers: readonly KeyAuthConsumer[], policyVersion: bigint): KeyAuthPolicy {
  const routes = [{ kind: 'mcp', key: 'mcp-servers/m' } as const];
  return { policyVersion, maxBodyBytes: 1024, consumers, routes };
}

const state = fc.record({
  disabled: fc.boolean(),
  revoked: fc.boolean(),
  expiresAt: fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 0xffff_ffff + 5 })),
});

describe('patchConsumers', () => {
  it('gives the bytes that writing anew gives', () => {
    const pair = fc.record({ before: state, after: state });
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1, maxLength: 8 }), (pairs) => {
        const consumers = pairs.map(({ before }, index) => ({
          name: `consumer-${index}`,
          ...before,
          tokens: [{ digest: new Uint8Array(32).fill(index + 1), expiresAt: 0 }],
          grants: [{ route: 'mcp-servers/m', models: null }],
        }));
        const changed = consumers.map((consumer, index) => ({ ...consumer, ...pairs[index]?.after }));
        const patches = changed.map((consumer, index) => ({ index, consumer }));
        const patched = patchConsumers(writeKeyAuthImage(policyOf(consumers, 7n)), patches, 8n);
        expect(patched.equals(writeKeyAuthImage(policyOf(changed, 8n)))).toBe(true);
      }),
    );
  });

  it('refuses a consumer that is not where it should be, and leaves the image alone', () => {
    const alice = { name: 'alice', disabled: false, revoked: false, expiresAt: 0 };
    const tokens = [{ digest: new Uint8Array(32), expiresAt: 0 }];
    const image = writeKeyAuthImage(policyOf([{ ...alice, tokens, grants: [] }], 1n));
    const copy = Buffer.from(image);
    for (const patch of [
      { index: 0, consumer: { ...alice, name: 'bob' } },
      { index: 1, consumer: alice },
      { index: -1, consumer: alice },
    ]) {
      expect(() => patchConsumers(image, [patch], 2n)).toThrow(PolicyImageError);
    }
    patchConsumers(image, [{ index: 0, consumer: { ...alice, revoked: true } }], 2n);
    expect(copy.equals(image)).toBe(true);
  });
});

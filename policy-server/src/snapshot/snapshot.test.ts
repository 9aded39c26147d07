import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EnvoyMessage } from '../render/json.js';
import { contentHash } from './content-hash.js';
import { buildSnapshot, type Rendered, sharedResources } from './snapshot.js';

const listener = (): EnvoyMessage => ({ name: 'gateway' });

function rendered(clusters: readonly EnvoyMessage[], imageHash = 'a', policyVersion = 1): Rendered {
  const frame = { name: 'frame' };
  const message = { name: 'key-auth', value: new Uint8Array([policyVersion]) };
  return {
    policyVersion,
    clusters,
    routes: { name: 'gateway', virtual_hosts: [] },
    extensions: [{ plugin: 'key-auth', message, frame, imageHash, imageVersion: BigInt(policyVersion) }],
    listener,
  };
}

const message: fc.Arbitrary<EnvoyMessage> = fc.letrec((tie) => ({
  message: fc.dictionary(fc.string({ maxLength: 4 }), tie('value'), { maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.uint8Array({ maxLength: 4 }),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('message'),
  ),
})).message as fc.Arbitrary<EnvoyMessage>;

/** The same message with its fields in reverse order. */
function reversed(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([name, field]) => [name, reversed(field)]));
}

describe('contentHash', () => {
  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(message, (one) => {
        expect(contentHash(reversed(one) as EnvoyMessage)).toBe(contentHash(one));
      }),
    );
  });

  it.each<[EnvoyMessage, EnvoyMessage]>([
    [{ a: '1' }, { a: 1 }],
    [{ a: 'b' }, { a: 'b', b: 'b' }],
    [{ a: ['b', 'c'] }, { a: ['bc'] }],
    [{ a: [['b'], 'c'] }, { a: ['b', ['c']] }],
    [{ a: new Uint8Array([1]) }, { a: new Uint8Array([1, 0]) }],
    [{ a: {} }, { a: [] }],
    [
      { a: 'x', b: 'y' },
      { a: 'y', b: 'x' },
    ],
  ])('tells %j from %j', (a, b) => {
    expect(contentHash(a)).not.toBe(contentHash(b));
  });
});

describe('buildSnapshot', () => {
  it('gives the same hashes for clusters in any order', () => {
    const clusters = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const expected = buildSnapshot(null, rendered(clusters)).clusters.hash;
    fc.assert(
      fc.property(fc.shuffledSubarray(clusters, { minLength: 4 }), (shuffled) => {
        expect(buildSnapshot(null, rendered(shuffled)).clusters.hash).toBe(expected);
      }),
    );
  });

  it('takes over what did not change, and the image with the version it had', () => {
    const before = buildSnapshot(null, rendered([{ name: 'a' }], 'image', 1));
    const after = buildSnapshot(before, rendered([{ name: 'a' }], 'image', 2));
    expect(after.policyVersion).toBe(2);
    expect(sharedResources(after)).toEqual(sharedResources(before));
    sharedResources(after).forEach((resource, index) => {
      expect(resource).toBe(sharedResources(before)[index]);
    });
    expect(after.extensions.get('key-auth')?.imageVersion).toBe(1n);
  });

  it('has another hash for each other content', () => {
    const before = buildSnapshot(null, rendered([{ name: 'a' }], 'image', 1));
    const after = buildSnapshot(before, rendered([{ name: 'b' }], 'other', 2));
    expect(after.clusters.hash).not.toBe(before.clusters.hash);
    expect(after.routes).toBe(before.routes);
    expect(after.extensions.get('key-auth')?.hash).not.toBe(before.extensions.get('key-auth')?.hash);
    expect(after.extensions.get('key-auth')?.imageVersion).toBe(2n);
  });
});

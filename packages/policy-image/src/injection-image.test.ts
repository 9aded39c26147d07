import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stampChecksum } from './checksum.js';
import { InjectionImage } from './injection-image.js';
import { PolicyImageError } from './policy-image-error.js';
import type { InjectionPolicy } from './policy.js';
import { injectionPolicy } from './testing/policy-arbitraries.js';
import { writeInjectionImage } from './write-injection.js';

const key = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

function reversed(policy: InjectionPolicy): InjectionPolicy {
  return {
    policyVersion: policy.policyVersion,
    upstreams: policy.upstreams
      .map((upstream) => ({ ...upstream, bindings: upstream.bindings.toReversed() }))
      .toReversed(),
    credentials: policy.credentials.map((c) => ({ ...c, hosts: c.hosts.toReversed() })).toReversed(),
  };
}

const sortedBy = <T>(items: readonly T[], keyOf: (item: T) => string): T[] =>
  items.toSorted((a, b) => Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b))));

function canonical(policy: InjectionPolicy): unknown {
  return {
    policyVersion: policy.policyVersion,
    upstreams: sortedBy(policy.upstreams, (upstream) => upstream.key).map((upstream) => ({
      ...upstream,
      path: upstream.path ?? '',
      addsUsage: upstream.addsUsage ?? false,
      bindings: sortedBy(upstream.bindings, (binding) => binding.consumer),
    })),
    credentials: sortedBy(policy.credentials, (credential) => credential.id).map((credential) => ({
      ...credential,
      hosts: credential.hosts.toSorted(),
      value: Buffer.from(credential.value).toString('hex'),
    })),
  };
}

describe('credential-injection image', () => {
  it('gives back the policy it was written from, with the key', () => {
    fc.assert(
      fc.property(injectionPolicy, (policy) => {
        const image = new InjectionImage(writeInjectionImage(policy, key));
        expect(canonical(image.toPolicy(key))).toEqual(canonical(policy));
        expect(() => image.toPolicy(key.map((byte) => byte ^ 1))).toThrow('image is sealed with another key');
      }),
      { numRuns: 300 },
    );
  });

  it('has the same bytes whatever the order of the lists', () => {
    fc.assert(
      fc.property(injectionPolicy, (policy) => {
        expect(writeInjectionImage(reversed(policy), key).equals(writeInjectionImage(policy, key))).toBe(
          true,
        );
      }),
    );
  });

  it('does not hold the secret', () => {
    fc.assert(
      fc.property(injectionPolicy, fc.base64String({ minLength: 24, maxLength: 200 }), (policy, secret) => {
        const credentials = policy.credentials.map((c) => ({ ...c, value: Buffer.from(secret) }));
        expect(writeInjectionImage({ ...policy, credentials }, key).includes(secret)).toBe(false);
      }),
    );
  });

  it('is refused with any bit flipped, cut short or continued', () => {
    fc.assert(
      fc.property(injectionPolicy, fc.nat(), (policy, at) => {
        const image = writeInjectionImage(policy, key);
        expect(() => new InjectionImage(image.subarray(0, at % image.length))).toThrow(PolicyImageError);
        expect(() => new InjectionImage(Buffer.concat([image, Buffer.alloc(8)]))).toThrow(PolicyImageError);
        const bit = at % (image.length * 8);
        image[bit >> 3] = (image[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => new InjectionImage(image)).toThrow(PolicyImageError);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused, or is another canonical image, with any field changed under a right checksum', () => {
    fc.assert(
      fc.property(injectionPolicy, fc.nat(), fc.nat(200), (policy, at, value) => {
        const image = writeInjectionImage(policy, key);
        image.writeUInt32LE(value, (at % (image.length / 4)) * 4);
        stampChecksum(image);
        try {
          const opened = new InjectionImage(image).toPolicy(key);
          expect(writeInjectionImage(opened, key).equals(image)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyImageError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  const credential = {
    id: 'c/1',
    placement: 'header' as const,
    name: 'authorization',
    prefix: '',
    hosts: ['a.test'],
    value: Buffer.from('s'),
  };
  const upstream = { key: 'providers/a', host: 'a.test:443', credential: null, bindings: [] };
  const policy = { policyVersion: 1n, upstreams: [upstream], credentials: [credential] };

  it.each<[string, InjectionPolicy, string]>([
    [
      'a credential twice',
      { ...policy, credentials: [credential, credential] },
      'credential "c/1" is listed twice',
    ],
    [
      'an upstream twice',
      { ...policy, upstreams: [upstream, upstream] },
      'upstream "providers/a" is listed twice',
    ],
    [
      'a path with a query',
      { ...policy, upstreams: [{ ...upstream, path: '/v1?a' }] },
      'upstream "providers/a": "/v1?a" is no path',
    ],
    [
      'a path that ends with a slash',
      { ...policy, upstreams: [{ ...upstream, path: '/v1/' }] },
      'is no path like "/v1"',
    ],
    [
      'no host',
      { ...policy, credentials: [{ ...credential, hosts: [] }] },
      'credential "c/1" is bound to no host',
    ],
    [
      'a zero byte in an id',
      { ...policy, credentials: [{ ...credential, id: 'c\0' }] },
      'is not visible ASCII',
    ],
    [
      'a credential that is not there',
      { ...policy, upstreams: [{ ...upstream, credential: 'gone/1' }] },
      'upstream "providers/a": no credential "gone/1"',
    ],
    [
      'a bound credential that is not there',
      { ...policy, upstreams: [{ ...upstream, bindings: [{ consumer: 'x', credential: 'gone/1' }] }] },
      'upstream "providers/a": no credential "gone/1"',
    ],
    [
      'two bindings of one consumer',
      {
        ...policy,
        upstreams: [
          { ...upstream, bindings: ['x', 'x'].map((consumer) => ({ consumer, credential: 'c/1' })) },
        ],
      },
      'upstream "providers/a": binding of "x" is listed twice',
    ],
  ])('refuses %s', (_, refused, message) => {
    expect(() => writeInjectionImage(refused, key)).toThrow(PolicyImageError);
    expect(() => writeInjectionImage(refused, key)).toThrow(message);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stampChecksum } from './checksum.js';
import { contentHash, withPolicyVersion } from './image-frame.js';
import { KeyAuthImage } from './key-auth-image.js';
import * as L from './layout.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthPolicy } from './policy.js';
import { keyAuthPolicy, reordered } from './testing/policy-arbitraries.js';
import { tokenFromSeed } from './testing/token-from-seed.js';
import { tokenDigest } from './token.js';
import { writeKeyAuthImage } from './write-key-auth.js';

const byKey = (a: { key: string }, b: { key: string }): number => (a.key < b.key ? -1 : 1);
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const sorted = (texts: readonly string[]): string[] => texts.toSorted(byBytes);

/** The policy as a reader must give it back, computed without any code of the writer. */
function canonical(policy: KeyAuthPolicy): unknown {
  const consumers = policy.consumers
    .filter((consumer) => consumer.tokens.length > 0)
    .toSorted((a, b) => byBytes(a.name, b.name))
    .map((consumer) => ({
      ...consumer,
      tokens: consumer.tokens
        .map((token) => ({
          digest: Buffer.from(token.digest).toString('hex').slice(0, 32),
          expiresAt: token.expiresAt,
        }))
        .toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
      grants: consumer.grants
        .map((grant) => ({
          ...grant,
          models: grant.models === null ? null : sorted(grant.models),
          envoyRoute: grant.envoyRoute ?? grant.route,
        }))
        .toSorted((a, b) => (a.route < b.route ? -1 : 1)),
      limits: sorted((consumer.limits ?? []).map(({ meter, cap }) => `${meter} ${cap}`)),
    }));
  const routes = policy.routes.toSorted(byKey).map((route) => {
    if (route.kind === 'mcp') return route;
    if (route.kind === 'llm')
      return {
        ...route,
        models: sorted(route.models),
        catalogue: sorted(route.catalogue),
        rebases: route.rebases ?? false,
        addsUsage: route.addsUsage ?? false,
        sharesResponses: route.sharesResponses ?? false,
        prices: route.prices ?? [],
      };
    const rules = route.rules.map((rule) => JSON.stringify([sorted(rule.methods), sorted(rule.paths)]));
    return { ...route, rules: sorted(rules) };
  });
  return { ...policy, consumers, routes };
}

describe('key-auth image', () => {
  it('gives back the policy it was written from', () => {
    fc.assert(
      fc.property(keyAuthPolicy, ({ policy }) => {
        const image = writeKeyAuthImage(policy);
        const read = new KeyAuthImage(image).toPolicy();
        expect(canonical(read)).toEqual(canonical(policy));
        expect(writeKeyAuthImage(read).equals(image)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('may be empty', () => {
    const policy = { policyVersion: 0n, maxBodyBytes: 0, consumers: [], routes: [] };
    const image = new KeyAuthImage(writeKeyAuthImage(policy));
    expect(image.toPolicy()).toEqual(policy);
    expect(image.findToken(tokenDigest(tokenFromSeed('nobody')))).toBeNull();
  });

  it('has the same bytes whatever the order of the lists', () => {
    const pairs = keyAuthPolicy.chain(({ policy }) => fc.tuple(fc.constant(policy), reordered(policy)));
    fc.assert(
      fc.property(pairs, ([policy, other]) => {
        expect(writeKeyAuthImage(other).equals(writeKeyAuthImage(policy))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('finds each token and no other', () => {
    fc.assert(
      fc.property(keyAuthPolicy, ({ policy }) => {
        const image = new KeyAuthImage(writeKeyAuthImage(policy));
        for (const consumer of policy.consumers) {
          for (const token of consumer.tokens) {
            const found = image.findToken(token.digest);
            expect(found?.expiresAt).toBe(token.expiresAt);
            expect(image.consumer(found?.consumer ?? 0).name).toBe(consumer.name);
          }
        }
        expect(image.findToken(tokenDigest(tokenFromSeed('nobody')))).toBeNull();
      }),
    );
  });

  it('is refused with any bit flipped', () => {
    fc.assert(
      fc.property(keyAuthPolicy, fc.nat(), ({ policy }, at) => {
        const image = writeKeyAuthImage(policy);
        const bit = at % (image.length * 8);
        image[bit >> 3] = (image[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(() => new KeyAuthImage(image)).toThrow(PolicyImageError);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused cut short or continued', () => {
    const cases = fc.tuple(keyAuthPolicy, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 16 }));
    fc.assert(
      fc.property(cases, ([{ policy }, at, more]) => {
        const image = writeKeyAuthImage(policy);
        expect(() => new KeyAuthImage(image.subarray(0, at % image.length))).toThrow(PolicyImageError);
        expect(() => new KeyAuthImage(Buffer.concat([image, more]))).toThrow(PolicyImageError);
      }),
      { numRuns: 300 },
    );
  });

  it('is refused, or is the image of another policy, with any field changed under a right checksum', () => {
    const cases = fc.tuple(
      keyAuthPolicy,
      fc.nat(),
      fc.oneof(fc.constantFrom(0, 1, L.NONE, 0x7fff_ffff), fc.nat(300)),
    );
    fc.assert(
      fc.property(cases, ([{ policy }, at, value]) => {
        const image = writeKeyAuthImage(policy);
        image.writeUInt32LE(value, (at % (image.length / 4)) * 4);
        stampChecksum(image);
        let read: KeyAuthImage;
        try {
          read = new KeyAuthImage(image);
        } catch (error) {
          expect(error).toBeInstanceOf(PolicyImageError);
          return;
        }
        expect(writeKeyAuthImage(read.toPolicy()).equals(image)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('has a content hash that ignores the policy version and nothing else', () => {
    const pairs = fc.tuple(keyAuthPolicy, keyAuthPolicy, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
    fc.assert(
      fc.property(pairs, ([{ policy }, { policy: other }, policyVersion]) => {
        const image = writeKeyAuthImage(policy);
        const newer = writeKeyAuthImage({ ...policy, policyVersion });
        expect(contentHash(newer)).toBe(contentHash(image));
        expect(withPolicyVersion(image, policyVersion).equals(newer)).toBe(true);
        const sameBytes = writeKeyAuthImage({ ...other, policyVersion }).equals(newer);
        expect(contentHash(writeKeyAuthImage(other)) === contentHash(image)).toBe(sameBytes);
      }),
    );
  });
});

describe('writeKeyAuthImage', () => {
  const consumer = { disabled: false, revoked: false, expiresAt: 0, grants: [] };
  const empty = { policyVersion: 1n, maxBodyBytes: 0, consumers: [], routes: [] };
  const digest = tokenDigest(tokenFromSeed('a'));
  const named = (name: string) => ({
    ...consumer,
    name,
    tokens: [{ digest: tokenDigest(tokenFromSeed(name)), expiresAt: 0 }],
  });
  const mcp = { kind: 'mcp' as const, key: 'mcp-servers/a' };

  it.each<[string, KeyAuthPolicy, string]>([
    ['a consumer twice', { ...empty, consumers: [named('x'), named('x')] }, 'consumer "x" is listed twice'],
    ['a route twice', { ...empty, routes: [mcp, mcp] }, 'route "mcp-servers/a" is listed twice'],
    [
      'a digest twice',
      {
        ...empty,
        consumers: ['x', 'y'].map((name) => ({ ...consumer, name, tokens: [{ digest, expiresAt: 0 }] })),
      },
      'two tokens have the same digest',
    ],
    [
      'two grants on a route',
      {
        ...empty,
        routes: [mcp],
        consumers: [{ ...named('x'), grants: [mcp.key, mcp.key].map((route) => ({ route, models: null })) }],
      },
      'consumer "x" has two grants on "mcp-servers/a"',
    ],
    [
      'models on an MCP server',
      {
        ...empty,
        routes: [mcp],
        consumers: [{ ...named('x'), grants: [{ route: mcp.key, models: ['m'] }] }],
      },
      'consumer "x": models do not apply to "mcp-servers/a"',
    ],
    [
      'a variant of another route',
      {
        ...empty,
        routes: [mcp],
        consumers: [
          { ...named('x'), grants: [{ route: mcp.key, models: null, envoyRoute: 'mcp-servers/b~1' }] },
        ],
      },
      'consumer "x": "mcp-servers/b~1" is no variant of "mcp-servers/a"',
    ],
    [
      'a variant without a number',
      {
        ...empty,
        routes: [{ kind: 'llm', key: 'llm-routes/a', path: '/v1', models: [], catalogue: [] }],
        consumers: [
          {
            ...named('x'),
            grants: [{ route: 'llm-routes/a', models: null, envoyRoute: 'llm-routes/a~01' }],
          },
        ],
      },
      'is no variant of "llm-routes/a"',
    ],
    [
      'two limits on a meter',
      {
        ...empty,
        consumers: [{ ...named('x'), limits: [1n, 2n].map((cap) => ({ meter: 'usd-day' as const, cap })) }],
      },
      'consumer "x" has two limits on one meter',
    ],
    [
      'a cap beyond 64 bits',
      { ...empty, consumers: [{ ...named('x'), limits: [{ meter: 'usd-day', cap: 1n << 64n }] }] },
      'cap 18446744073709551616 is not an unsigned 64-bit number',
    ],
    [
      'a key of another kind',
      { ...empty, routes: [{ kind: 'mcp', key: 'llm-routes/a' }] },
      'is not "mcp-servers/<name>"',
    ],
    [
      'a key with a slash',
      { ...empty, routes: [{ kind: 'mcp', key: 'mcp-servers/a/b' }] },
      'is not "mcp-servers/<name>"',
    ],
    [
      'a path with a trailing slash',
      { ...empty, routes: [{ kind: 'llm', key: 'llm-routes/a', path: '/v1/', models: [], catalogue: [] }] },
      'path "/v1/" is not like "/v1"',
    ],
    [
      'a digest that is too short',
      { ...empty, consumers: [{ ...named('x'), tokens: [{ digest: digest.subarray(1, 9), expiresAt: 0 }] }] },
      'a token digest has 8 bytes',
    ],
    ['half a surrogate pair', { ...empty, consumers: [named('x\ud800')] }, 'is not well-formed Unicode'],
    ['a negative policy version', { ...empty, policyVersion: -1n }, 'policy version -1 is not'],
    ['a body limit beyond 32 bits', { ...empty, maxBodyBytes: 2 ** 32 }, 'maxBodyBytes 4294967296 is not'],
    [
      'a fractional end',
      { ...empty, consumers: [{ ...named('x'), expiresAt: 1.5 }] },
      'expiry 1.5 is no integer',
    ],
  ])('refuses %s', (_, policy, message) => {
    expect(() => writeKeyAuthImage(policy)).toThrow(PolicyImageError);
    expect(() => writeKeyAuthImage(policy)).toThrow(message);
  });

  it('leaves out consumers without a token and grants on routes that are not there', () => {
    const bare = { ...consumer, name: 'x', tokens: [], grants: [] };
    expect(writeKeyAuthImage({ ...empty, consumers: [bare] }).equals(writeKeyAuthImage(empty))).toBe(true);
    const dangling = { ...named('y'), grants: [{ route: 'mcp-servers/gone', models: null }] };
    expect(
      writeKeyAuthImage({ ...empty, consumers: [dangling] }).equals(
        writeKeyAuthImage({ ...empty, consumers: [named('y')] }),
      ),
    ).toBe(true);
  });

  it('cuts ends to what the format can say', () => {
    const image = writeKeyAuthImage({
      ...empty,
      consumers: [
        { ...named('a'), expiresAt: 10_413_792_000 },
        { ...named('b'), expiresAt: -5 },
      ],
    });
    expect(new KeyAuthImage(image).toPolicy().consumers.map(({ expiresAt }) => expiresAt)).toEqual([
      0xffff_ffff, 1,
    ]);
  });

  it('sorts digests that all begin alike', () => {
    const tokens = Array.from({ length: 300 }, (_, i) => {
      const alike = new Uint8Array(32);
      alike[15] = i & 0xff;
      alike[14] = i >> 8;
      return { digest: alike, expiresAt: 0 };
    });
    const image = new KeyAuthImage(
      writeKeyAuthImage({ ...empty, consumers: [{ ...consumer, name: 'x', tokens: tokens.toReversed() }] }),
    );
    for (const token of tokens) expect(image.findToken(token.digest)).not.toBeNull();
  });
});

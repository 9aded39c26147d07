import fc from 'fast-check';
import { METERS } from '../limit-sets.js';
import type { InjectionPolicy, KeyAuthConsumer, KeyAuthPolicy, KeyAuthRoute, Method } from '../policy.js';
import { tokenDigest } from '../token.js';
import { tokenFromSeed } from './token-from-seed.js';

/** The second in which generated requests arrive; generated ends lie before, at and after it. */
export const NOW = 1_800_000_000;

const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const NAMES = ['a', 'chat', 'chat-2', 'github', 'x'.repeat(63)];
export const MODELS = [
  'gpt-4o',
  'gpt-4o-mini',
  'gpt-4',
  'claude-3',
  'qwen/qwen3:8b',
  'modèle-é',
  '模型',
  '😀',
  'a',
];
const MODEL_PATTERNS = [...MODELS, '*', 'gpt-*', 'gpt-4*', '*-mini', 'g*o*', '*é', '*mini*'];
export const LLM_PATHS = ['/v1', '/v1/beta', '/anthropic', '/v2'];
const PATH_PATTERNS = ['/', '/**', '/repos/*', '/repos/**', '/repos/*/issues', '/**/issues', '/a*b', '/user'];

const expiry = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  fc.constantFrom(1, NOW - 1, NOW, NOW + 1, 0xffff_ffff),
);
const amount = fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }));
const prices = fc.array(
  fc.record({
    target: fc.nat(3),
    model: fc.constantFrom(...MODEL_PATTERNS),
    input: amount,
    cachedInput: amount,
    cacheWrite: amount,
    output: amount,
  }),
  { maxLength: 3 },
);
const limits = fc.uniqueArray(
  fc.record({
    meter: fc.constantFrom(...METERS),
    cap: amount,
  }),
  { maxLength: 3, selector: ({ meter }) => meter },
);
const rarely = fc.nat(11).map((n) => n === 7);
const models = fc.uniqueArray(fc.constantFrom(...MODEL_PATTERNS), { maxLength: 4 });

function routeArbitrary(key: { kind: KeyAuthRoute['kind']; name: string }): fc.Arbitrary<KeyAuthRoute> {
  switch (key.kind) {
    case 'llm':
      return fc.record({
        kind: fc.constant('llm' as const),
        key: fc.constant(`llm-routes/${key.name}`),
        path: fc.constantFrom(...LLM_PATHS),
        models,
        catalogue: fc.uniqueArray(fc.constantFrom(...MODELS), { maxLength: 4 }),
        rebases: fc.boolean(),
        addsUsage: fc.boolean(),
        sharesResponses: fc.boolean(),
        prices,
      });
    case 'mcp':
      return fc.constant({ kind: 'mcp', key: `mcp-servers/${key.name}` });
    case 'service':
      return fc.record({
        kind: fc.constant('service' as const),
        key: fc.constant(`service-routes/${key.name}`),
        rules: fc.uniqueArray(
          fc.record({
            methods: fc.subarray([...METHODS]),
            paths: fc.uniqueArray(fc.constantFrom(...PATH_PATTERNS), { maxLength: 3 }),
          }),
          { maxLength: 3, selector: (rule) => JSON.stringify([rule.methods, rule.paths.toSorted()]) },
        ),
      });
  }
}

const routes: fc.Arbitrary<readonly KeyAuthRoute[]> = fc
  .uniqueArray(
    fc.record({ kind: fc.constantFrom('llm', 'llm', 'mcp', 'service'), name: fc.constantFrom(...NAMES) }),
    { minLength: 1, maxLength: 8, selector: ({ kind, name }) => `${kind}/${name}` },
  )
  .chain((keys) => fc.tuple(...keys.map(routeArbitrary)));

function grantsArbitrary(among: readonly KeyAuthRoute[]): fc.Arbitrary<KeyAuthConsumer['grants']> {
  return fc.subarray([...among]).chain((granted) =>
    fc.tuple(
      ...granted.map(({ key, kind }) =>
        fc.record({
          route: fc.constant(key),
          models: kind === 'llm' ? fc.option(models, { nil: null }) : fc.constant(null),
          envoyRoute: kind === 'llm' ? fc.constantFrom(key, key, `${key}~0`, `${key}~12`) : fc.constant(key),
        }),
      ),
    ),
  );
}

/** A policy and the tokens behind its digests, in the clear. */
export interface GeneratedPolicy {
  readonly policy: KeyAuthPolicy;
  readonly tokens: readonly string[];
}

/** Small policies whose names, paths and patterns collide often; some consumers have no token. */
export const keyAuthPolicy: fc.Arbitrary<GeneratedPolicy> = routes
  .chain((among) =>
    fc.record({
      policyVersion: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
      maxBodyBytes: fc.constantFrom(4096, 16 * 1024 * 1024, 16 * 1024 * 1024, 1024, 64, 0),
      routes: fc.constant(among),
      consumers: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('worker-a', 'worker-b', 'worker-c', 'manager', 'h', 'é-1', '😀'),
          disabled: rarely,
          revoked: rarely,
          expiresAt: expiry,
          tokenEnds: fc.array(expiry, { maxLength: 3, size: 'max' }),
          grants: grantsArbitrary(among),
          limits,
        }),
        { minLength: 1, maxLength: 6, selector: ({ name }) => name },
      ),
    }),
  )
  .map(({ consumers, ...rest }) => {
    const tokens: string[] = [];
    const withTokens = consumers.map(({ tokenEnds, ...consumer }) => ({
      ...consumer,
      tokens: tokenEnds.map((expiresAt, index) => {
        const token = tokenFromSeed(`${consumer.name} ${index}`);
        tokens.push(token);
        return { digest: tokenDigest(token), expiresAt };
      }),
    }));
    return { policy: { ...rest, consumers: withTokens }, tokens };
  });

const CONSUMERS = ['worker-a', 'worker-b', 'é-1'];

/** Small injection policies in which everything that is referred to exists. */
export const injectionPolicy: fc.Arbitrary<InjectionPolicy> = fc
  .uniqueArray(
    fc.record({
      id: fc.constantFrom('c1/1', 'c1/2', 'c2/1', 'c3/7'),
      placement: fc.constantFrom('header', 'query', 'basic'),
      name: fc.constantFrom('authorization', 'x-api-key', 'key', ''),
      prefix: fc.constantFrom('', 'Bearer ', 'token '),
      hosts: fc.uniqueArray(fc.constantFrom('api.openai.com', 'a.test:8443', '127.0.0.1:9'), {
        minLength: 1,
      }),
      value: fc.uint8Array({ maxLength: 64 }),
    }),
    { maxLength: 4, selector: ({ id }) => id },
  )
  .chain((credentials) => {
    const id =
      credentials.length === 0 ? null : fc.constantFrom(...credentials.map((credential) => credential.id));
    return fc.record({
      policyVersion: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
      credentials: fc.constant(credentials),
      upstreams: fc.uniqueArray(
        fc.record({
          key: fc.constantFrom(
            'providers/openai',
            'providers/a',
            'mcp-servers/github',
            'service-routes/jira',
          ),
          host: fc.constantFrom('api.openai.com:443', 'a.test:8443', '127.0.0.1:9'),
          path: fc.constantFrom('', '/v1', '/api/paas/v4'),
          addsUsage: fc.boolean(),
          credential: id === null ? fc.constant(null) : fc.option(id, { nil: null }),
          bindings:
            id === null
              ? fc.constant([])
              : fc.uniqueArray(fc.record({ consumer: fc.constantFrom(...CONSUMERS), credential: id }), {
                  selector: ({ consumer }) => consumer,
                }),
        }),
        { maxLength: 4, selector: ({ key }) => key },
      ),
    });
  });

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}

/** The same policy with every list in another order. */
export function reordered(policy: KeyAuthPolicy): fc.Arbitrary<KeyAuthPolicy> {
  const consumer = (from: KeyAuthConsumer): fc.Arbitrary<KeyAuthConsumer> =>
    fc
      .tuple(shuffled(from.tokens), shuffled(from.grants), shuffled(from.limits ?? []))
      .map(([tokens, grants, caps]) => ({
        ...from,
        tokens,
        grants: grants.map(reversedModels),
        limits: caps,
      }));
  const route = (from: KeyAuthRoute): fc.Arbitrary<KeyAuthRoute> => {
    if (from.kind === 'mcp') return fc.constant(from);
    if (from.kind === 'service') {
      return shuffled(from.rules).map((rules) => ({
        ...from,
        rules: rules.map((rule) => ({ methods: rule.methods.toReversed(), paths: rule.paths.toReversed() })),
      }));
    }
    return fc
      .tuple(shuffled(from.models), shuffled(from.catalogue))
      .map(([patterns, catalogue]) => ({ ...from, models: patterns, catalogue }));
  };
  return fc
    .tuple(fc.tuple(...policy.consumers.map(consumer)), fc.tuple(...policy.routes.map(route)))
    .chain(([consumers, all]) => fc.tuple(shuffled(consumers), shuffled(all)))
    .map(([consumers, all]) => ({ ...policy, consumers, routes: all }));
}

function reversedModels(grant: KeyAuthConsumer['grants'][number]): KeyAuthConsumer['grants'][number] {
  return { ...grant, models: grant.models?.toReversed() ?? null };
}

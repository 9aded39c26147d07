import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyAuthImage } from '../key-auth-image.js';
import type { KeyAuthConsumer, KeyAuthPolicy, KeyAuthRoute } from '../policy.js';
import { keyAuthPolicy, NOW } from '../testing/policy-arbitraries.js';
import { requestFor } from '../testing/request-arbitraries.js';
import { tokenFromSeed } from '../testing/token-from-seed.js';
import { parseToken, tokenDigest } from '../token.js';
import { writeKeyAuthImage } from '../write-key-auth.js';
import { decide, whyCut } from './decide.js';
import type { Decision, RequestFacts } from './facts.js';
import { REASONS } from './reasons.js';
import { refusal } from './refusal.js';

const RUNS = { numRuns: 1500 };
const cases = keyAuthPolicy.chain((generated) =>
  fc.record({ policy: fc.constant(generated.policy), facts: requestFor(generated), pick: fc.nat() }),
);

function imageOf(policy: KeyAuthPolicy): KeyAuthImage {
  return new KeyAuthImage(writeKeyAuthImage(policy));
}

function decideUnder(policy: KeyAuthPolicy, facts: RequestFacts): Decision {
  return decide(imageOf(policy), facts);
}

function presented(facts: RequestFacts): string {
  const values = facts.headers.map(([, value]) => value.split(' ').at(-1) ?? '');
  return values.find((value) => parseToken(value) !== null) ?? '';
}

/** Every policy that is this one with something taken away. */
function weaker(policy: KeyAuthPolicy): KeyAuthPolicy[] {
  const withConsumer = (
    index: number,
    change: (from: KeyAuthConsumer) => Partial<KeyAuthConsumer>,
  ): KeyAuthPolicy => ({
    ...policy,
    consumers: policy.consumers.map((from, i) => (i === index ? { ...from, ...change(from) } : from)),
  });
  const withRoute = (index: number, route: KeyAuthRoute | null): KeyAuthPolicy => ({
    ...policy,
    routes: policy.routes.flatMap((from, i) => (i === index ? (route ?? []) : from)),
  });
  return [
    ...policy.consumers.flatMap((consumer, i) => [
      { ...policy, consumers: policy.consumers.toSpliced(i, 1) },
      withConsumer(i, () => ({ disabled: true })),
      withConsumer(i, () => ({ revoked: true })),
      withConsumer(i, () => ({ expiresAt: 1 })),
      ...consumer.tokens.map((_, t) => withConsumer(i, (from) => ({ tokens: from.tokens.toSpliced(t, 1) }))),
      ...consumer.grants.flatMap((grant, g) => [
        withConsumer(i, (from) => ({ grants: from.grants.toSpliced(g, 1) })),
        ...(grant.models ?? []).map((_, m) =>
          withConsumer(i, (from) => ({
            grants: from.grants.with(g, { ...grant, models: grant.models?.toSpliced(m, 1) ?? null }),
          })),
        ),
      ]),
    ]),
    ...policy.routes.flatMap((route, i) => [
      ...(route.kind === 'llm'
        ? route.models.map((_, m) => withRoute(i, { ...route, models: route.models.toSpliced(m, 1) }))
        : []),
      ...(route.kind === 'service'
        ? route.rules.map((_, r) => withRoute(i, { ...route, rules: route.rules.toSpliced(r, 1) }))
        : []),
    ]),
  ];
}

describe('decide', () => {
  it('reaches every reason with generated requests, and admits many', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(cases, ({ policy, facts }) => {
        const decision = decideUnder(policy, facts);
        const outcome = decision.kind === 'refuse' ? decision.reason : decision.kind;
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: 5000, seed: 1 },
    );
    const missing = ['admit', 'answer', ...Object.keys(REASONS)].filter((reason) => !seen.has(reason));
    expect(missing).toEqual([
      'no-policy',
      'price-unknown',
      'requests-exhausted',
      'tokens-exhausted',
      'budget-exhausted',
      'limits-unavailable',
      'internal',
    ]);
    expect(seen.get('admit') ?? 0).toBeGreaterThan(400);
  });

  it('never turns a refusal into anything better when something is taken away', () => {
    fc.assert(
      fc.property(cases, ({ policy, facts, pick }) => {
        const before = decideUnder(policy, facts);
        const options = weaker(policy);
        const less = options[pick % Math.max(options.length, 1)];
        if (before.kind !== 'refuse' || less === undefined) return;
        expect(decideUnder(less, facts).kind).toBe('refuse');
      }),
      RUNS,
    );
  });

  it('admits only for a live token, a grant on the route, and a model that both allow', () => {
    fc.assert(
      fc.property(cases, ({ policy, facts }) => {
        const decision = decideUnder(policy, facts);
        if (decision.kind !== 'admit') return;
        const digest = Buffer.from(tokenDigest(presented(facts)));
        const owner = policy.consumers.find(({ tokens }) =>
          tokens.some((token) => digest.equals(token.digest)),
        );
        expect(owner).toMatchObject({ name: decision.consumer, disabled: false, revoked: false });
        const grant = owner?.grants.find(({ route, envoyRoute }) => (envoyRoute ?? route) === decision.route);
        expect(grant).toBeDefined();
        expect(facts.headers.map(([name]) => name.toLowerCase())).not.toContain('upgrade');
        if (decision.model !== null) expect(grant?.models).not.toEqual([]);
      }),
      RUNS,
    );
  });

  it('depends on nothing but the policy: removing the only token refuses as unknown', () => {
    fc.assert(
      fc.property(cases, ({ policy, facts }) => {
        if (decideUnder(policy, facts).kind !== 'admit') return;
        const none = decideUnder({ ...policy, consumers: [] }, facts);
        expect(none).toEqual({ kind: 'refuse', reason: 'token-unknown' });
        expect(decide(null, facts)).toEqual({ kind: 'refuse', reason: 'no-policy' });
      }),
      RUNS,
    );
  });

  it('never repeats a token in a refusal', () => {
    fc.assert(
      fc.property(cases, ({ policy, facts }) => {
        const decision = decideUnder(policy, facts);
        if (decision.kind === 'refuse')
          expect(JSON.stringify(refusal(facts, decision))).not.toContain('hck_');
      }),
      RUNS,
    );
  });

  it('gives the same whatever the pieces of the body, unless it is too large', () => {
    fc.assert(
      fc.property(cases, ({ policy, facts }) => {
        const whole = { ...facts, body: facts.body.length === 0 ? [] : [Buffer.concat(facts.body)] };
        const decision = decideUnder(policy, facts);
        const other = decideUnder(policy, whole);
        if (other.kind === 'refuse' && other.reason === 'body-too-large')
          expect(decision.kind).toBe('refuse');
        else expect(decision).toEqual(other);
      }),
      RUNS,
    );
  });
});

describe('whyCut', () => {
  it('lets a stream run on exactly as long as its request would be admitted again', () => {
    const pairs = cases.chain(({ policy, facts, pick }) => {
      const options = [policy, ...weaker(policy)];
      return fc.record({
        policy: fc.constant(policy),
        facts: fc.constant(facts),
        next: fc.constant(options[pick % options.length] ?? policy),
        later: fc.constantFrom(NOW, NOW + 1, NOW + 1000),
      });
    });
    fc.assert(
      fc.property(pairs, ({ policy, facts, next, later }) => {
        const decision = decideUnder(policy, facts);
        if (decision.kind !== 'admit') return;
        const image = imageOf(next);
        const stream = {
          digest: tokenDigest(presented(facts)),
          route: decision.route,
          model: decision.model,
        };
        const again = decide(image, { ...facts, now: later });
        const cut = whyCut(image, stream, later);
        // Another route may take the same request over, and service rules bind requests, not streams.
        if (again.kind === 'admit' && again.route === decision.route) expect(cut).toBeNull();
        if (cut === null && !decision.route.startsWith('service-routes/')) expect(again.kind).toBe('admit');
      }),
      RUNS,
    );
  });

  it('names the reason', () => {
    const grants = [{ route: 'llm-routes/a', models: ['m'] }];
    const token = { digest: tokenDigest(tokenFromSeed('x')), expiresAt: 10 };
    const consumer = { name: 'x', disabled: false, revoked: false, expiresAt: 0, tokens: [token], grants };
    const route: KeyAuthRoute = {
      kind: 'llm',
      key: 'llm-routes/a',
      path: '/v1',
      models: ['*'],
      catalogue: [],
    };
    const policy = { policyVersion: 1n, maxBodyBytes: 0, consumers: [consumer], routes: [route] };
    const stream = { digest: token.digest, route: 'llm-routes/a', model: 'm' };
    const reason = (changed: KeyAuthPolicy, now = 9) => whyCut(imageOf(changed), stream, now)?.reason ?? null;
    const withConsumer = (change: Partial<KeyAuthConsumer>) => ({
      ...policy,
      consumers: [{ ...consumer, ...change }],
    });
    expect(reason(policy)).toBeNull();
    expect(reason(policy, 10)).toBe('token-expired');
    expect(reason({ ...policy, consumers: [] })).toBe('token-unknown');
    expect(reason(withConsumer({ revoked: true }))).toBe('consumer-revoked');
    expect(reason(withConsumer({ disabled: true }))).toBe('consumer-disabled');
    expect(reason(withConsumer({ expiresAt: 9 }))).toBe('consumer-expired');
    expect(reason({ ...policy, routes: [] })).toBe('route-not-found');
    expect(reason(withConsumer({ grants: [] }))).toBe('route-not-allowed');
    expect(reason(withConsumer({ grants: [{ route: 'llm-routes/a', models: ['n'] }] }))).toBe(
      'model-not-allowed',
    );
    expect(reason({ ...policy, routes: [{ ...route, models: [] }] })).toBe('model-not-allowed');
  });
});

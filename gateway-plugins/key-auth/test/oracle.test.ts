import {
  decide,
  isIdentityHeader,
  KeyAuthImage,
  refusal,
  tokenDigest,
  writeKeyAuthImage,
  type RequestFacts,
} from '@hiclaw/policy-image';
import {
  keyAuthPolicy,
  MODELS,
  NOW,
  requestFor,
  type GeneratedPolicy,
} from '@hiclaw/policy-image/arbitraries';
import type { PluginModule } from '@hiclaw/proxy-wasm-host';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';

let module: PluginModule;

beforeAll(async () => {
  module = await keyAuthModule();
});

/** Envoy joins repeated `authorization` headers before any plugin sees them, and the host does as Envoy does. */
function asEnvoyHasIt(facts: RequestFacts): RequestFacts {
  const isAuthorization = ([name]: readonly [string, string]): boolean =>
    name.toLowerCase() === 'authorization';
  const values = facts.headers.filter(isAuthorization).map(([, value]) => value);
  if (values.length < 2) return facts;
  const others = facts.headers.filter((header) => !isAuthorization(header));
  return { ...facts, headers: [...others, ['authorization', values.join(',')]] };
}

function expected(image: KeyAuthImage, facts: RequestFacts): object {
  const decision = decide(image, facts);
  switch (decision.kind) {
    case 'admit':
      return { kind: 'admit', consumer: decision.consumer, route: decision.route };
    case 'answer': {
      // A policy version beyond 2^53 has no exact form in this JSON parser.
      const body: unknown = JSON.parse(
        JSON.stringify(decision.body, (_, value: unknown) =>
          typeof value === 'bigint' ? Number(value) : value,
        ),
      );
      return { kind: 'reply', status: 200, headers: { 'content-type': 'application/json' }, body };
    }
    case 'refuse':
      return { kind: 'reply', ...refusal(facts, decision) };
  }
}

/** A request that somebody who may use a route might well send. */
function likelyRequest({ policy, tokens }: GeneratedPolicy): fc.Arbitrary<RequestFacts> {
  const byDigest = new Map(tokens.map((token) => [Buffer.from(tokenDigest(token)).toString('hex'), token]));
  const uses = policy.consumers.flatMap((consumer) =>
    consumer.tokens.flatMap(({ digest }) =>
      consumer.grants.map(({ route }) => ({
        token: byDigest.get(Buffer.from(digest).toString('hex')) ?? '',
        route,
      })),
    ),
  );
  return fc
    .record({
      use: fc.constantFrom(...uses),
      model: fc.constantFrom(...MODELS),
      get: fc.boolean(),
      now: fc.constantFrom(NOW, NOW - 1),
    })
    .map(({ use, model, get, now }) => {
      const route = policy.routes.find(({ key }) => key === use.route);
      const name = use.route.slice(use.route.indexOf('/') + 1);
      const headers = [
        ['authorization', `Bearer ${use.token}`] as const,
        ['content-type', 'application/json'] as const,
      ];
      if (route?.kind === 'llm' && !get) {
        const body = [Buffer.from(JSON.stringify({ model }))];
        return { method: 'POST', path: `${route.path}/messages`, headers, body, now };
      }
      const path =
        route?.kind === 'llm'
          ? `${route.path}/models`
          : route?.kind === 'mcp'
            ? `/mcp-servers/${name}/sse`
            : `/services/${name}/user`;
      return { method: 'GET', path, headers, body: [], now };
    });
}

describe('the plugin', () => {
  it('decides as the oracle does, under any policy, on any request, in any pieces', () => {
    const kinds = new Map<string, number>();
    let calls = 0;
    // A policy that nobody can use says little.
    const usable = keyAuthPolicy.filter(({ policy }) =>
      policy.consumers.some(({ tokens, grants }) => tokens.length * grants.length > 0),
    );
    const cases = usable.chain((generated) =>
      fc.record({
        generated: fc.constant(generated),
        requests: fc.array(fc.oneof(requestFor(generated), likelyRequest(generated)), {
          minLength: 8,
          maxLength: 8,
        }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ generated, requests }) => {
        // What a consumer has spent is no part of this decision.
        const consumers = generated.policy.consumers.map((consumer) => ({ ...consumer, limits: [] }));
        const bytes = writeKeyAuthImage({ ...generated.policy, consumers });
        const image = new KeyAuthImage(bytes);
        const gateways = new Map<number, Gateway>();
        for (const request of requests) {
          const facts = asEnvoyHasIt(request);
          const gateway =
            gateways.get(facts.now) ?? new Gateway(module, bytes, { startTimeMs: facts.now * 1000 });
          gateways.set(facts.now, gateway);
          const stream = gateway.send(facts);
          const wanted = expected(image, facts);
          expect(observe(stream)).toEqual(wanted);
          const kind = decide(image, facts).kind;
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
          if (kind === 'admit') {
            const told = stream.info.filterState.get('wasm.hiclaw.call');
            const record = decide(image, facts);
            const { call } = record.kind === 'admit' ? record : { call: null };
            expect(told === undefined ? null : Buffer.from(told)).toEqual(call);
            if (call !== null) calls++;
            const names = [...(stream.forwardedRequest.headers ?? [])].map(([name]) => name);
            expect(names.filter((name) => isIdentityHeader(name))).toEqual(['x-hiclaw-route']);
          }
          stream.end();
        }
      }),
      { numRuns: 1_200 },
    );
    expect([...kinds.keys()].sort()).toEqual(['admit', 'answer', 'refuse']);
    expect(kinds.get('admit')).toBeGreaterThan(500);
    expect(calls).toBeGreaterThan(60);
  });
});

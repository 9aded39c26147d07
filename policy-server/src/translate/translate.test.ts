import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Secret } from '@hiclaw/service-kit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ResourceSet } from '../store/resource-set.js';
import { resource, ResourceSetBuilder } from '../xds/resource-set.fixture.js';
import { listCases, readManifests } from './manifests.fixture.js';
import type { GatewayState } from './state.js';
import { createTranslator, type TranslateOptions, type Translation } from './translate.js';

const folder = fileURLToPath(new URL('testdata', import.meta.url));

const options: TranslateOptions = {
  maxBodyBytes: 16_777_216,
  nowMs: () => 0,
  certificateProblem: (pem) => (pem.includes('damaged') ? 'certificate 1 cannot be read' : null),
  openCredential: (uid, valueVersion) => {
    if (uid === 'uid-unreadable') throw new Error('vault key missing');
    return new Secret(`value of ${uid}/${valueVersion}`);
  },
};

function conditions({ conditions: look }: Translation, set: ResourceSet): Record<string, unknown> {
  const names = {
    Credential: set.credentials,
    Provider: set.providers,
    LlmRoute: set.llmRoutes,
    McpServer: set.mcpServers,
    ServiceRoute: set.serviceRoutes,
    Consumer: set.consumers,
  };
  const all = Object.entries(names).flatMap(([kind, map]) =>
    [...map.keys()].map((name) => [`${kind}/${name}`, look(kind, name)] as const),
  );
  return Object.fromEntries(all);
}

/** Bytes as text and nothing secret: what a golden file can hold. */
function readable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) =>
      item instanceof Uint8Array ? Buffer.from(item).toString('hex').slice(0, 16) : item,
    ).replaceAll(/\{"type":"Buffer","data":\[([\d,]{1,60})[^\]]*\]\}/g, '"bytes"'),
  );
}

describe('translate', () => {
  it.each(listCases(folder))('gives what %s.out.yaml says', async (name) => {
    const set = readManifests(folder, name);
    const translation = createTranslator(options)(set);
    const out = { conditions: conditions(translation, set), state: readable(translation.state) };
    await expect(stringify(out, { lineWidth: 0, aliasDuplicateObjects: false })).toMatchFileSnapshot(
      path.join(folder, `${name}.out.yaml`),
    );
  });

  it('gives the same state for the same set in any order', () => {
    const set = readManifests(folder, 'one-of-each');
    const expected = readable(createTranslator(options)(set).state);
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (numbers) => {
        const shuffle = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> => {
          const keyed = [...map].map((entry) => ({ entry, rank: numbers.next().value as number }));
          return new Map(keyed.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry));
        };
        const shuffled: ResourceSet = {
          policyVersion: set.policyVersion,
          credentials: shuffle(set.credentials),
          providers: shuffle(set.providers),
          llmRoutes: shuffle(set.llmRoutes),
          mcpServers: shuffle(set.mcpServers),
          serviceRoutes: shuffle(set.serviceRoutes),
          consumers: shuffle(set.consumers),
          grants: shuffle(set.grants),
          tokens: shuffle(set.tokens),
        };
        expect(readable(createTranslator(options)(shuffled).state)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('gives the same state step by step as at once, whatever is edited', () => {
    const names = ['a', 'b', 'c', 'd'];
    const name = fc.constantFrom(...names);
    const edit = fc.oneof(
      fc.record({ op: fc.constant('consumer'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('own'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('delete'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('token'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('grant'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('route'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('fallback'), name: fc.constant('b'), flag: fc.boolean() }),
      fc.record({ op: fc.constant('narrow'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('credential'), name, flag: fc.boolean() }),
      fc.record({ op: fc.constant('provider'), name, flag: fc.boolean() }),
    );
    let variants = 0;
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 25 }), (edits) => {
        const builder = new ResourceSetBuilder();
        for (const known of names) builder.provider(known, 'https://api.example.com/v1').consumer(known);
        const stepwise = createTranslator(options);
        for (const step of edits) {
          apply(builder, step.op, step.name, step.flag);
          const set = builder.set();
          const { state } = stepwise(set);
          expect(readable(state)).toEqual(readable(createTranslator(options)(set).state));
          variants += state.pools.filter(({ key }) => key.includes('~')).length;
        }
      }),
      { numRuns: 150 },
    );
    expect(variants).toBeGreaterThan(20);
  });

  it('keeps parts of the state that did not change', () => {
    const set = readManifests(folder, 'one-of-each');
    const translate = createTranslator(options);
    const before = translate(set).state;
    const alice = set.consumers.get('worker-alice')!;
    const consumers = new Map(set.consumers).set('worker-alice', { ...alice, revoked: true });
    const after = translate({ ...set, policyVersion: 2, consumers }).state;
    expect(after.access.consumers.map(({ name, revoked }) => [name, revoked])).toEqual([
      ['worker-alice', true],
      ['worker-bob', false],
    ]);
    expect(after.access.consumers[1]).toBe(before.access.consumers[1]);
    expect(after.access.routes).toBe(before.access.routes);
    expect(after.upstreams).toBe(before.upstreams);
    expect(after.routes).toBe(before.routes);
    expect(after.injection).toBe(before.injection);
  });

  it('keeps clusters and routes when a grant changes, unless it needs a variant that was not there', () => {
    const builder = new ResourceSetBuilder().consumer('alice').consumer('bob').consumer('carol');
    builder.provider('p', 'https://p.example.com/v1');
    const targets = ['m', 'n', 'o'].map((model, priority) => ({ provider: 'p', model, priority, weight: 1 }));
    builder.llmRoutes.set('r', resource('LlmRoute', 'r', { path: '/v1', models: ['*'], targets }));
    const grant = (consumer: string, models: string[] | null): GatewayState => {
      builder.grants.delete(consumer);
      builder.grant(consumer, 'llm-routes', 'r', models);
      return translate(builder.set()).state;
    };
    const keys = ({ pools }: GatewayState): string[] => pools.map(({ key }) => key);
    const translate = createTranslator(options);
    grant('alice', ['n']);
    const first = grant('bob', null);
    expect(keys(first)).toEqual(['llm-routes/r', 'llm-routes/r~3']);
    const same = grant('carol', ['n', 'x']);
    expect(
      [same.pools, same.routes].map((part, index) => part === [first.pools, first.routes][index]),
    ).toEqual([true, true]);
    const more = grant('bob', ['o']);
    expect(keys(more)).toEqual(['llm-routes/r', 'llm-routes/r~3', 'llm-routes/r~5']);
    expect(more.pools.slice(0, 2).map((pool, index) => pool === first.pools[index])).toEqual([true, true]);
    grant('carol', null);
    expect(keys(grant('alice', null))).toEqual(['llm-routes/r', 'llm-routes/r~5']);
  });

  it('keeps the consumers when only labels of one changed', () => {
    const set = readManifests(folder, 'one-of-each');
    const translate = createTranslator(options);
    const before = translate(set).state;
    const alice = set.consumers.get('worker-alice')!;
    const labelled = { ...alice.resource, metadata: { ...alice.resource.metadata, labels: { team: 'a' } } };
    const consumers = new Map(set.consumers).set('worker-alice', { ...alice, resource: labelled });
    expect(translate({ ...set, policyVersion: 2, consumers }).state.access.consumers).toBe(
      before.access.consumers,
    );
  });

  it('refuses damaged certificates with a condition', () => {
    const builder = new ResourceSetBuilder();
    builder.provider('p', 'https://api.example.com', { caCertificates: 'damaged' });
    const { state, conditions: look } = createTranslator(options)(builder.set());
    expect(state.upstreams).toEqual([]);
    expect(look('Provider', 'p')).toMatchObject([{ status: 'False', reason: 'CertificatesInvalid' }]);
  });

  it('opens a credential again that could not be opened', () => {
    let broken = true;
    const openCredential = (): Secret => {
      if (broken) throw new Error('not now');
      return new Secret('real');
    };
    const builder = new ResourceSetBuilder().credential('c', ['api.example.com']);
    builder.provider('p', 'https://api.example.com', { credential: 'c' });
    const translate = createTranslator({ ...options, openCredential });
    expect(translate(builder.set()).conditions('Provider', 'p')).toMatchObject([
      { reason: 'CredentialUnreadable' },
    ]);
    broken = false;
    expect(translate(builder.set()).conditions('Provider', 'p')).toMatchObject([{ reason: 'Accepted' }]);
  });
});

function apply(builder: ResourceSetBuilder, op: string, name: string, flag: boolean): void {
  switch (op) {
    case 'consumer':
      builder.consumer(name, { disabled: flag }, !flag);
      break;
    case 'own':
      builder.consumer(name, { credentials: { 'providers/a': flag ? 'a' : 'd' } });
      break;
    case 'delete':
      builder.consumers.delete(name);
      break;
    case 'token':
      if (flag) builder.tokens.delete(name);
      else builder.withTokens(name, [...(builder.tokens.get(name) ?? [])]);
      break;
    case 'grant':
      if (flag) builder.grant(name, 'llm-routes', name);
      else builder.grants.delete(name);
      break;
    case 'route':
      if (flag) builder.llmRoute(name, name, [`${name}-*`], `/${name}/v1`);
      else builder.llmRoutes.delete(name);
      break;
    case 'fallback': {
      // The same names as those of routes with one target, so that one becomes the other.
      const targets = [
        { provider: name, priority: 0, weight: 1 },
        { provider: 'a', model: 'a-1', priority: 1, weight: 1 },
        { provider: 'a', model: flag ? 'b-1' : 'c-1', priority: 1, weight: 2 },
      ];
      const spec = { path: `/${name}/v1`, models: [`${name}-*`], targets };
      builder.llmRoutes.set(name, resource('LlmRoute', name, spec));
      break;
    }
    case 'narrow':
      builder.grants.delete(name);
      builder.grant(name, 'llm-routes', 'b', flag ? ['a-*'] : ['b-*', 'c-*']);
      break;
    case 'credential':
      if (flag) builder.credential(name, ['api.example.com']);
      else builder.credentials.delete(name);
      break;
    default:
      builder.provider(name, 'https://api.example.com/v1', flag ? { credential: name } : {});
  }
}

import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { until } from '../network/until.js';
import type { LlmProvider } from '../upstreams/llm-provider.js';
import { bearer, call, type Call, get } from './calls.js';
import { type SeveralProviders, startSeveralProviders } from './several-providers.js';

let scene: SeveralProviders;
let path = '';
let routes = 0;

/** A route for one test. */
async function route(spec: object): Promise<string> {
  const name = `route-${++routes}`;
  path = `/${name}`;
  await scene.network.admin.put('llm-routes', name, {
    models: ['*'],
    allowedConsumers: ['worker-alice'],
    ...spec,
    path,
  });
  return name;
}

beforeAll(async () => {
  scene = await startSeveralProviders();
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(() => {
  onTestFailed(() => {
    process.stderr.write(scene.network.logs());
  });
  for (const provider of [scene.first, scene.second, scene.third]) {
    provider.forget();
    provider.behave({});
  }
});

function chat(model = 'gpt-4o', token = scene.alice): Promise<Call> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] });
  const headers = { ...bearer(token), 'content-type': 'application/json', 'accept-encoding': 'gzip' };
  return call(`${scene.network.gatewayOrigin}${path}/chat/completions`, { method: 'POST', headers, body });
}

function modelsAskedOf({ requests }: LlmProvider): readonly string[] {
  return requests.map((one) => (one.json() as { model: string }).model);
}

describe('weights', () => {
  it('share requests within a priority, whatever DNS makes of a name', async () => {
    await route({
      targets: [
        { provider: 'first', weight: 3 },
        { provider: 'second', weight: 1 },
        { provider: 'third', priority: 1, weight: 1000 },
      ],
    });
    const calls = 400;
    for (let i = 0; i < calls; i++) expect((await chat()).status).toBe(200);
    // Five standard deviations, should the choice ever be random: sqrt(400 * 3/4 * 1/4) is 8.7.
    expect(Math.abs(scene.first.requests.length - (calls * 3) / 4)).toBeLessThan(44);
    expect(scene.second.requests.length).toBe(calls - scene.first.requests.length);
    expect(scene.third.requests).toEqual([]);
  });

  it('let another target of the priority step in', async () => {
    await route({ targets: [{ provider: 'first', weight: 1000 }, { provider: 'second' }] });
    scene.first.behave({ status: 429 });
    for (let i = 0; i < 5; i++) expect((await chat()).status).toBe(200);
    expect(scene.second.requests).toHaveLength(5);
  });

  it('tell one provider with two models apart', async () => {
    const targets = [
      { provider: 'first', model: 'a' },
      { provider: 'first', model: 'b', weight: 4 },
      { provider: 'second', model: 'a', priority: 1 },
      { provider: 'second', model: 'b', priority: 2 },
    ];
    await route({ targets });
    for (let i = 0; i < 50; i++) await chat();
    expect(modelsAskedOf(scene.first).filter((model) => model === 'b')).toHaveLength(40);
    scene.first.behave({ status: 500 });
    scene.second.behave({ status: 503 });
    expect((await chat()).status).toBeGreaterThanOrEqual(500);
    expect(modelsAskedOf(scene.second)).toEqual(['a', 'b']);
  });
});

it('leaves a target out that fails again and again', async () => {
  await route({ targets: [{ provider: 'first' }, { provider: 'second', priority: 1 }] });
  scene.first.behave({ status: 500 });
  for (let i = 0; i < 30; i++) expect((await chat()).status).toBe(200);
  expect(scene.first.requests).toHaveLength(5);
  expect(scene.second.requests).toHaveLength(30);
  scene.second.behave({ status: 500 });
  scene.first.behave({});
  // Now both are left out, and so neither is.
  const comesBack = async (): Promise<boolean> => {
    await chat();
    return scene.first.requests.length > 5;
  };
  await until(comesBack, { withinMs: 20_000 });
});

describe('a consumer that may use only some models', () => {
  const fallbacks = [
    { provider: 'first' },
    { provider: 'second', model: 'costly', priority: 1 },
    { provider: 'third', model: 'gpt-4o-mini', priority: 2 },
  ];

  it('falls back to those only, from the moment of its grant', async () => {
    const name = await route({ targets: fallbacks });
    const { admin } = scene.network;
    scene.first.behave({ status: 503 });
    await admin.grant('llm-routes', name, 'worker-bob', { models: ['gpt-4o'] });
    expect((await chat('gpt-4o', scene.bob)).status, 'nothing to fall back to').toBe(503);
    expect([scene.second.requests, scene.third.requests]).toEqual([[], []]);

    await admin.grant('llm-routes', name, 'worker-bob', { models: ['gpt-4o*'] });
    expect((await chat('gpt-4o', scene.bob)).status).toBe(200);
    expect(scene.second.requests).toEqual([]);
    expect(modelsAskedOf(scene.third)).toEqual(['gpt-4o-mini']);

    expect((await chat('gpt-4o', scene.alice)).status, 'others reach all').toBe(200);
    expect(modelsAskedOf(scene.second)).toEqual(['costly']);

    await admin.grant('llm-routes', name, 'worker-bob');
    expect((await chat('gpt-4o', scene.bob)).status).toBe(200);
    expect(modelsAskedOf(scene.second)).toEqual(['costly', 'costly']);

    expect((await chat('gpt-4o', scene.alice)).status).toBe(200);
    await admin.grant('llm-routes', name, 'worker-bob', { models: ['gpt-4o', 'gpt-4o-mini'] });
    scene.second.forget();
    for (let i = 0; i < 10; i++) await chat('gpt-4o', scene.bob);
    expect(scene.second.requests).toEqual([]);
  });

  it('cannot pick another variant or target by anything it sends', async () => {
    const name = await route({ targets: fallbacks });
    await scene.network.admin.grant('llm-routes', name, 'worker-bob', { models: ['gpt-4o'] });
    scene.first.behave({ status: 503 });
    const body = JSON.stringify({ model: 'gpt-4o', messages: [] });
    for (const more of [
      { 'x-hiclaw-route': `llm-routes/${name}` },
      { 'x-envoy-retry-on': '5xx,retriable-headers' },
      { 'x-envoy-max-retries': '5' },
      { 'x-envoy-attempt-count': '3' },
      { 'x-envoy-decorator-operation': 'x', 'x-envoy-hedge-on-per-try-timeout': 'true' },
    ]) {
      const headers = { ...bearer(scene.bob), 'content-type': 'application/json', ...more };
      const url = `${scene.network.gatewayOrigin}${path}/chat/completions`;
      expect((await call(url, { method: 'POST', headers, body })).status).toBeGreaterThanOrEqual(400);
    }
    expect([scene.second.requests, scene.third.requests]).toEqual([[], []]);
  });
});

describe('a route with one target', () => {
  it('sends what its provider has seen only once', async () => {
    await route({ targets: [{ provider: 'first' }] });
    scene.first.behave({ status: 503, retryAfter: 0 });
    expect((await chat()).status).toBe(503);
    scene.first.behave({ resetAfter: 0 });
    expect((await chat()).status).toBe(503);
    expect(scene.first.requests).toHaveLength(2);
    expect(scene.first.requests[0]?.header('accept-encoding')).toBe('');
  });

  it('tries again if told to, after the time the provider asks for, unless that is long', async () => {
    await route({ targets: [{ provider: 'first' }], retry: { statuses: [429], attempts: 1 } });
    scene.first.behave({ status: 429, retryAfter: 1 });
    const startedAt = performance.now();
    expect((await chat()).status).toBe(429);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect(scene.first.requests).toHaveLength(2);

    scene.first.forget();
    scene.first.behave({ status: 429, retryAfter: 11 });
    expect((await chat()).status).toBe(429);
    scene.first.behave({ status: 503 });
    expect((await chat()).status, 'not among its statuses').toBe(503);
    expect(scene.first.requests).toHaveLength(2);
  });

  it('ends an attempt that is late', async () => {
    await route({ targets: [{ provider: 'first' }], timeouts: { firstByte: '300ms' } });
    scene.first.behave({ delayMs: 3000 });
    const { status, reason } = await chat();
    expect([status, reason]).toEqual([504, 'upstream-timeout']);
    expect(scene.first.requests).toHaveLength(1);
  });

  it('ends a stream that falls silent', async () => {
    await route({ targets: [{ provider: 'second' }], timeouts: { firstByte: '1s', betweenChunks: '1s' } });
    scene.second.behave({ idleAfter: 2 });
    const body = '{"model":"gpt-4o","stream":true,"messages":[]}';
    const headers = { ...bearer(scene.alice), 'content-type': 'application/json' };
    const url = `${scene.network.gatewayOrigin}${path}/chat/completions`;
    const startedAt = performance.now();
    expect((await call(url, { method: 'POST', headers, body })).status).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(scene.second.requests).toHaveLength(1);
  });

  it('calls the model what its target calls it, and lists it under its own name', async () => {
    await route({ models: ['small', 'gpt-*'], targets: [{ provider: 'third', model: 'tiny-1' }] });
    expect((await chat('small')).status).toBe(200);
    expect(modelsAskedOf(scene.third)).toEqual(['tiny-1']);
    expect((await chat('tiny-1')).status).toBe(403);
    const { body } = await get(scene.network.gatewayOrigin, `${path}/models`, scene.alice);
    expect((JSON.parse(body) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['small']);
  });
});

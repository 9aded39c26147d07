import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { freePorts } from '../network/free-ports.js';
import { until } from '../network/until.js';
import type { Behaviour } from '../upstreams/behaviour.js';
import { bearer, call, type Call, openStream } from './calls.js';
import { KEYS, seenBy, type SeveralProviders, startSeveralProviders } from './several-providers.js';

/** Longest wait of these routes for a first byte, in milliseconds. */
const FIRST_BYTE_MS = 800;
const TARGETS = [
  { provider: 'first' },
  { provider: 'second', model: 'second "model"', priority: 1 },
  { provider: 'third', model: 'third-model', priority: 2 },
];

const ALL = { models: ['*'], allowedConsumers: ['worker-alice'] };

let scene: SeveralProviders;
let path = '';
let routes = 0;

/** A route for one test: failures of others must not have driven out its targets. */
async function route(targets: readonly object[]): Promise<void> {
  path = `/route-${++routes}`;
  const timeouts = { firstByte: `${FIRST_BYTE_MS}ms` };
  await scene.network.admin.put('llm-routes', path.slice(1), { ...ALL, path, targets, timeouts });
}

beforeAll(async () => {
  scene = await startSeveralProviders();
  const [closed = 0] = await freePorts(1);
  await scene.network.admin.put('providers', 'closed', { baseUrl: `http://127.0.0.1:${closed}/v1` });
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(async () => {
  onTestFailed(() => {
    process.stderr.write(scene.network.logs());
  });
  await route(TARGETS);
  for (const provider of [scene.first, scene.second, scene.third, scene.stranger]) {
    provider.forget();
    provider.behave({});
  }
});

/** Whatever happened: each provider saw its own key or none, and no token. */
afterEach(() => {
  const { first, second, third, stranger } = scene;
  for (const [own, provider] of Object.entries({ first, second, third, stranger })) {
    const seen = seenBy(provider);
    for (const [owner, key] of Object.entries(KEYS)) if (owner !== own) expect(seen).not.toContain(key);
    expect(seen).not.toContain('hck_');
  }
});

function url(): string {
  return `${scene.network.gatewayOrigin}${path}/chat/completions`;
}

function post(body: string): Promise<Call> {
  const headers = { ...bearer(scene.alice), 'content-type': 'application/json' };
  return call(url(), { method: 'POST', headers, body });
}

const BODY =
  '{ "messages":[{"role":"user","content":"gpt-4o"}],"model" : "gpt\\u002d4o", "temperature":0.10}';
const mapped = (model: string): string => BODY.replace('"gpt\\u002d4o"', JSON.stringify(model));

describe('a target that fails before the first byte', () => {
  it.each<[string, Partial<Behaviour>]>([
    ['429', { status: 429 }],
    ['500', { status: 500 }],
    ['503 that says when to come back', { status: 503, retryAfter: 3600 }],
    ['no answer in time', { delayMs: 4 * FIRST_BYTE_MS }],
    ['a reset before the first byte', { resetAfter: 0 }],
    ['a reset in the middle of the headers', { resetMidHeaders: true }],
  ])('%s: the next one gets the request, made for it', async (_, behaviour) => {
    scene.first.behave(behaviour);
    const answer = await post(BODY);
    expect(answer.status).toBe(200);
    expect(scene.first.requests.map((one) => [one.url, one.body.toString()])).toEqual([
      ['/v1/chat/completions', BODY],
    ]);
    const [got, ...more] = scene.second.requests;
    expect(more).toEqual([]);
    expect(got?.url).toBe('/api/paas/v4/chat/completions');
    expect(got?.body.toString()).toBe(mapped('second "model"'));
    expect(got?.header('content-length')).toBe(String(got?.body.length));
    expect(got?.header('authorization')).toBe(`Bearer ${KEYS.second}`);
    expect(got?.header('api-key')).toBe('');
    expect(got?.header('host')).toBe(`localhost:${scene.second.port}`);
    expect(got?.header('accept-encoding')).toBe('');
    expect(scene.third.requests).toEqual([]);
  });

  it('is followed by all others, in their order', async () => {
    scene.first.behave({ status: 500 });
    scene.second.behave({ status: 502 });
    expect((await post(BODY)).status).toBe(200);
    const [got] = scene.third.requests;
    expect(got?.url).toBe(`/openai/chat/completions?key=${KEYS.third}`);
    expect(got?.body.toString()).toBe(mapped('third-model'));
    expect([got?.header('authorization'), got?.header('api-key')]).toEqual(['', '']);
  });

  it('refuses connections, or is not who it should be', async () => {
    for (const provider of ['closed', 'stranger']) {
      scene.third.forget();
      await route([{ provider }, { provider: 'third', priority: 1 }]);
      expect((await post(BODY)).status).toBe(200);
      expect(scene.third.requests).toHaveLength(1);
    }
    expect(scene.stranger.requests).toEqual([]);
  });

  it('has the last word when it is the last', async () => {
    scene.first.behave({ status: 500 });
    scene.second.behave({ status: 503 });
    scene.third.behave({ status: 429, retryAfter: 7 });
    const answer = await post(BODY);
    expect(answer.status).toBe(429);
    expect(answer.body).toContain('Pretended error.');
    expect([scene.first, scene.second, scene.third].map(({ requests }) => requests.length)).toEqual([
      1, 1, 1,
    ]);
  });
});

describe('a target that answers', () => {
  it('is not asked again because of what is wrong with the request', async () => {
    scene.first.behave({ status: 400 });
    expect((await post(BODY)).status).toBe(400);
    expect(scene.first.requests).toHaveLength(1);
    expect(scene.second.requests).toEqual([]);
  });

  it('has no successor after the first byte', async () => {
    scene.first.behave({ chunks: 8, resetAfter: 3, intervalMs: 20 });
    const { status, body } = await post(BODY.replace('{', '{"stream":true,'));
    // The connection breaks for the client as it did for the gateway.
    expect([status, body]).toEqual([0, expect.any(String)]);
    expect(scene.first.requests.map(({ chunksSent }) => chunksSent)).toEqual([3]);
    expect(scene.second.requests).toEqual([]);
  });

  it('may take longer than the first byte for the rest', async () => {
    scene.first.behave({ chunks: 6, intervalMs: FIRST_BYTE_MS / 3 });
    const { status, body } = await post(BODY.replace('{', '{"stream":true,'));
    expect(status).toBe(200);
    expect(body.match(/"content"/g)?.length).toBeGreaterThanOrEqual(6);
    expect(scene.second.requests).toEqual([]);
  });

  it('after another one streams unbuffered, with both edits in its request', async () => {
    scene.first.behave({ status: 503 });
    scene.second.behave({ chunks: Infinity, intervalMs: 20 });
    const body = BODY.replace('{', '{"stream":true,');
    const headers = { ...bearer(scene.alice), 'content-type': 'application/json' };
    const stream = await openStream(url(), { method: 'POST', headers, body });
    expect(stream.status).toBe(200);
    await until(() => stream.received > 300, { withinMs: 5000 });
    const [got] = scene.second.requests;
    expect(got?.chunksSent).toBeLessThan(100);
    stream.close();
    await until(() => got?.outcome === 'aborted', { withinMs: 5000 });
    const sent = got?.body.toString() ?? '';
    expect(sent.replace('"stream_options":{"include_usage":true},', '')).toBe(
      mapped('second "model"').replace('{', '{"stream":true,'),
    );
    expect(got?.json()).toMatchObject({ model: 'second "model"', stream_options: { include_usage: true } });
  });
});

it('replays large bodies whole', async () => {
  scene.first.behave({ status: 500 });
  scene.second.behave({ status: 429 });
  for (const megabytes of [4, 15]) {
    const text = 'é'.repeat((megabytes << 20) / 2);
    const body = `{"messages":[{"role":"user","content":"${text}"}],"model":"gpt-4o"}`;
    expect((await post(body)).status).toBe(200);
    const got = scene.third.requests.at(-1)?.body.toString();
    expect(got === body.replace('"gpt-4o"', '"third-model"')).toBe(true);
    expect(scene.first.requests.at(-1)?.body.toString() === body).toBe(true);
  }
});

import { tokenDigest } from '@hiclaw/policy-image';
import type { PluginModule } from '@hiclaw/proxy-wasm-host';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';
import { chatRequest, consumer, image, mcpRequest, serviceRequest, token } from './support/policies.js';

let module: PluginModule;

beforeAll(async () => {
  module = await keyAuthModule();
});

describe('without a policy', () => {
  it('refuses everything, and has no timer', () => {
    const gateway = new Gateway(module, null);
    expect(gateway.plugin.accepted).toBe(true);
    expect(gateway.plugin.tickPeriodMs).toBe(0);
    for (const path of ['/healthz', '/v1/models', '/mcp-servers/github/mcp', '/services/jira/x', '/']) {
      const seen = observe(gateway.send({ ...mcpRequest(1), path }));
      expect(seen).toMatchObject({
        kind: 'reply',
        status: 503,
        headers: { 'x-hiclaw-reason': 'no-policy', 'retry-after': '1' },
      });
    }
  });

  it('keeps the policy that the VM already has', () => {
    const gateway = new Gateway(module, image([consumer(1)]));
    gateway.push(null);
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
  });
});

describe('confirmation', () => {
  it('comes in the first tick after a new image, once, from the newest context', () => {
    const gateway = new Gateway(module, image([consumer(1)], { policyVersion: 18446744073709551615n }));
    expect(gateway.plugin.tickPeriodMs).toBe(1);
    expect(gateway.host.httpCallouts).toEqual([]);
    gateway.host.advance(1);
    expect(gateway.host.httpCallouts.map(({ cluster, timeoutMs }) => [cluster, timeoutMs])).toEqual([
      ['policy-server', 5000],
    ]);
    const headers = gateway.host.httpCallouts[0]?.headers;
    expect(headers?.get(':method')).toBe('POST');
    expect(headers?.get(':path')).toMatch(
      /^\/applied\?plugin=key-auth&version=18446744073709551615&vm=[0-9a-f]{16}$/,
    );
    expect(headers?.get('x-hiclaw-node')).toBe('replica-1');
    expect(gateway.plugin.tickPeriodMs, 'nothing ends by the clock').toBe(0);

    const first = gateway.plugin;
    const old = first.createStream();
    old.requestHeaders([
      [':authority', 'g'],
      [':method', 'GET'],
      [':path', '/mcp-servers/github/mcp'],
      [':scheme', 'http'],
      ['x-api-key', token(1)],
    ]);
    gateway.push(image([consumer(1)], { policyVersion: 2n }));
    expect(first.deleted, 'its stream still runs').toBe(false);
    gateway.host.advance(5000);
    const paths = gateway.host.httpCallouts.map((callout) => callout.headers.get(':path'));
    expect(paths).toHaveLength(2);
    expect(paths[1]).toContain('version=2');
    expect(paths[1]?.slice(-16)).toBe(paths[0]?.slice(-16));
    old.end();
    expect(first.deleted).toBe(true);
    gateway.host.advance(5000);
    expect(gateway.host.httpCallouts).toHaveLength(2);
  });

  it('is tried again each second while the host does not take it', () => {
    const gateway = new Gateway(module, image([consumer(1)]), { clusters: [] });
    gateway.host.advance(1);
    expect(gateway.plugin.tickPeriodMs).toBe(1000);
    gateway.host.advance(3000);
    expect(gateway.plugin.stats.refusedText().length).toBe(4);
  });

  it('stops an old context that never ticked, and one that goes away', () => {
    const gateway = new Gateway(module, image([consumer(1)]));
    const first = gateway.plugin;
    gateway.push(image([consumer(1)], { policyVersion: 2n }));
    expect(first.tickPeriodMs).toBe(0);
    const second = gateway.plugin;
    second.close();
    expect(second.deleted).toBe(true);
    expect(second.tickPeriodMs).toBe(0);
  });
});

describe('running streams', () => {
  const others = [consumer(1), consumer(2)];

  it('are cut in the first tick after their consumer is revoked, also when idle, and no others', () => {
    const gateway = new Gateway(module, image(others));
    const alice = [mcpRequest(1), serviceRequest(1), chatRequest(1)].map((request) => gateway.send(request));
    const bob = [mcpRequest(2), serviceRequest(2), chatRequest(2)].map((request) => gateway.send(request));
    for (const stream of [...alice, ...bob]) expect(observe(stream)).toMatchObject({ kind: 'admit' });
    gateway.push(image([consumer(1, { revoked: true }), consumer(2)], { policyVersion: 2n }));
    expect(alice.map((stream) => stream.closedBy)).toEqual([null, null, null]);
    gateway.host.advance(1);
    expect(alice.map((stream) => stream.closedBy)).toEqual(Array(3).fill('wasm_close_stream'));
    expect(bob.map((stream) => stream.closedBy)).toEqual([null, null, null]);
    const confirmed = gateway.host.httpCallouts.map((callout) => callout.headers.get(':path')).at(-1);
    expect(confirmed, 'cut first, then confirmed').toContain('version=2');
    for (const stream of bob) stream.end();
  });

  it.each([
    ['the token is gone', consumer(1, { tokens: [{ digest: tokenDigest(token(9)), expiresAt: 0 }] })],
    ['the token is another consumer\u2019s now', consumer(1, { name: 'worker-other' })],
    ['the consumer is disabled', consumer(1, { disabled: true })],
    ['the grant is gone', consumer(1, { grants: [{ route: 'service-routes/jira', models: null }] })],
    ['the model is gone', consumer(1, { grants: [{ route: 'llm-routes/chat', models: ['gpt-3'] }] })],
  ])('are cut when %s', (_, after) => {
    const gateway = new Gateway(module, image(others));
    const stream = gateway.send(
      after.grants[0]?.route === 'service-routes/jira' ? mcpRequest(1) : chatRequest(1),
    );
    gateway.push(image([after, consumer(2)], { policyVersion: 2n }));
    gateway.host.advance(1);
    expect(stream.closedBy).toBe('wasm_close_stream');
  });

  it('are cut when their route is gone, and go on when routes only move', () => {
    const gateway = new Gateway(module, image(others));
    const mcp = gateway.send(mcpRequest(1));
    const chat = gateway.send(chatRequest(1));
    const routes = [
      { kind: 'llm', key: 'llm-routes/a', path: '/v1', models: ['*'], catalogue: [] },
      { kind: 'llm', key: 'llm-routes/chat', path: '/v1', models: ['gpt-*'], catalogue: [] },
    ] as const;
    gateway.push(image(others, { policyVersion: 2n, routes }));
    gateway.host.advance(1);
    expect(mcp.closedBy).toBe('wasm_close_stream');
    expect(chat.closedBy).toBeNull();
    gateway.push(image(others, { policyVersion: 3n, routes: routes.slice(0, 1) }));
    gateway.host.advance(1);
    expect(chat.closedBy).toBe('wasm_close_stream');
  });

  it('are cut within a second of the end of their token or consumer', () => {
    const start = 1_700_000_000;
    const ends = [
      consumer(1, { tokens: [{ digest: tokenDigest(token(1)), expiresAt: start + 10 }] }),
      consumer(2, { expiresAt: start + 20 }),
      consumer(3),
    ];
    const gateway = new Gateway(module, image(ends), { startTimeMs: start * 1000 });
    const streams = [1, 2, 3].map((n) => gateway.send(mcpRequest(n)));
    gateway.host.advance(9_000);
    expect(streams.map((stream) => stream.closedBy)).toEqual([null, null, null]);
    gateway.host.advance(2_001);
    expect(streams.map((stream) => stream.closedBy)).toEqual(['wasm_close_stream', null, null]);
    gateway.host.advance(10_000);
    expect(streams.map((stream) => stream.closedBy)).toEqual([
      'wasm_close_stream',
      'wasm_close_stream',
      null,
    ]);
  });

  it('that wait for their body are decided under the policy of the moment when it is complete', () => {
    const gateway = new Gateway(module, image(others));
    const body = Buffer.from('{"model":"gpt-4o"}');
    const request = chatRequest(1);
    const waiting = gateway.send({
      ...request,
      body: [body.subarray(0, 5)],
      headers: request.headers.slice(0, 2),
    });
    const last = waiting; // its only piece so far was sent as the last one
    expect(observe(last)).toMatchObject({ kind: 'reply', status: 400 });
    const held = gateway.plugin.createStream();
    held.requestHeaders([
      [':authority', 'g'],
      [':method', 'POST'],
      [':path', '/v1/chat/completions'],
      [':scheme', 'http'],
      ...request.headers,
    ]);
    held.requestBody(body.subarray(0, 5));
    gateway.push(image([consumer(1, { revoked: true })], { policyVersion: 2n }));
    held.requestBody(body.subarray(5), { endStream: true });
    expect(observe(held)).toMatchObject({
      kind: 'reply',
      status: 401,
      headers: { 'x-hiclaw-reason': 'consumer-revoked' },
    });
  });

  it('end their body with trailers, and are decided there', () => {
    const gateway = new Gateway(module, image(others));
    for (const [model, seen] of [
      ['gpt-4o', { kind: 'admit', route: 'llm-routes/chat' }],
      ['other', { kind: 'reply', status: 403 }],
    ] as const) {
      const request = chatRequest(1, model);
      const stream = gateway.plugin.createStream();
      stream.requestHeaders([
        [':authority', 'g'],
        [':method', 'POST'],
        [':path', '/v1/chat/completions'],
        [':scheme', 'http'],
        ...request.headers,
      ]);
      stream.requestBody(request.body[0] ?? '');
      expect(observe(stream)).toMatchObject({ kind: 'paused' });
      stream.requestTrailers([['x-end', '1']]);
      expect(observe(stream)).toMatchObject(seen);
      stream.end();
    }
  });

  it('are told apart by thousands, whatever the order in which they end', () => {
    const gateway = new Gateway(module, image(Array.from({ length: 40 }, (_, n) => consumer(n))));
    const live = new Map<number, ReturnType<Gateway['send']>[]>();
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (let step = 0; step < 6_000; step++) {
      const n = random(40);
      const list = live.get(n) ?? [];
      live.set(n, list);
      if (random(3) > 0) list.push(gateway.send(random(2) === 0 ? mcpRequest(n) : chatRequest(n)));
      else list.splice(random(list.length), 1)[0]?.end();
    }
    const revoked = new Set([3, 17, 31]);
    gateway.push(
      image(
        Array.from({ length: 40 }, (_, n) => consumer(n, { revoked: revoked.has(n) })),
        { policyVersion: 2n },
      ),
    );
    gateway.host.advance(1);
    for (const [n, list] of live) {
      for (const stream of list) expect(stream.closedBy).toBe(revoked.has(n) ? 'wasm_close_stream' : null);
    }
  });
});

describe('memory', () => {
  it('stays flat over 10,000 policy edits and the requests between them', () => {
    const many = Array.from({ length: 400 }, (_, n) => consumer(n));
    const gateway = new Gateway(module, image(many));
    const edit = (version: number): void => {
      const changed = many.map((one, n) => (n === version % 400 ? { ...one, disabled: true } : one));
      expect(gateway.push(image(changed.slice(version % 7), { policyVersion: BigInt(version) }))).toBe(true);
    };
    for (let version = 2; version < 50; version++) edit(version);
    const bytes = [image(many), image(many.slice(0, 350)), image(many.slice(0, 120), { policyVersion: 9n })];
    let before = 0;
    for (let version = 0; version < 10_000; version++) {
      // The first request takes the memory of all streams that follow.
      if (version === 100) before = gateway.vm.memorySize;
      const next = bytes[version % 3];
      if (next === undefined || !gateway.push(next)) throw new Error('refused');
      gateway.send(chatRequest(version % 100)).end();
      if (version % 10 === 0) gateway.host.advance(1);
    }
    expect(gateway.vm.memorySize).toBe(before);
  });
});

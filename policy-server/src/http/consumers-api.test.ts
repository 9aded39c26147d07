import { parseToken, tokenDigest } from '@hiclaw/policy-image';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SPECS, TestApi } from './api.fixture.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const name of ['alice', 'bob']) {
    await api.delete(`/consumers/${name}`);
    await api.put(`/consumers/${name}`, {});
  }
  await api.put('/llm-routes/chat', { spec: { ...SPECS.llmRoute, allowedConsumers: [] } });
  await api.put('/mcp-servers/github', { spec: { ...SPECS.mcpServer, allowedConsumers: [] } });
  await api.put('/service-routes/gh', { spec: { ...SPECS.serviceRoute, allowedConsumers: [] } });
});

const tokensOf = (name: string) => api.server.store.resources().tokens.get(name) ?? [];

describe('tokens', () => {
  it('are shown once, and kept as digests', async () => {
    const issued = await api.post('/consumers/alice/tokens', {
      description: 'laptop',
      expiresAt: '2027-01-01T00:00:00+01:00',
    });
    expect(issued.status).toBe(201);
    expect(issued.body).toMatchObject({
      consumer: 'alice',
      description: 'laptop',
      expiresAt: '2026-12-31T23:00:00Z',
    });
    const token = issued.body.token;
    expect(parseToken(token)).toBe(token);
    expect(tokensOf('alice')).toMatchObject([
      { id: issued.body.id, digest: Buffer.from(tokenDigest(token)) },
    ]);
    const listed = await api.get('/consumers/alice/tokens');
    expect(listed.body.items).toMatchObject([{ id: issued.body.id, description: 'laptop', expired: false }]);
    const everywhere = [
      listed,
      await api.get('/consumers/alice'),
      await api.get('/audit'),
      await api.get('/consumers'),
    ];
    expect(everywhere.map(({ text }) => text).join()).not.toContain(token.slice(4, 30));
    expect(everywhere.map(({ text }) => text).join()).not.toContain(
      Buffer.from(tokenDigest(token)).toString('hex'),
    );
  });

  it('need no body, and none for ever', async () => {
    const issued = await api.post('/consumers/alice/tokens');
    expect(issued.body).toMatchObject({ expiresAt: null, description: '' });
    const dry = await api.post('/consumers/alice/tokens?dryRun=true');
    expect([dry.status, dry.body.token]).toEqual([201, undefined]);
    expect(tokensOf('alice')).toHaveLength(1);
  });

  it('expire in the list', async () => {
    await using own = await TestApi.start();
    await own.put('/consumers/alice', {});
    await own.post('/consumers/alice/tokens', { expiresAt: '2026-01-01T00:00:10Z' });
    own.clock.advance(10_000);
    const { body } = await own.send({ path: '/api/v1/consumers/alice/tokens' });
    expect(body.items).toMatchObject([{ expired: true }]);
  });

  it('are deleted one by one', async () => {
    const one = await api.post('/consumers/alice/tokens');
    const two = await api.post('/consumers/alice/tokens');
    expect((await api.delete(`/consumers/bob/tokens/${one.body.id}`)).status).toBe(404);
    expect((await api.delete(`/consumers/alice/tokens/${one.body.id}`)).status).toBe(204);
    expect((await api.delete(`/consumers/alice/tokens/${one.body.id}`)).status).toBe(404);
    expect(tokensOf('alice').map(({ id }) => id)).toEqual([two.body.id]);
  });

  it('rotate at once, or with a grace period', async () => {
    const now = api.clock.nowMs() / 1000;
    const first = await api.post('/consumers/alice/tokens');
    const second = await api.post('/consumers/alice/tokens/rotate', { graceSeconds: 300 });
    expect(second.body.ending).toEqual([{ id: first.body.id, expiresAt: '2026-01-01T00:05:00Z' }]);
    expect(new Map(tokensOf('alice').map(({ id, expiresAt }) => [id, expiresAt]))).toEqual(
      new Map([
        [first.body.id, now + 300],
        [second.body.id, 0],
      ]),
    );
    const third = await api.post('/consumers/alice/tokens/rotate');
    expect(third.body.ending).toEqual([]);
    expect(tokensOf('alice').map(({ id }) => id)).toEqual([third.body.id]);
  });

  it.each<[unknown, string]>([
    [{ expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ expiresAt: 7 }, 'expiresAt'],
    [{ token: 'hck_x' }, 'token'],
    [{ description: 'a\u0000' }, 'description'],
    [[], ''],
  ])('refuse %j', async (body, path) => {
    const answer = await api.post('/consumers/alice/tokens', body);
    expect(answer.body).toMatchObject({ status: 400, errors: [{ path }] });
    expect(tokensOf('alice')).toEqual([]);
  });

  it.each([{ graceSeconds: -1 }, { graceSeconds: 1e9 }, { graceSeconds: '1' }, { grace: 1 }])(
    'refuse to rotate with %j',
    async (body) => {
      expect((await api.post('/consumers/alice/tokens/rotate', body)).status).toBe(400);
    },
  );

  it('belong to consumers that exist', async () => {
    for (const path of [
      '/consumers/nobody/tokens',
      '/consumers/nobody/tokens/rotate',
      '/consumers/nobody/revoke',
      '/consumers/nobody/restore',
    ]) {
      expect((await api.post(path)).body).toMatchObject({ code: 'NOT_FOUND' });
    }
    expect((await api.get('/consumers/nobody/tokens')).status).toBe(404);
    expect((await api.get('/consumers/nobody/access')).status).toBe(404);
    expect((await api.patch('/consumers/nobody/access', {})).status).toBe(404);
  });
});

describe('revocation', () => {
  it('waits for all replicas by default and can be lifted', async () => {
    api.gateways.answer = [
      { id: 'gw-0', applied: true, ms: 2 },
      { id: 'gw-1', applied: false, ms: 5000, error: 'no answer' },
    ];
    await api.post('/consumers/alice/tokens');
    const revoked = await api.post('/consumers/alice/revoke');
    expect(revoked.body).toEqual({
      policyVersion: api.server.store.resources().policyVersion,
      applied: false,
      replicas: api.gateways.answer,
    });
    expect(api.gateways.asked.at(-1)).toEqual({
      policyVersion: revoked.body.policyVersion,
      timeoutMs: 5000,
    });
    expect(api.server.store.resources().consumers.get('alice')?.revoked).toBe(true);
    expect((await api.get('/consumers/alice')).body.status).toMatchObject({
      revoked: true,
      revokedAt: '2026-01-01T00:00:00Z',
    });

    expect((await api.put('/consumers/alice', { spec: { description: 'x' } })).body.status.revoked).toBe(
      true,
    );
    const restored = await api.post('/consumers/alice/restore?wait=none', {});
    expect(restored.body).toMatchObject({ applied: null, replicas: [] });
    expect((await api.get('/consumers/alice')).body.status).toMatchObject({
      revoked: false,
      revokedAt: null,
      tokens: 1,
    });
    api.gateways.answer = [];
  });

  it('may be repeated, and takes no fields', async () => {
    await api.post('/consumers/alice/revoke');
    expect((await api.post('/consumers/alice/revoke')).status).toBe(200);
    expect((await api.post('/consumers/alice/restore', { graceful: true })).status).toBe(400);
    expect((await api.post('/consumers/alice/restore?dryRun=true')).status).toBe(200);
    expect(api.server.store.resources().consumers.get('alice')?.revoked).toBe(true);
  });

  it('ends with the consumer: a new one of that name is not revoked', async () => {
    await api.post('/consumers/alice/revoke');
    await api.delete('/consumers/alice');
    await api.put('/consumers/alice', {});
    expect(api.server.store.resources().consumers.get('alice')?.revoked).toBe(false);
  });
});

describe('single grants', () => {
  it('come and go without touching others, and change the ETag of the route', async () => {
    const before = (await api.get('/llm-routes/chat')).headers['etag'];
    const granted = await api.put('/llm-routes/chat/allowedConsumers/alice', { models: ['gpt-4o'] });
    expect([granted.status, granted.body]).toEqual([
      201,
      { name: 'alice', models: ['gpt-4o'], source: 'admin' },
    ]);
    await api.put('/llm-routes/chat/allowedConsumers/bob');
    const route = await api.get('/llm-routes/chat');
    expect(route.body.spec.allowedConsumers).toEqual([{ name: 'alice', models: ['gpt-4o'] }, 'bob']);
    expect(route.body.status.allowedConsumers).toEqual([
      { name: 'alice', models: ['gpt-4o'], source: 'admin' },
      { name: 'bob', source: 'admin' },
    ]);
    expect(route.headers['etag']).not.toBe(before);
    const old = { 'if-match': before as string };
    expect((await api.put('/llm-routes/chat/allowedConsumers/carol', {}, old)).status).toBe(412);
    expect((await api.delete('/llm-routes/chat/allowedConsumers/bob', old)).status).toBe(412);
    expect((await api.put('/llm-routes/chat/allowedConsumers/alice', {})).status).toBe(200);
    expect((await api.delete('/llm-routes/chat/allowedConsumers/bob')).status).toBe(204);
    expect((await api.delete('/llm-routes/chat/allowedConsumers/bob')).status).toBe(404);
    expect((await api.get('/llm-routes/chat')).body.spec.allowedConsumers).toEqual(['alice']);
  });

  it('of MCP servers and services have nothing to narrow yet', async () => {
    expect(
      (await api.put('/mcp-servers/github/allowedConsumers/alice', { tools: ['x'] })).body,
    ).toMatchObject({ errors: [{ path: 'tools' }] });
    expect((await api.put('/service-routes/gh/allowedConsumers/alice', { models: ['x'] })).status).toBe(400);
    expect((await api.put('/mcp-servers/github/allowedConsumers/alice')).body).toEqual({
      name: 'alice',
      source: 'admin',
    });
    expect((await api.put('/mcp-servers/nowhere/allowedConsumers/alice')).status).toBe(404);
    expect((await api.put('/providers/openai/allowedConsumers/alice')).status).toBe(404);
  });

  it('may name a consumer that does not exist yet', async () => {
    expect((await api.put('/mcp-servers/github/allowedConsumers/worker-soon')).status).toBe(201);
  });
});

describe('lists of consumers on a route', () => {
  it('stay when a patch or a replacement does not name them, and end with null', async () => {
    await api.put('/llm-routes/chat', {
      spec: { ...SPECS.llmRoute, allowedConsumers: ['bob', { name: 'alice', models: ['a'] }] },
    });
    await api.put('/llm-routes/chat', { spec: SPECS.llmRoute });
    await api.patch('/llm-routes/chat', { spec: { models: ['x'] } });
    const names = async () => (await api.get('/llm-routes/chat')).body.spec.allowedConsumers as unknown;
    expect(await names()).toEqual([{ name: 'alice', models: ['a'] }, 'bob']);
    const dry = await api.patch('/llm-routes/chat?dryRun=true', { spec: { allowedConsumers: ['carol'] } });
    expect(dry.body.spec.allowedConsumers).toEqual(['carol']);
    await api.patch('/llm-routes/chat', { spec: { allowedConsumers: null } });
    expect(await names()).toEqual([]);
  });
});

describe('access', () => {
  it('shows what is reachable and by which grants', async () => {
    await api.put('/llm-routes/chat/allowedConsumers/alice');
    await api.put('/mcp-servers/github/allowedConsumers/alice');
    expect((await api.get('/consumers/alice/access')).body).toMatchObject({
      consumer: 'alice',
      revoked: false,
      llmRoutes: { chat: ['gpt-4o', 'gpt-3.5*'] },
      mcpServers: { github: ['*'] },
      serviceRoutes: {},
      grants: [
        { route: 'llm-routes/chat', source: 'admin' },
        { route: 'mcp-servers/github', source: 'admin' },
      ],
    });
  });

  it('is edited over all routes at once, or not at all', async () => {
    const edit = {
      llmRoutes: { chat: ['gpt-4o'] },
      mcpServers: { github: ['*'] },
      serviceRoutes: { gh: ['*'] },
    };
    const edited = await api.patch('/consumers/alice/access', edit);
    expect(edited.body).toMatchObject(edit);
    const taken = await api.patch('/consumers/alice/access', {
      llmRoutes: { chat: ['*'] },
      mcpServers: { github: null },
    });
    expect(taken.body).toMatchObject({
      llmRoutes: { chat: ['gpt-4o', 'gpt-3.5*'] },
      mcpServers: {},
      serviceRoutes: { gh: ['*'] },
    });
    const before = await api.get('/consumers/alice/access');
    const refused = await api.patch('/consumers/alice/access', {
      llmRoutes: { chat: null },
      mcpServers: { nowhere: ['*'] },
    });
    expect(refused.body).toMatchObject({ status: 400, errors: [{ path: 'mcpServers.nowhere' }] });
    expect((await api.get('/consumers/alice/access')).body.llmRoutes).toEqual(before.body.llmRoutes);
  });

  it('refuses an edit of an older version', async () => {
    const tag = (await api.get('/consumers/alice/access')).headers['etag'] as string;
    expect(
      (await api.patch('/consumers/alice/access', { llmRoutes: { chat: ['*'] } }, { 'if-match': tag }))
        .status,
    ).toBe(200);
    expect(
      (await api.patch('/consumers/alice/access', { llmRoutes: { chat: null } }, { 'if-match': tag })).status,
    ).toBe(412);
  });

  it.each<[object, string]>([
    [{ llmRoutes: { chat: [] } }, 'llmRoutes.chat'],
    [{ llmRoutes: { chat: 'x' } }, 'llmRoutes.chat'],
    [{ mcpServers: { github: ['get_*'] } }, 'mcpServers.github'],
    [{ llmroutes: {} }, 'llmroutes'],
    [{ llmRoutes: { 'Not a name': ['*'] } }, 'llmRoutes["Not a name"]'],
  ])('refuses %j', async (body, path) => {
    expect((await api.patch('/consumers/alice/access', body)).body).toMatchObject({
      status: 400,
      errors: [{ path }],
    });
  });

  it('shows nothing of routes that are gone', async () => {
    await api.put('/mcp-servers/github/allowedConsumers/alice');
    await api.delete('/mcp-servers/github');
    expect((await api.get('/consumers/alice/access')).body).toMatchObject({ mcpServers: {}, grants: [] });
  });
});

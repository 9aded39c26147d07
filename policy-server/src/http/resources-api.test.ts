import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SPECS, TestApi } from './api.fixture.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

const KINDS = [
  ['credentials', 'Credential', SPECS.credential],
  ['providers', 'Provider', SPECS.provider],
  ['llm-routes', 'LlmRoute', SPECS.llmRoute],
  ['mcp-servers', 'McpServer', SPECS.mcpServer],
  ['service-routes', 'ServiceRoute', SPECS.serviceRoute],
  ['consumers', 'Consumer', {}],
] as const;

describe.each(KINDS)('%s', (collection, kind, spec) => {
  it('creates, reads, replaces, patches, lists and deletes', async () => {
    const created = await api.post(`/${collection}`, {
      metadata: { name: 'one', labels: { team: 'red' } },
      spec,
    });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      apiVersion: 'hiclaw.io/v1beta1',
      kind,
      metadata: { name: 'one', generation: 1 },
    });
    expect(created.headers['etag']).toBe(`"${created.body.metadata.resourceVersion}"`);
    expect(created.headers['x-hiclaw-policy-version']).toBe(created.body.metadata.resourceVersion);

    const read = await api.get(`/${collection}/one`);
    expect(read.body).toEqual(created.body);

    const same = await api.put(`/${collection}/one`, read.body);
    expect(same.status).toBe(200);
    expect(same.body.metadata).toEqual(read.body.metadata);
    expect(Number(same.headers['x-hiclaw-policy-version'])).toBeGreaterThan(
      Number(read.body.metadata.resourceVersion),
    );

    const patched = await api.patch(
      `/${collection}/one`,
      { metadata: { labels: { team: null, tier: 'gold' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    expect(patched.status).toBe(200);
    expect(patched.body.metadata).toMatchObject({ labels: { tier: 'gold' }, generation: 1 });
    expect(patched.body.metadata.labels).not.toHaveProperty('team');

    const listed = await api.get(`/${collection}?labelSelector=tier%3Dgold,!team`);
    expect(listed.body).toMatchObject({ kind: `${kind}List`, items: [patched.body] });

    const deleted = await api.delete(`/${collection}/one`, { 'if-match': patched.headers['etag'] as string });
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(deleted.headers['x-hiclaw-policy-version']).toMatch(/^\d+$/);
    expect((await api.get(`/${collection}/one`)).status).toBe(404);
    expect((await api.delete(`/${collection}/one`)).body).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('changes nothing on a dry run', async () => {
    const dry = await api.put(`/${collection}/ghost?dryRun=true`, { spec });
    expect(dry.status).toBe(201);
    expect(dry.body.metadata.name).toBe('ghost');
    expect((await api.get(`/${collection}/ghost`)).status).toBe(404);
    expect((await api.delete(`/${collection}/ghost?dryRun=true`)).status).toBe(404);
  });

  it('refuses a second creation, and a replacement when only creation is wanted', async () => {
    await api.put(`/${collection}/twice`, { spec });
    expect((await api.post(`/${collection}`, { metadata: { name: 'twice' }, spec })).body).toMatchObject({
      code: 'ALREADY_EXISTS',
      status: 409,
    });
    expect((await api.put(`/${collection}/twice`, { spec }, { 'if-none-match': '*' })).status).toBe(412);
    await api.delete(`/${collection}/twice`);
  });

  it('refuses edits of an older version, by header or by body', async () => {
    const first = await api.put(`/${collection}/edited`, { spec });
    const second = await api.patch(`/${collection}/edited`, { metadata: { labels: { a: 'b' } } });
    const old = { 'if-match': first.headers['etag'] as string };
    expect((await api.put(`/${collection}/edited`, { spec }, old)).status).toBe(412);
    expect((await api.patch(`/${collection}/edited`, { spec: {} }, old)).status).toBe(412);
    expect((await api.delete(`/${collection}/edited`, old)).status).toBe(412);
    expect((await api.put(`/${collection}/edited`, first.body)).body).toMatchObject({
      code: 'PRECONDITION_FAILED',
      status: 412,
    });
    expect((await api.put(`/${collection}/nowhere`, { spec }, { 'if-match': '*' })).status).toBe(412);
    expect((await api.get(`/${collection}/edited`)).body).toEqual(second.body);
    const weak = { 'if-match': `W/${second.headers['etag'] as string}` };
    expect((await api.delete(`/${collection}/edited`, weak)).status).toBe(412);
    expect(
      (await api.delete(`/${collection}/edited`, { 'if-match': `"0", ${second.headers['etag'] as string}` }))
        .status,
    ).toBe(204);
  });
});

describe('lists', () => {
  it('pages through everything exactly once', async () => {
    const names = Array.from({ length: 7 }, (_, i) => `page-${String(i)}`);
    for (const name of names) await api.put(`/consumers/${name}`, { metadata: { labels: { paged: 'yes' } } });
    const seen: string[] = [];
    let next = '';
    do {
      const page = await api.get(`/consumers?labelSelector=paged&limit=3${next}`);
      seen.push(...page.body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      next = page.body.metadata.continue === undefined ? '' : `&continue=${page.body.metadata.continue}`;
    } while (next !== '');
    expect(seen).toEqual(names);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['continue=%00', 'continue'],
    ['continue=WzIsImEiXQ', 'continue'],
    ['labelSelector=a%3D%3D%3Db', 'labelSelector'],
    ['labelSelector=a%20in%20(x', 'labelSelector'],
    ['labelselector=a', 'labelselector'],
    ['watch=true', 'watch'],
    ['__proto__=1', '__proto__'],
  ])('refuses ?%s', async (query, path) => {
    const answer = await api.get(`/consumers?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ path }] });
  });

  it.each([
    ['env=prod', ['a']],
    ['env!=prod', ['b', 'c']],
    ['env in (prod, test)', ['a', 'b']],
    ['env notin (prod)', ['b', 'c']],
    ['env', ['a', 'b']],
    ['!env', ['c']],
    ['env==test,tier', ['b']],
    ['', ['a', 'b', 'c']],
  ])('selects %j', async (selector, names) => {
    const labels = { a: { env: 'prod' }, b: { env: 'test', tier: '1' }, c: {} };
    for (const [name, own] of Object.entries(labels))
      await api.put(`/mcp-servers/${name}`, { metadata: { labels: own }, spec: SPECS.mcpServer });
    const { body } = await api.get(`/mcp-servers?labelSelector=${encodeURIComponent(selector)}`);
    expect(body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(names);
  });
});

describe('credentials', () => {
  it('never show their value, and need one to come into being', async () => {
    expect((await api.put('/credentials/empty', { spec: { hosts: ['a.b'] } })).body).toMatchObject({
      errors: [{ path: 'spec.value' }],
    });
    const created = await api.put('/credentials/openai', { spec: SPECS.credential });
    const rotated = await api.patch('/credentials/openai', { spec: { value: 'sk-very-real-2' } });
    const moved = await api.put('/credentials/openai', { spec: { hosts: ['other.example'] } });
    const same = await api.patch('/credentials/openai', { spec: { value: 'sk-very-real-2' } });
    const all = [
      created,
      rotated,
      moved,
      same,
      await api.get('/credentials/openai'),
      await api.get('/credentials'),
      await api.get('/audit'),
    ];
    expect(all.map(({ text }) => text).join()).not.toContain('very-real');
    expect([created, rotated, moved, same].map(({ body }) => body.status.valueVersion)).toEqual([1, 2, 2, 2]);
    expect(rotated.body.metadata.generation).toBe(2);
  });

  it('cannot be deleted while something refers to them', async () => {
    await api.put('/credentials/held', { spec: SPECS.credential });
    await api.put('/providers/holder', { spec: { ...SPECS.provider, credential: 'held' } });
    await api.put('/consumers/holder', { spec: { credentials: { 'mcp-servers/github': 'held' } } });
    const refused = await api.delete('/credentials/held');
    expect(refused.body).toMatchObject({ status: 409, code: 'STILL_REFERENCED' });
    expect(refused.body.detail).toMatch(/providers\/holder, consumers\/holder/);
    await api.delete('/providers/holder');
    await api.delete('/consumers/holder');
    expect((await api.delete('/credentials/held')).status).toBe(204);
  });

  it('survive many writers at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        api.put('/credentials/busy', { spec: { ...SPECS.credential, value: `sk-${String(i)}` } }),
      ),
    );
    const { body } = await api.get('/credentials/busy');
    const { uid } = body.metadata;
    expect(body.status.valueVersion).toBe(20);
    expect(api.server.store.sealedRows().filter((row) => row.credential_uid === uid)).toHaveLength(1);
  });
});

describe('several admins at once', () => {
  it('never lose an edit: of edits with If-Match on one version exactly one succeeds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('put', 'patch', 'grant'), { minLength: 2, maxLength: 6 }),
        async (edits) => {
          const start = await api.put('/llm-routes/contested', {
            spec: { ...SPECS.llmRoute, path: '/v1', allowedConsumers: [] },
          });
          const tag = { 'if-match': start.headers['etag'] as string };
          const answers = await Promise.all(
            edits.map((edit, i) => {
              if (edit === 'put')
                return api.put(
                  '/llm-routes/contested',
                  { spec: { ...SPECS.llmRoute, path: `/put-${String(i)}` } },
                  tag,
                );
              if (edit === 'patch')
                return api.patch('/llm-routes/contested', { spec: { path: `/patch-${String(i)}` } }, tag);
              return api.put(`/llm-routes/contested/allowedConsumers/c-${String(i)}`, {}, tag);
            }),
          );
          expect(answers.filter(({ status }) => status < 300)).toHaveLength(1);
          expect(answers.filter(({ status }) => status === 412)).toHaveLength(edits.length - 1);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('keep all edits of different fields that were made without If-Match', async () => {
    await api.put('/credentials/shared', { spec: SPECS.credential });
    const edits = Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0
        ? { metadata: { labels: { [`l${String(i)}`]: 'x' } } }
        : { spec: { value: `sk-${String(i)}` }, metadata: { labels: { [`l${String(i)}`]: 'x' } } },
    );
    const answers = await Promise.all(edits.map((edit) => api.patch('/credentials/shared', edit)));
    expect(answers.map(({ status }) => status)).toEqual(edits.map(() => 200));
    expect(Object.keys((await api.get('/credentials/shared')).body.metadata.labels as object)).toHaveLength(
      12,
    );
  });
});

describe('waiting for gateways', () => {
  it('asks with the new version and says who is behind', async () => {
    api.gateways.answer = [
      { id: 'gw-0', applied: true, ms: 3 },
      { id: 'gw-1\r\nx: y', applied: false, ms: 50, error: 'late' },
    ];
    const answer = await api.put('/consumers/waited?wait=applied&timeout=50ms', {});
    expect(answer.headers['x-hiclaw-applied']).toBe('false');
    expect(answer.headers['x-hiclaw-pending']).toBe('gw-1__x:_y');
    expect(api.gateways.asked.at(-1)).toEqual({
      policyVersion: Number(answer.headers['x-hiclaw-policy-version']),
      timeoutMs: 50,
    });
    api.gateways.answer = [{ id: 'gw-0', applied: true, ms: 3 }];
    expect((await api.put('/consumers/waited?wait=applied', {})).headers['x-hiclaw-applied']).toBe('true');
    const asked = api.gateways.asked.length;
    await api.put('/consumers/waited?wait=applied&dryRun=true', {});
    await api.put('/consumers/waited', {});
    expect(api.gateways.asked).toHaveLength(asked);
  });

  it.each(['wait=yes', 'timeout=5', 'timeout=2m', 'timeout=0s', 'timeout=-1s', 'dryRun=1', 'dryrun=true'])(
    'refuses ?%s',
    async (query) => {
      expect((await api.put(`/consumers/x?${query}`, {})).status).toBe(400);
    },
  );
});

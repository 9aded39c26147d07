import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeResource, type Kind, KINDS } from '@hiclaw/resources';
import { type Answer, SPECS, TestApi } from './api.fixture.js';
import { INPUT_EXAMPLES } from './examples.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
  readonly requestBody?: object;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

describe('/openapi.json', () => {
  let document: Document;
  let ajv: Ajv2020;
  beforeAll(async () => {
    document = (await api.send({ path: '/openapi.json', token: null })).body as unknown as Document;
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ $id: 'https://hiclaw.test/openapi', ...document });
  });

  /** What the document says about this answer does not fit, or nothing. */
  function misfit(method: string, path: string, answer: Answer): string {
    const { responses } = document.paths[path]![method]!;
    const described = responses[String(answer.status)];
    if (described === undefined) return `${method} ${path} does not describe ${String(answer.status)}`;
    const media = String(answer.headers['content-type'] ?? '').split(';')[0]!;
    const schema = described.content?.[media]?.schema;
    if (schema === undefined) return answer.text === '' ? '' : `${method} ${path} does not describe ${media}`;
    const absolute = JSON.parse(
      JSON.stringify(schema).replaceAll('"#/', '"https://hiclaw.test/openapi#/'),
    ) as object;
    const validate = ajv.compile(absolute);
    return validate(answer.body) ? '' : `${method} ${path}: ${ajv.errorsText(validate.errors)}`;
  }

  it('lists every endpoint with a unique operation, a scheme and its errors', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        name: `${method.toUpperCase()} ${path}`,
        path,
        operation,
      })),
    );
    expect(operations.map(({ name }) => name).sort()).toMatchSnapshot();
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith('/api/'))) {
      expect(Object.keys(operation.responses), path).toEqual(expect.arrayContaining(['401', '500']));
    }
  });

  it('has examples that the API takes, and none that looks like a secret', () => {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      expect(decodeResource(kind, INPUT_EXAMPLES[kind])).toMatchObject({ ok: true });
    }
    const text = JSON.stringify(document);
    expect(text).not.toMatch(
      /sk-[A-Za-z0-9]{8}|gh[pousr]_[A-Za-z0-9]{8}|hck_[0-9A-Za-z]{8}|eyJ[A-Za-z0-9]{8}/,
    );
  });

  it('describes the answers as they are', async () => {
    const wrong: string[] = [];
    const check = async (
      method: 'get' | 'put' | 'post' | 'patch' | 'delete',
      template: string,
      path: string,
      body?: unknown,
    ) => {
      const answer = await api.send({ method: method.toUpperCase(), path: `/api/v1${path}`, body });
      const problem = misfit(method, `/api/v1${template}`, answer);
      if (problem !== '') wrong.push(problem);
      return answer;
    };
    const specs = [
      ['credentials', SPECS.credential],
      ['providers', SPECS.provider],
      ['llm-routes', { ...SPECS.llmRoute, allowedConsumers: ['a', { name: 'b', models: ['x'] }] }],
      ['mcp-servers', { ...SPECS.mcpServer, allowedConsumers: ['a'] }],
      ['service-routes', SPECS.serviceRoute],
      ['consumers', {}],
    ] as const;
    api.gateways.conditionList = [{ type: 'Accepted', status: 'True', reason: 'Accepted', message: 'Fine.' }];
    for (const [collection, spec] of specs) {
      await check('post', `/${collection}`, `/${collection}`, { metadata: { name: 'openai' }, spec });
      await check('post', `/${collection}`, `/${collection}`, { metadata: { name: 'openai' }, spec });
      await check('put', `/${collection}/{name}`, `/${collection}/openai`, { spec });
      await check('put', `/${collection}/{name}`, `/${collection}/openai?dryRun=true`, { spec });
      await check('put', `/${collection}/{name}`, `/${collection}/openai`, { wrong: 1 });
      await check('patch', `/${collection}/{name}`, `/${collection}/openai`, {
        metadata: { labels: { a: 'b' } },
      });
      await check('get', `/${collection}/{name}`, `/${collection}/openai`);
      await check('get', `/${collection}`, `/${collection}`);
      await check('delete', `/${collection}/{name}`, `/${collection}/nothing`);
    }
    for (const collection of ['llm-routes', 'mcp-servers', 'service-routes']) {
      const path = `/${collection}/{name}/allowedConsumers/{consumer}`;
      await check('put', path, `/${collection}/openai/allowedConsumers/openai`, {});
      await check('delete', path, `/${collection}/openai/allowedConsumers/openai`);
    }
    await check('patch', '/consumers/{name}/access', '/consumers/openai/access', {
      llmRoutes: { openai: ['x'] },
    });
    await check('get', '/consumers/{name}/access', '/consumers/openai/access');
    const issued = await check('post', '/consumers/{name}/tokens', '/consumers/openai/tokens', {});
    await check('get', '/consumers/{name}/tokens', '/consumers/openai/tokens');
    await check('post', '/consumers/{name}/tokens/rotate', '/consumers/openai/tokens/rotate', {
      graceSeconds: 5,
    });
    await check('delete', '/consumers/{name}/tokens/{id}', `/consumers/openai/tokens/${issued.body.id}`);
    api.gateways.answer = [{ id: 'gw', applied: true, ms: 1.5 }];
    await check('post', '/consumers/{name}/revoke', '/consumers/openai/revoke');
    await check('post', '/consumers/{name}/restore', '/consumers/openai/restore');
    api.gateways.replicas = [
      { id: 'gw', envoyVersion: '1.40.0', connected: true, appliedPolicyVersion: 3, lastError: null },
      {
        id: 'gx',
        envoyVersion: '1.40.0',
        connected: false,
        appliedPolicyVersion: null,
        lastError: { at: '2026-01-01T00:00:00Z', resource: 'key-auth', message: 'no' },
      },
    ];
    await check('get', '/gateways', '/gateways');
    await check('get', '/audit', '/audit?limit=2');
    await check('get', '/usage', '/usage?by=consumer,model&per=day');
    await check('get', '/usage', '/usage?by=colour');
    await check('get', '/usage/calls', '/usage/calls?consumer=openai');
    await check('get', '/audit/verification', '/audit/verification');
    await check('post', '/vault/rotate', '/vault/rotate');
    expect(wrong).toEqual([]);
  });
});

describe('/audit', () => {
  it('tells who did what, newest first, filtered and paged, without secrets', async () => {
    await using own = await TestApi.start();
    await own.put('/consumers/alice', {});
    own.clock.advance(60_000);
    await own.put('/credentials/openai', { spec: SPECS.credential });
    await own.patch('/consumers/alice', { spec: { disabled: true } });
    await own.post('/consumers/alice/tokens');
    await own.post('/consumers/alice/revoke');
    await own.delete('/consumers/alice');
    await own.put('/consumers/bob?dryRun=true', {});
    const all = await own.get('/audit');
    expect(all.body.items.map((record: { action: string }) => record.action)).toEqual([
      'delete',
      'revoke',
      'token.issue',
      'patch',
      'create',
      'create',
    ]);
    expect(all.body.items[3]).toMatchObject({
      actor: 'tester',
      kind: 'Consumer',
      name: 'alice',
      changes: [{ path: 'spec.disabled', before: false, after: true }],
    });
    expect(all.body.items[4]!.changes).toContainEqual({ path: 'spec.value', after: '[replaced]' });
    expect(all.text).not.toContain('very-real');
    const count = async (query: string) =>
      ((await own.get(`/audit?${query}`)).body.items as unknown[]).length;
    expect(await count('kind=Credential')).toBe(1);
    expect(await count('name=alice&action=revoke')).toBe(1);
    expect(await count('actor=nobody')).toBe(0);
    expect(await count('from=2026-01-01T00:01:00Z')).toBe(5);
    expect(await count('to=2026-01-01T00:01:00Z')).toBe(1);
    const first = await own.get('/audit?limit=4');
    expect(await count(`limit=4&continue=${String(first.body.metadata.continue)}`)).toBe(2);
    expect((await own.get('/audit/verification')).body).toMatchObject({ records: 6, brokenAt: null });
    for (const query of ['continue=x', 'from=yesterday', 'since=x'])
      expect((await own.get(`/audit?${query}`)).status).toBe(400);
  });
});

describe('/metrics, /healthz and /readyz', () => {
  it('need no token and tell numbers only', async () => {
    await api.put('/consumers/metered', {});
    await api.get('/consumers/metered');
    await api.get('/nothing');
    const metrics = await api.send({ path: '/metrics', token: null });
    expect(metrics.headers['content-type']).toMatch(/^text\/plain/);
    expect(metrics.text).toMatch(/hiclaw_policy_version [1-9]/);
    expect(metrics.text).toMatch(
      /hiclaw_http_requests_total\{method="GET",route="\/api\/v1\/consumers\/:name",status="200"\} \d/,
    );
    expect(metrics.text).toMatch(
      /hiclaw_http_requests_total\{method="GET",route="unknown",status="404"\} \d/,
    );
    expect(metrics.text).toMatch(/hiclaw_writes_total\{action="create",kind="Consumer",dry_run="false"\} \d/);
    expect(metrics.text).not.toContain('metered');
    for (const path of ['/healthz', '/readyz']) {
      const health = await api.send({ path, token: null });
      expect(health.body).toMatchObject({
        status: 'ok',
        policyVersion: api.server.store.resources().policyVersion,
      });
    }
  });

  it('count replicas that are behind or refuse', async () => {
    const base = { envoyVersion: '1', connected: true, lastError: null };
    const version = api.server.store.resources().policyVersion;
    api.gateways.replicas = [
      { ...base, id: 'a', appliedPolicyVersion: version },
      {
        ...base,
        id: 'b',
        appliedPolicyVersion: version - 1,
        lastError: { at: '', resource: '', message: '' },
      },
      { ...base, id: 'c', connected: false, appliedPolicyVersion: null },
    ];
    const { text } = await api.send({ path: '/metrics', token: null });
    expect(text).toMatch(/hiclaw_gateway_replicas_live 2\n/);
    expect(text).toMatch(/hiclaw_gateway_replicas_behind 1\n/);
    expect(text).toMatch(/hiclaw_gateway_replicas_refusing 1\n/);
  });
});

describe('/vault/rotate', () => {
  it('changes the key and keeps the values', async () => {
    await using own = await TestApi.start();
    await own.put('/credentials/openai', { spec: SPECS.credential });
    const before = own.server.store.sealedRows()[0]!;
    const rotated = await own.post('/vault/rotate');
    expect(rotated.body).toMatchObject({ rewrapped: 1 });
    const after = own.server.store.sealedRows()[0]!;
    expect(after.key_id).toBe(rotated.body.keyId);
    expect(after.jwe).not.toBe(before.jwe);
    await own.restart();
    expect((await own.get('/credentials/openai')).status).toBe(200);
  });
});

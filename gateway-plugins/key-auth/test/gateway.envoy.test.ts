import { writeInjectionImage } from '@hiclaw/policy-image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../../policy/test/envoy/gateway-process.js';
import { until } from '../../policy/test/envoy/until.js';
import { Upstream } from '../../policy/test/envoy/upstream.js';
import { open, send, sendChunked, sendWithTrailers } from './support/envoy-client.js';
import { consumer, image, token } from './support/policies.js';

const KEY = Buffer.alloc(32, 9);
const SECRET = 'sk-the-real-one';
const GITHUB_SECRET = 'ghp-the-real-one';
const JIRA_SECRET = 'jira-own-of-worker-1';
const CONCURRENCY = 2;

let upstream: Upstream;
let gateway: GatewayProcess;

function injection(port: number, policyVersion: bigint, secret = SECRET): Buffer {
  const hosts = ['127.0.0.1'];
  const credential = { placement: 'header', name: 'authorization', prefix: 'Bearer ', hosts } as const;
  return writeInjectionImage(
    {
      policyVersion,
      credentials: [
        { ...credential, id: 'chat/1', value: Buffer.from(secret) },
        {
          ...credential,
          id: 'github/1',
          name: 'x-github-token',
          prefix: '',
          value: Buffer.from(GITHUB_SECRET),
        },
        {
          ...credential,
          id: 'jira/1',
          placement: 'query',
          name: 'key',
          prefix: '',
          value: Buffer.from(JIRA_SECRET),
        },
        { ...credential, id: 'elsewhere/1', hosts: ['api.example.com'], value: Buffer.from(SECRET) },
      ],
      upstreams: [
        { key: 'llm-routes/chat', host: `127.0.0.1:${port}`, credential: 'chat/1', bindings: [] },
        { key: 'mcp-servers/github', host: `127.0.0.1:${port}`, credential: 'github/1', bindings: [] },
        {
          key: 'service-routes/jira',
          host: `127.0.0.1:${port}`,
          credential: null,
          bindings: [{ consumer: 'worker-1', credential: 'jira/1' }],
        },
        { key: 'mcp-servers/bound', host: `127.0.0.1:${port}`, credential: 'elsewhere/1', bindings: [] },
      ],
    },
    KEY,
  );
}

const everyRoute = [
  'llm-routes/chat',
  'mcp-servers/github',
  'mcp-servers/lost',
  'mcp-servers/moved',
  'mcp-servers/bound',
  'service-routes/jira',
];
const routes = [
  { kind: 'llm', key: 'llm-routes/chat', path: '/v1', models: ['gpt-*'], catalogue: ['gpt-4o'] },
  ...['github', 'lost', 'moved', 'bound'].map(
    (name) => ({ kind: 'mcp', key: `mcp-servers/${name}` }) as const,
  ),
  { kind: 'service', key: 'service-routes/jira', rules: [{ methods: ['GET'], paths: ['/**'] }] },
] as const;
const worker = (n: number, changes = {}): ReturnType<typeof consumer> =>
  consumer(n, { grants: everyRoute.map((route) => ({ route, models: null })), ...changes });

let version = 1n;
/** Pushes a policy and waits until every VM has confirmed it. */
async function apply(consumers: readonly ReturnType<typeof consumer>[]): Promise<void> {
  version++;
  const wanted = version;
  await gateway.push('key-auth', image(consumers, { policyVersion: wanted, routes }));
  await until(
    () => `confirmations of ${wanted}: ${gateway.confirmations('key-auth', wanted).length}`,
    () => (gateway.confirmations('key-auth', wanted).length >= CONCURRENCY + 1 ? true : undefined),
  );
}

const bearer = (n: number): Record<string, string> => ({ authorization: `Bearer ${token(n)}` });
const chat = (model: string): string => JSON.stringify({ messages: [{ content: 'hi' }], model });

beforeAll(async () => {
  upstream = await Upstream.listen();
  const { port } = upstream;
  gateway = await GatewayProcess.start({
    concurrency: CONCURRENCY,
    sealingKey: KEY,
    routes: [
      { key: 'llm-routes/chat', port, metadata: `llm-routes/chat 127.0.0.1:${port}` },
      { key: 'mcp-servers/github', port, metadata: `mcp-servers/github 127.0.0.1:${port}` },
      { key: 'service-routes/jira', port, metadata: `service-routes/jira 127.0.0.1:${port}` },
      { key: 'mcp-servers/lost', port, metadata: `mcp-servers/lost 127.0.0.1:${port}` },
      { key: 'mcp-servers/moved', port, metadata: 'mcp-servers/github evil.example.com:443' },
      { key: 'mcp-servers/bound', port, metadata: `mcp-servers/bound 127.0.0.1:${port}` },
    ],
    images: {
      'key-auth': image([worker(1), worker(2), worker(3, { revoked: true })], {
        policyVersion: version,
        routes,
      }),
      'credential-injection': injection(port, 1n),
    },
  });
  await until('both plugins', () =>
    gateway.confirmations('key-auth', 1n).length > 0 &&
    gateway.confirmations('credential-injection', 1n).length > 0
      ? true
      : undefined,
  );
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  upstream.close();
});

describe('in Envoy', () => {
  it('every VM confirms once: each worker and the main thread', async () => {
    await apply([worker(1), worker(2)]);
    const vms = gateway.confirmations('key-auth', version);
    expect(new Set(vms).size).toBe(CONCURRENCY + 1);
    expect(vms).toHaveLength(CONCURRENCY + 1);
    expect(new Set(gateway.confirmations('credential-injection', 1n)).size).toBe(CONCURRENCY + 1);
    const [first] = gateway.policyServer.received;
    expect(first?.headers['x-hiclaw-node']).toBe('replica-1');
    expect(first?.method).toBe('POST');
  });

  it('the token goes no further and the credential comes in its place', async () => {
    upstream.received.length = 0;
    const headers = {
      ...bearer(1),
      'x-api-key': token(1),
      'x-consumer': 'root',
      'x-hiclaw-consumer': 'root',
      'content-type': 'application/json',
    };
    const reply = await send(gateway.port, {
      method: 'POST',
      path: '/v1/chat/completions',
      headers,
      body: chat('gpt-4o'),
    });
    expect(reply).toMatchObject({ status: 200, body: '{"ok":true}' });
    const [received] = upstream.received;
    expect(received?.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect(received?.body).toBe(chat('gpt-4o'));
    expect(JSON.stringify(received)).not.toContain('hck_');
    const names = Object.keys(received?.headers ?? {});
    expect(
      names.filter((name) => name.startsWith('x-hiclaw') || name === 'x-consumer' || name === 'x-api-key'),
    ).toEqual([]);
    await until('access log', async () =>
      (await gateway.accessLog()).includes('worker-1') ? true : undefined,
    );
  });

  it('the credential is that of the upstream, and the consumer\u2019s own where it has one', async () => {
    upstream.received.length = 0;
    await send(gateway.port, { path: '/mcp-servers/github/mcp', headers: bearer(1) });
    await send(gateway.port, { path: '/services/jira/a?b=c&key=mine', headers: bearer(1) });
    await send(gateway.port, { path: '/services/jira/a?b=c', headers: bearer(2) });
    expect(
      upstream.received.map(({ headers, path }) => [headers['x-github-token'], headers.authorization, path]),
    ).toEqual([
      [GITHUB_SECRET, undefined, '/mcp-servers/github/mcp'],
      [undefined, undefined, `/services/jira/a?b=c&key=${JIRA_SECRET}`],
      [undefined, undefined, '/services/jira/a?b=c'],
    ]);
  });

  it('the credential is put on every attempt', async () => {
    upstream.received.length = 0;
    const reply = await send(gateway.port, { path: '/services/jira/fail-once?q=1', headers: bearer(1) });
    expect(reply.status).toBe(200);
    expect(upstream.received.map(({ path }) => path)).toEqual(
      Array(2).fill(`/services/jira/fail-once?q=1&key=${JIRA_SECRET}`),
    );
  });

  it.each([
    ['/mcp-servers/lost/mcp', 'upstream-unknown'],
    ['/mcp-servers/moved/mcp', 'upstream-mismatch'],
    ['/mcp-servers/bound/mcp', 'credential-host-mismatch'],
  ])('%s is answered by the upstream filter: %s, and nothing goes upstream', async (path, reason) => {
    upstream.received.length = 0;
    expect(await send(gateway.port, { path, headers: bearer(1) })).toMatchObject({ status: 503, reason });
    expect(upstream.received).toEqual([]);
  });

  it('a body is policed across chunks, wherever they are cut', async () => {
    const head = [
      'POST /v1/chat/completions HTTP/1.1',
      'host: gateway',
      `authorization: Bearer ${token(1)}`,
      'content-type: application/json',
    ];
    const pieces = (text: string, size: number): string[] =>
      text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    for (const size of [2, 9, 40]) {
      upstream.received.length = 0;
      expect(await sendChunked(gateway.port, head, pieces(chat('gpt-4o'), size))).toMatch(/^HTTP\/1.1 200/);
      expect(upstream.received.map(({ body }) => body)).toEqual([chat('gpt-4o')]);
      upstream.received.length = 0;
      expect(await sendChunked(gateway.port, head, pieces(chat('claude'), size))).toContain(
        'model-not-allowed',
      );
      expect(
        await sendChunked(gateway.port, head, pieces('{"model":"gpt-4o","model":"claude"}', size)),
      ).toContain('model-ambiguous');
      expect(await sendChunked(gateway.port, head, pieces('{"model":"gpt-4o"', size))).toContain(
        'body-malformed',
      );
      expect(upstream.received).toEqual([]);
    }
    expect(await sendChunked(gateway.port, head, []), 'no body at all').toContain('body-malformed');
    expect(await sendChunked(gateway.port, head, ['{"model":', '"claude"}'], 'x-trailer: 1\r\n')).toContain(
      'model-not-allowed',
    );
    expect(upstream.received).toEqual([]);
    expect(await sendChunked(gateway.port, head, ['{"model":', '"gpt-4"}'], 'x-trailer: 1\r\n')).toMatch(
      /^HTTP\/1.1 200/,
    );
  });

  it('a body that HTTP/2 trailers end is policed, too', async () => {
    const headers = { ...bearer(1), 'content-type': 'application/json' };
    upstream.received.length = 0;
    for (const cut of [0, 5, 30]) {
      const bad = chat('claude');
      const refused = await sendWithTrailers(
        gateway.port,
        '/v1/messages',
        headers,
        [bad.slice(0, cut), bad.slice(cut)].filter((piece) => piece !== ''),
      );
      expect(refused).toMatchObject({ status: 403, reason: 'model-not-allowed' });
    }
    expect(await sendWithTrailers(gateway.port, '/v1/messages', headers, [])).toMatchObject({
      status: 400,
      reason: 'body-malformed',
    });
    expect(upstream.received).toEqual([]);
    const good = chat('gpt-4o');
    expect(
      await sendWithTrailers(gateway.port, '/v1/messages', headers, [good.slice(0, 9), good.slice(9)]),
    ).toMatchObject({ status: 200 });
    expect(upstream.received.map(({ body, headers: got }) => [body, got.authorization])).toEqual([
      [good, `Bearer ${SECRET}`],
    ]);
  });

  it('a large body passes whole, one above the limit does not', async () => {
    const headers = { ...bearer(1), 'content-type': 'application/json' };
    const sized = (bytes: number): string => `{"model":"gpt-4o","x":"${'é'.repeat((bytes - 26) / 2)}"}`;
    upstream.received.length = 0;
    const body = sized(900_000);
    expect(await send(gateway.port, { method: 'POST', path: '/v1/responses', headers, body })).toMatchObject({
      status: 200,
    });
    expect(upstream.received[0]?.body === body).toBe(true);
    const refused = await send(gateway.port, {
      method: 'POST',
      path: '/v1/responses',
      headers: { ...headers, 'content-length': '3000000' },
      body: sized(3_000_000),
    }).catch(() => null);
    expect(refused === null || refused.reason === 'body-too-large').toBe(true);
  });

  it('streams of a revoked consumer end, also idle ones, and nobody else\u2019s', async () => {
    const path = '/mcp-servers/github/stream';
    expect((await send(gateway.port, { path, headers: bearer(1) })).reason).toBe('route-not-found');
    const streams = await Promise.all(
      [1, 1, 1, 1, 2, 2].map(async (n) => {
        const response = await open(gateway.port, { path: '/services/jira/x/stream', headers: bearer(n) });
        const state = { n, ended: false };
        response.on('close', () => (state.ended = true)).resume();
        return state;
      }),
    );
    const start = performance.now();
    await apply([worker(1, { revoked: true }), worker(2)]);
    await until('four streams to end', () =>
      streams.filter(({ ended }) => ended).length >= 4 ? true : undefined,
    );
    const took = performance.now() - start;
    expect(streams.map(({ n, ended }) => [n, ended])).toEqual([
      [1, true],
      [1, true],
      [1, true],
      [1, true],
      [2, false],
      [2, false],
    ]);
    expect(took).toBeLessThan(2_000);
    expect(await send(gateway.port, { path: '/services/jira/a', headers: bearer(1) })).toMatchObject({
      status: 401,
      reason: 'consumer-revoked',
    });
    expect(await send(gateway.port, { path: '/services/jira/a', headers: bearer(2) })).toMatchObject({
      status: 200,
    });
    await apply([worker(1), worker(2)]);
  });

  it('a damaged image is refused and the last good one stays', async () => {
    const damaged = image([worker(2)], { policyVersion: 99n, routes });
    damaged[200] = (damaged[200] ?? 0) ^ 1;
    await gateway.push('key-auth', damaged);
    await until('the refusal in the log', () =>
      gateway.log.includes('policy image refused') ? true : undefined,
    );
    const other = writeInjectionImage(
      { policyVersion: 99n, credentials: [], upstreams: [] },
      Buffer.alloc(32, 1),
    );
    await gateway.push('credential-injection', other);
    await until('the refusal in the log', () =>
      gateway.log.includes('credential image refused') ? true : undefined,
    );
    upstream.received.length = 0;
    for (let i = 0; i < 8; i++) {
      const headers = { ...bearer(1), 'content-type': 'application/json' };
      const reply = await send(gateway.port, {
        method: 'POST',
        path: '/v1/embeddings',
        headers,
        body: chat('gpt-4'),
      });
      expect(reply.status).toBe(200);
    }
    expect(new Set(upstream.received.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer ${SECRET}`]),
    );
    expect(gateway.confirmations('key-auth', 99n)).toEqual([]);
    await apply([worker(1), worker(2)]);
  });

  it('a rotated credential is in force once confirmed', async () => {
    await gateway.push('credential-injection', injection(upstream.port, 2n, 'sk-rotated'));
    await until('confirmations', () =>
      gateway.confirmations('credential-injection', 2n).length === CONCURRENCY + 1 ? true : undefined,
    );
    upstream.received.length = 0;
    for (let i = 0; i < 8; i++) {
      const headers = { ...bearer(1), 'content-type': 'application/json' };
      await send(gateway.port, { method: 'POST', path: '/v1/embeddings', headers, body: chat('gpt-4') });
    }
    expect(new Set(upstream.received.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer sk-rotated']),
    );
  });

  it('no secret and no token is in config dump, stats or logs', async () => {
    const said = [
      await gateway.admin('/config_dump?include_eds'),
      await gateway.admin('/stats'),
      await gateway.accessLog(),
      gateway.log,
    ].join('\n');
    for (const secret of [SECRET, GITHUB_SECRET, JIRA_SECRET, 'sk-rotated', 'hck_', KEY.toString('hex')]) {
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '')])
        expect(said.includes(form), form).toBe(false);
    }
  });

  it('no VM failed', async () => {
    expect(await gateway.stat('wasm.envoy.wasm.runtime.v8.active')).toBe(2 * (CONCURRENCY + 2));
    expect(gateway.log).not.toMatch(/panic|Function: .* failed|RuntimeError/);
  });
});

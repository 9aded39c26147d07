import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createSecureServer } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlPlane } from './control-plane.fixture.js';
import {
  buildProbePlugin,
  type EchoUpstream,
  makeHome,
  readAccessLog,
  type Reply,
  type RunningEnvoy,
  startEnvoy,
  startUpstream,
  testFile,
  until,
} from './envoy.fixture.js';
import { ResourceSetBuilder } from './resource-set.fixture.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly bytes: number;
}

/** Speaks HTTP/2 and HTTP/1.1 over TLS, and answers with what it got. */
async function startTlsUpstream(name: string): Promise<{ port: number } & AsyncDisposable> {
  const [key, cert] = await Promise.all([
    readFile(testFile(`${name}.key`)),
    readFile(testFile(`${name}.pem`)),
  ]);
  const sockets = new Set<Socket>();
  const server = createSecureServer({ key, cert, allowHTTP1: true }, (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ version: request.httpVersion, url: request.url, headers: request.headers }),
    );
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const started: AsyncDisposable[] = [];
function use<T extends AsyncDisposable>(one: T): T {
  started.push(one);
  return one;
}

/** Reads a request and hangs up. */
async function startRudeUpstream(): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

let upstream: EchoUpstream;
let envoy: RunningEnvoy;

beforeAll(async () => {
  const home = use(await makeHome());
  upstream = use(await startUpstream());
  const tls = use(await startTlsUpstream('localhost'));
  const rude = use(await startRudeUpstream());
  const wrong = use(await startTlsUpstream('wrong'));
  const plane = use(await ControlPlane.start(home.path, await buildProbePlugin(home.path)));
  const caCertificates = await readFile(testFile('ca.pem'), 'utf8');
  const plain = `http://127.0.0.1:${upstream.port}`;
  const builder = new ResourceSetBuilder()
    .provider('local', `${plain}/base/v3`)
    .llmRoute('chat', 'local', ['*'])
    .provider('root', plain)
    .llmRoute('root', 'root', ['*'], '/root/v1')
    .provider('named', `http://localhost:${upstream.port}`)
    .llmRoute('named', 'named', ['*'], '/named/v1')
    .provider('dead', 'http://127.0.0.1:1')
    .llmRoute('dead', 'dead', ['*'], '/dead/v1')
    .provider('rude', `http://127.0.0.1:${rude.port}`)
    .llmRoute('rude', 'rude', ['*'], '/rude/v1')
    .mcpServer('tools', `${plain}/deep/mcp`)
    .mcpServer('old', plain, { transport: 'sse' })
    .serviceRoute('api', `${plain}/api`)
    .serviceRoute('tls', `https://localhost:${tls.port}`, { caCertificates })
    .serviceRoute('tls-address', `https://127.0.0.1:${tls.port}`, { caCertificates })
    .serviceRoute('tls-unknown-issuer', `https://localhost:${tls.port}`)
    .serviceRoute('tls-other-name', `https://localhost:${wrong.port}`, { caCertificates });
  plane.publish(builder.set());
  envoy = use(await startEnvoy({ home: home.path, id: 'gateway-0' }));
  await until(async () => (await plane.fleet.applied(1, 5_000)).some(({ applied }) => applied), {
    onTimeout: () => `${JSON.stringify(plane.fleet.list())}\n${envoy.log()}`,
  });
});
afterAll(async () => {
  for (const one of started.reverse()) await one[Symbol.asyncDispose]();
});

async function forward(route: string, path: string, headers: Record<string, string> = {}): Promise<Seen> {
  const reply = await envoy.call({ path, headers: { 'x-test-route': route, ...headers } });
  expect(reply.body).toContain('"url"');
  return JSON.parse(reply.body) as Seen;
}

/** The line of the access log that is looked for, once it is written. */
function logged(wanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
  return until(async () => (await readAccessLog(envoy.accessLog)).find(wanted));
}

describe('forwarding', () => {
  it.each([
    ['llm-routes/chat', '/v1/chat/completions', '/base/v3/chat/completions'],
    ['llm-routes/chat', '/v1/models?x=/v1/', '/base/v3/models?x=/v1/'],
    ['llm-routes/root', '/root/v1/chat/completions', '/chat/completions'],
    ['llm-routes/named', '/named/v1/embeddings', '/embeddings'],
    ['mcp-servers/tools', '/mcp-servers/tools/mcp', '/deep/mcp'],
    ['mcp-servers/tools', '/mcp-servers/tools/mcp?session=1', '/deep/mcp?session=1'],
    ['mcp-servers/old', '/mcp-servers/old/sse', '/'],
    ['service-routes/api', '/services/api', '/api/'],
    ['service-routes/api', '/services/api?a=b', '/api/?a=b'],
    ['service-routes/api', '/services/api/', '/api/'],
    ['service-routes/api', '/services/api/repos/x%20y?a=b', '/api/repos/x%20y?a=b'],
  ])('of %s %s reaches %s', async (route, path, url) => {
    expect(await forward(route, path)).toMatchObject({ url });
  });

  it.each([
    ['mcp-servers/tools', '/mcp-servers/tools/sse'],
    ['mcp-servers/tools', '/mcp-servers/tools/mcp/more'],
    ['mcp-servers/old', '/mcp-servers/old/mcp'],
    ['service-routes/api', '/services/apix'],
    ['llm-routes/chat', '/v1'],
    ['llm-routes/none', '/v1/chat/completions'],
    ['', '/v1/chat/completions'],
  ])('does not forward %s %s', async (route, path) => {
    const reply = await envoy.call({ path, headers: { 'x-test-route': route } });
    expect(reply.status).toBe(404);
    expect(reply.headers['x-hiclaw-reason']).toBe('route-not-found');
  });

  // What else a client may claim of itself, key-auth removes; here a stand-in for it runs.
  it('tells the upstream nothing of the caller that Envoy knows', async () => {
    const { headers } = await forward('llm-routes/chat', '/v1/chat/completions', {
      authorization: 'Bearer consumer-token',
      'x-api-key': 'consumer-token',
      'proxy-authorization': 'Basic x',
      'x-forwarded-for': '1.2.3.4',
      'x-request-id': 'abc',
      'x-envoy-original-path': '/x',
      'x-envoy-upstream-alt-stat-name': 'x',
      'x-hiclaw-route': 'service-routes/api',
      'user-agent': 'agent/1',
      'anthropic-version': '2023-06-01',
    });
    expect(headers['x-seen-authorization']).toBe('removed');
    expect(headers['authorization']).toBe('Bearer real-secret');
    expect(Object.keys(headers).sort()).toEqual([
      'anthropic-version',
      'authorization',
      'host',
      'user-agent',
      'x-seen-authorization',
      'x-seen-consumer',
      'x-seen-upstream',
      'x-test-route',
    ]);
    expect(headers['host']).toBe(`127.0.0.1:${upstream.port}`);
    expect(headers['x-seen-consumer']).toBe('worker-alice');
    expect(headers['x-seen-upstream']).toBe(`providers/local 127.0.0.1:${upstream.port}`);
  });

  it('lets no client steer retries or timeouts', async () => {
    const reply = await envoy.call({
      path: '/v1/chat/completions',
      headers: {
        'x-test-route': 'llm-routes/chat',
        'x-envoy-upstream-rq-timeout-ms': '0.001',
        'x-envoy-upstream-rq-per-try-timeout-ms': '0.001',
        'x-envoy-retry-on': '5xx',
        'x-envoy-max-retries': '100',
        'x-envoy-hedge-on-per-try-timeout': 'true',
      },
    });
    expect(reply.status).toBe(200);
  });

  it('gives the client no header of the gateway that the upstream made up, and none of Envoy', async () => {
    const reply = await envoy.call({
      path: '/v1/chat/completions',
      headers: { 'x-test-route': 'llm-routes/chat' },
    });
    expect(Object.keys(reply.headers).sort()).toEqual([
      'connection',
      'content-type',
      'date',
      'server',
      'transfer-encoding',
    ]);
    expect(reply.headers['server']).toBe('hiclaw');
  });

  it('speaks HTTP/2 to an upstream that offers it, and verifies its name or address', async () => {
    for (const name of ['tls', 'tls-address']) {
      const reply = await until(() =>
        envoy.call({ path: `/services/${name}/x`, headers: { 'x-test-route': `service-routes/${name}` } }),
      );
      expect(reply.status).toBe(200);
      expect(JSON.parse(reply.body)).toMatchObject({ version: '2.0', url: '/x' });
    }
  });

  it.each(['tls-unknown-issuer', 'tls-other-name'])('does not talk to an upstream with %s', async (name) => {
    const reply = await envoy.call({
      path: `/services/${name}/x`,
      headers: { 'x-test-route': `service-routes/${name}` },
    });
    expect(reply.status).toBe(503);
    expect(reply.headers['x-hiclaw-reason']).toBe('upstream-unavailable');
    expect(reply.body).not.toContain('CERTIFICATE');
  });

  it('retries a connection that fails, never a request that was sent', async () => {
    const attempts = async (name: string): Promise<unknown> => {
      const path = `/${name}/v1/chat/completions`;
      const headers = { 'x-test-route': `llm-routes/${name}` };
      const reply = await envoy.call({ path, headers, body: '{}' });
      expect(reply.status).toBe(503);
      return (await logged((line) => line['path'] === path))['attempts'];
    };
    expect(await attempts('dead')).toBe(3);
    expect(await attempts('rude')).toBe(1);
  });
});

describe('the replies of Envoy itself', () => {
  const shape = (reply: Reply): unknown => [
    reply.status,
    reply.headers['x-hiclaw-reason'],
    reply.headers['content-type'],
  ];

  it.each([
    [
      'an upstream that is down',
      { path: '/dead/v1/x', headers: { 'x-test-route': 'llm-routes/dead' } },
      503,
      'upstream-unavailable',
    ],
    ['an encoded slash', { path: '/v1%2fchat' }, 400, 'request-malformed'],
    ['an encoded backslash', { path: '/v1%5Cchat' }, 400, 'request-malformed'],
    ['a header with an underscore', { path: '/v1', headers: { a_b: '1' } }, 400, 'request-malformed'],
    [
      'headers that are too large',
      { path: '/v1', headers: { a: 'x'.repeat(70_000) } },
      431,
      'headers-too-large',
    ],
    [
      'an upgrade',
      { path: '/v1', headers: { connection: 'upgrade', upgrade: 'websocket' } },
      403,
      'upgrade-not-allowed',
    ],
  ])('to %s has a reason and the usual shape', async (_what, target, status, reason) => {
    const reply = await envoy.call(target);
    expect(shape(reply)).toEqual([status, reason, 'application/json']);
    expect(JSON.parse(reply.body)).toMatchObject({ error: { code: reason } });
  });
});

describe('the access log', () => {
  it('has the path the client asked for, who and where to, and nothing that may be secret', async () => {
    await envoy.call({
      path: '/mcp-servers/tools/mcp?api_key=query-secret',
      method: 'PUT',
      headers: {
        'x-test-route': 'mcp-servers/tools',
        authorization: 'Bearer header-secret',
        'user-agent': 'ua-secret',
      },
    });
    const line = await logged((one) => one['method'] === 'PUT');
    expect(line).toMatchObject({
      method: 'PUT',
      path: '/mcp-servers/tools/mcp',
      consumer: 'worker-alice',
      route: 'mcp-servers/tools',
      upstream: 'mcp-servers/tools',
      upstreamHost: `127.0.0.1:${upstream.port}`,
      status: 200,
      attempts: 1,
    });
    expect(await readFile(envoy.accessLog, 'utf8')).not.toMatch(/secret/);
  });

  it('has the reason but not the path of a request that was not forwarded', async () => {
    await envoy.call({ path: '/v1%2fpath-secret', method: 'OPTIONS' });
    const line = await logged((one) => one['method'] === 'OPTIONS');
    expect(line).toMatchObject({ status: 400, reason: 'request-malformed' });
    expect(line).not.toHaveProperty('path');
  });
});

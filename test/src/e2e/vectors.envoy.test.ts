import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEnvoy } from '@hiclaw/install';
import { loadVectors, loadWireVectors, type Vector } from '@hiclaw/policy-image/vectors';
import { createGatewayControl } from '@hiclaw/policy-server';
import { renderBootstrap } from '@hiclaw/policy-server/bootstrap';
import { createLogger, Secret, systemClock } from '@hiclaw/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEnvoy } from '../network/envoy-process.js';
import { freePorts } from '../network/free-ports.js';
import { createHome } from '../network/home.js';
import { until } from '../network/until.js';
import { startEchoService } from '../upstreams/echo-service.js';
import { resourcesOf } from './policy-resources.js';
import { type RawResponse, rawRequest } from './raw-http.js';

interface Echo {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The gateway side of the policy server with one Envoy, given resources directly: the tokens of vectors come from seeds. */
interface Gateway {
  readonly port: number;
  stop(): Promise<void>;
}

async function startGateway(vector: Vector): Promise<Gateway> {
  const home = await createHome();
  await mkdir(join(home.folder, 'run'), { recursive: true });
  const echo = await startEchoService();
  const [port = 0] = await freePorts(1);
  const key = randomBytes(32);
  const { policy } = vector;
  if (policy === null) throw new Error('vectors without a policy do not run here');
  const resources = resourcesOf(policy, echo.origin, {
    from: vector.facts().now,
    to: Math.floor(Date.now() / 1000),
  });
  const control = await createGatewayControl({
    resources: () => resources,
    subscribe: () => () => undefined,
    openCredential: () => {
      throw new Error('vectors have no credentials');
    },
    sealingKey: new Secret(new Uint8Array(key)),
    sockets: home.sockets,
    settings: { maxBodyBytes: policy.maxBodyBytes },
    clock: systemClock,
    log: createLogger({ name: 'vectors', level: 'error' }),
  });
  await control.start();
  const { admin, bootstrap } = home.gateway(0);
  const sockets = { ...home.sockets, admin };
  const config = renderBootstrap({ nodeId: 'gateway-0', bind: '127.0.0.1', port, concurrency: 2, sockets });
  await writeFile(bootstrap, JSON.stringify(config));
  const env = { HICLAW_GATEWAY_KEY: key.toString('hex') };
  const envoy = await startEnvoy({
    name: 'envoy',
    binary: await findEnvoy(),
    bootstrap,
    adminSocket: admin,
    env,
  });
  const version = resources.policyVersion;
  await until(() => control.list()[0]?.appliedPolicyVersion === version, {
    withinMs: 10_000,
    onTimeout: () => JSON.stringify(control.list()) + envoy.process.log(),
  });
  const stop = async (): Promise<void> => {
    await envoy.stop('SIGKILL');
    await control.stop();
    await echo.close();
    await home.remove();
  };
  return { port, stop };
}

function requestBytes(vector: Vector): { readonly pieces: Buffer[]; readonly method: string } {
  const { method, path, headers, body } = vector.facts();
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!headers.some(([name]) => name.toLowerCase() === 'host')) lines.push('host: gateway');
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const pieces = vector.chunked
    ? [...body.filter((piece) => piece.length > 0).map(chunk), Buffer.from('0\r\n\r\n')]
    : body.map((piece) => Buffer.from(piece));
  return { pieces: [head, ...pieces], method };
}

function chunk(piece: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
}

function check(vector: Vector, response: RawResponse): void {
  const expected = vector.inEnvoy;
  if (expected.kind === 'envoy') {
    expect([expected.status, 0]).toContain(response.status);
    return;
  }
  if (expected.kind === 'admit') {
    expect([response.status, response.headers['x-hiclaw-reason']]).toEqual([200, undefined]);
    if (response.body === '') return;
    const echo = JSON.parse(response.body) as Echo;
    expect(echo.url.startsWith(`/via/${expected.route}`)).toBe(true);
    const names = echo.headers.map(([name]) => name.toLowerCase());
    for (const name of [...expected.removed, 'authorization', 'x-api-key', 'x-hiclaw-route'])
      expect(names).not.toContain(name);
    expect(JSON.stringify([echo.url, echo.headers])).not.toContain('hck_');
    return;
  }
  expect([response.status, response.headers['x-hiclaw-reason'] ?? null]).toEqual([
    expected.reply.status,
    expected.reason,
  ]);
  expect(response.headers).toMatchObject(expected.reply.headers);
  if (response.body !== '') expect(JSON.parse(response.body)).toEqual(expected.reply.body);
}

/** Vectors that can run under one policy at one time. */
function groups(vectors: readonly Vector[]): readonly (readonly [string, readonly Vector[]])[] {
  const byPolicy = new Map<string, Vector[]>();
  for (const vector of vectors) {
    const name = `policy ${vector.policyName ?? 'none'} at ${vector.facts().now}`;
    byPolicy.set(name, [...(byPolicy.get(name) ?? []), vector]);
  }
  return [...byPolicy];
}

// Without a policy an Envoy is not given an empty one: that state has tests of its own.
const vectors = loadVectors().filter((vector) => vector.policy !== null);

describe.each(groups(vectors))('vectors in the real Envoy, %s', (_, vectors) => {
  let gateway: Gateway;
  beforeAll(async () => {
    const [first] = vectors;
    if (first === undefined) throw new Error('no vectors');
    gateway = await startGateway(first);
  });
  afterAll(() => gateway.stop());

  it.each(vectors.map((vector) => [`${vector.topic}: ${vector.name}`, vector] as const))(
    '%s',
    async (_name, vector) => {
      const { pieces, method } = requestBytes(vector);
      check(vector, await rawRequest(gateway.port, pieces, method === 'HEAD'));
    },
  );
});

describe('bytes that no client library sends', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    const vector = vectors.find(({ policyName }) => policyName === 'team');
    if (vector === undefined) throw new Error('no policy "team"');
    gateway = await startGateway(vector);
  });
  afterAll(() => gateway.stop());

  it.each(loadWireVectors().map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const { status } = await rawRequest(gateway.port, [vector.bytes]);
    expect(vector.mayClose ? [...vector.statuses, 0] : vector.statuses).toContain(status);
  });
});

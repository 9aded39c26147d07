import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEnvoy } from '@hiclaw/install';
import { loadVectors, loadWireVectors, type Vector } from '@hiclaw/policy-image/vectors';
import { createGatewayControl, type GatewayControl, type ResourceSet } from '@hiclaw/policy-server';
import { renderBootstrap } from '@hiclaw/policy-server/bootstrap';
import { createLogger, systemClock } from '@hiclaw/service-kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Envoy, startEnvoy } from '../network/envoy-process.js';
import { freePorts } from '../network/free-ports.js';
import { createHome, type Home } from '../network/home.js';
import { startEchoService } from '../upstreams/echo-service.js';
import type { RecordingServer } from '../upstreams/recording-server.js';
import { resourcesOf } from './policy-resources.js';
import { type RawResponse, rawRequest } from './raw-http.js';

interface Echo {
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The gateway side of the policy server with one Envoy, fed with resources directly: tokens of vectors come from seeds. */
class Gateway {
  readonly port: number;
  readonly #home: Home;
  readonly #echo: RecordingServer;
  readonly #control: GatewayControl;
  readonly #envoy: Envoy;
  readonly #holder: { resources: ResourceSet; changed: () => void };

  private constructor(parts: {
    port: number;
    home: Home;
    echo: RecordingServer;
    control: GatewayControl;
    envoy: Envoy;
    holder: Gateway['holder'];
  }) {
    this.port = parts.port;
    this.#home = parts.home;
    this.#echo = parts.echo;
    this.#control = parts.control;
    this.#envoy = parts.envoy;
    this.#holder = parts.holder;
  }

  get holder(): { resources: ResourceSet; changed: () => void } {
    return this.#holder;
  }

  static async start(): Promise<Gateway> {
    const home = await createHome();
    await mkdir(join(home.folder, 'run'), { recursive: true });
    const echo = await startEchoService();
    const [port = 0] = await freePorts(1);
    const key = randomBytes(32);
    const holder = { resources: resourcesOf(null, echo.origin, 1, 0), changed: (): void => undefined };
    const control = createGatewayControl({
      resources: () => holder.resources,
      subscribe: (listener) => {
        holder.changed = listener;
        return () => undefined;
      },
      openCredential: () => {
        throw new Error('vectors have no credentials');
      },
      sealingKey: key,
      sockets: home.sockets,
      settings: { maxBodyBytes: 16_777_216 },
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
    return new Gateway({ port, home, echo, control, envoy, holder });
  }

  async enforce({ policy }: Vector, shiftSeconds: number): Promise<void> {
    const version = this.#holder.resources.policyVersion + 1;
    this.#holder.resources = resourcesOf(policy, this.#echo.origin, version, shiftSeconds);
    this.#holder.changed();
    const applied = await this.#control.applied(version, 10_000);
    expect(applied).toEqual([expect.objectContaining({ id: 'gateway-0', applied: true })]);
  }

  async stop(): Promise<void> {
    await this.#envoy.stop('SIGKILL');
    await this.#control.stop();
    await this.#echo.close();
    await this.#home.remove();
  }
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

describe('vectors in the real Envoy', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start();
  });
  afterAll(() => gateway.stop());

  // Without a policy an Envoy is not given an empty one: that state has tests of its own.
  const withPolicy = loadVectors().filter((vector) => vector.policy !== null);

  describe.each(groups(withPolicy))('%s', (_, vectors) => {
    beforeAll(async () => {
      const [first] = vectors;
      if (first === undefined) throw new Error('no vectors');
      await gateway.enforce(first, Math.floor(Date.now() / 1000) - first.facts().now);
    });

    it.each(vectors.map((vector) => [`${vector.topic}: ${vector.name}`, vector] as const))(
      '%s',
      async (_name, vector) => {
        const { pieces, method } = requestBytes(vector);
        check(vector, await rawRequest(gateway.port, pieces, method === 'HEAD'));
      },
    );
  });

  describe('bytes that no client library sends', () => {
    beforeAll(async () => {
      const vector = withPolicy.find(({ policyName }) => policyName === 'team');
      if (vector === undefined) throw new Error('no policy "team"');
      await gateway.enforce(vector, Math.floor(Date.now() / 1000) - vector.facts().now);
    });

    it.each(loadWireVectors().map((vector) => [vector.name, vector] as const))(
      '%s',
      async (_name, vector) => {
        const { status } = await rawRequest(gateway.port, [vector.bytes]);
        expect(vector.mayClose ? [...vector.statuses, 0] : vector.statuses).toContain(status);
      },
    );
  });
});

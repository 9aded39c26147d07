import { writeInjectionImage } from '@hiclaw/policy-image';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayProcess } from '../../policy/test/envoy/gateway-process.js';
import { until } from '../../policy/test/envoy/until.js';
import { consumer, image } from './support/policies.js';
import { ReplayUpstream } from './support/replay-upstream.js';
import { usageCorpus, type UsageCase } from './support/usage-corpus.js';
import { requestOf } from './support/usage-request.js';
import { recordOf, usageImage, usageRoutes } from './support/usage-stream.js';

const DEAD = 'llm-routes/dead';
const KEY = Buffer.alloc(32, 9);

let upstream: ReplayUpstream;
let gateway: GatewayProcess;
let number = 0;

beforeAll(async () => {
  upstream = await ReplayUpstream.listen();
  const ports = new Map([...usageRoutes.map(({ key }) => [key, upstream.port] as const), [DEAD, 1] as const]);
  const routes = [...ports].map(([key, port]) => ({ key, port, host: `127.0.0.1:${port}` }));
  gateway = await GatewayProcess.start({
    concurrency: 2,
    sealingKey: KEY,
    routes: routes.map(({ key, port, host }) => ({ key, port, metadata: `${key} ${host}` })),
    images: {
      'key-auth': usageImage(),
      'credential-injection': writeInjectionImage(
        {
          policyVersion: 1n,
          credentials: [],
          upstreams: routes.map(({ key, host }) => ({ key, host, credential: null, bindings: [] })),
        },
        KEY,
      ),
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

/** Begins a call of its own number; the replay is what the upstream answers. */
function call(
  one: UsageCase,
  replay: Partial<UsageCase> & { before?: (piece: number) => Promise<unknown> } = {},
) {
  const name = `${number++}`;
  upstream.replays.set(name, { ...one, ...replay });
  const { method, path, headers, body } = requestOf(one);
  const sent = request({
    host: '127.0.0.1',
    port: gateway.port,
    method,
    path,
    headers: { ...Object.fromEntries(headers), 'x-case': name },
    agent: false,
  });
  sent.on('error', () => undefined);
  sent.end(Buffer.concat(body));
  return { name, sent };
}

/** The response's body; the client goes away once it has `enough` bytes. */
async function receive(
  sent: ClientRequest,
  enough = Infinity,
): Promise<{ body: Buffer; response: IncomingMessage }> {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  let length = 0;
  const isOver = new Promise<void>((resolve) => {
    const stop = (): void => {
      sent.destroy();
      resolve();
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= enough) stop();
    });
    response.on('end', resolve);
    response.on('error', () => {
      resolve();
    });
    if (enough === 0) stop();
  });
  await isOver;
  return { body: Buffer.concat(chunks), response };
}

interface Line {
  readonly status: number;
  readonly usage: string | null;
  readonly case: string | null;
}

/** What Envoy has logged of a call. */
async function logged(name: string): Promise<{ readonly status: number; readonly usage: unknown }> {
  return until(`the log of case ${name}`, async () => {
    const lines = (await gateway.accessLog().catch(() => ''))
      .split('\n')
      .filter((line) => line.endsWith('}'));
    const line = lines.map((one) => JSON.parse(one) as Line).find((one) => one.case === name);
    if (line === undefined) return undefined;
    return { status: line.status, usage: line.usage === null ? null : (JSON.parse(line.usage) as unknown) };
  });
}

async function replay(one: UsageCase, pieces: readonly Buffer[]): Promise<void> {
  const { name, sent } = call(one, { pieces });
  if (one.end === 'client-early') {
    await until('the request', () => (upstream.asked.has(name) ? true : undefined));
    sent.destroy();
  } else {
    const { body, response } = await receive(sent, one.end === 'client' ? one.client.length : Infinity);
    expect(body.toString('latin1')).toBe(one.client.toString('latin1'));
    if (!one.client.equals(Buffer.concat(one.pieces)))
      expect(response.headers['content-length']).toBeUndefined();
  }
  expect((await logged(name)).usage).toEqual(recordOf(one));
}

describe.each(usageCorpus())('usage of $topic, in Envoy', ({ cases }) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    await replay(one, one.pieces);
    if (one.pieces.length > 1) await replay(one, [Buffer.concat(one.pieces)]);
  });
});

const chat = usageCorpus()
  .flatMap(({ cases }) => cases)
  .find(({ name }) => name === 'a stream of which the gateway asked for usage');

describe('usage, in Envoy', () => {
  if (chat === undefined) throw new Error('the corpus has no such case');

  it('no event waits for the next one', async () => {
    let received = 0;
    let expected = 0;
    const { name, sent } = call(chat, {
      before: async (piece) => {
        // The usage event and what comes before it in the stream: all of that must have reached the client by now.
        await until(`${expected} bytes before piece ${piece}`, () =>
          received >= expected ? true : undefined,
        );
        if (piece < chat.pieces.length - 2) expected += chat.pieces[piece]?.length ?? 0;
      },
    });
    sent.on('response', (response: IncomingMessage) => {
      response.on('data', (chunk: Buffer) => (received += chunk.length));
    });
    expect((await logged(name)).usage).toEqual(recordOf(chat));
    expect(received).toBe(chat.client.length);
  });

  it('an upstream that cannot be reached has cost nothing', async () => {
    await gateway.push('key-auth', withDeadRoute(2n));
    await until('the policy', () => (gateway.confirmations('key-auth', 2n).length >= 3 ? true : undefined));
    const name = `${number++}`;
    const { path, headers, body } = requestOf(chat);
    const sent = request({
      host: '127.0.0.1',
      port: gateway.port,
      method: 'POST',
      path: path.replace('/v1', '/v3'),
      headers: { ...Object.fromEntries(headers), 'x-case': name },
    });
    sent.end(Buffer.concat(body));
    await receive(sent);
    const zero = { ...chat.record, input: 0, output: 0, estimated: false, outcome: 'failed' } as const;
    expect(await logged(name)).toEqual({ status: 503, usage: recordOf(chat, zero) });
  });

  it('a call that is refused has no usage', async () => {
    const name = `${number++}`;
    const { path, headers, body } = requestOf(chat);
    const sent = request({
      host: '127.0.0.1',
      port: gateway.port,
      method: 'POST',
      path,
      headers: { ...Object.fromEntries(headers), authorization: 'Bearer x', 'x-case': name },
    });
    sent.end(Buffer.concat(body));
    await receive(sent);
    expect(await logged(name)).toEqual({ status: 401, usage: null });
  });

  it('a stream that is cut by a revocation has a record', async () => {
    const { name, sent } = call(chat, { end: 'client', pieces: chat.pieces.slice(0, 3) });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let received = 0;
    response.on('data', (chunk: Buffer) => (received += chunk.length));
    response.on('error', () => undefined);
    const enough = Buffer.concat(chat.pieces.slice(0, 3)).length;
    await until('three events', () => (received >= enough ? true : undefined));
    await gateway.push(
      'key-auth',
      image([consumer(1, { revoked: true })], { policyVersion: 3n, routes: usageRoutes }),
    );
    const cut = {
      ...chat.record,
      input: chat.requestBytes / 4,
      output: 3,
      estimated: true,
      outcome: 'cut',
    } as const;
    expect(await logged(name)).toEqual({ status: 200, usage: recordOf(chat, cut) });
  });
});

function withDeadRoute(policyVersion: bigint): Buffer {
  const routes = [
    ...usageRoutes,
    { kind: 'llm', key: DEAD, path: '/v3', models: ['*'], catalogue: ['x'] },
  ] as const;
  const grants = routes.map(({ key }) => ({ route: key, models: null }));
  return image([consumer(1, { grants })], { policyVersion, routes });
}

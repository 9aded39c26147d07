import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../network/until.js';
import {
  bearer,
  type Call,
  chat,
  get,
  openChatStream,
  openMcpStream,
  openStream,
  type OpenStream,
} from './calls.js';
import { startLoad } from './load.js';
import { type Scene, startScene } from './scene.js';

/** Streams of every kind, busy and idle, five of each on each of two replicas. */
async function openAllKinds(scene: Scene, token: string): Promise<OpenStream[]> {
  const streams: OpenStream[] = [];
  for (const { origin } of scene.network.replicas) {
    const service = `${origin}/services/query/public/pretend-stream-endless-every-20ms`;
    streams.push(
      ...(await Promise.all([
        openChatStream(origin, token, 'pretend-endless-every-20ms'),
        openChatStream(origin, token, 'pretend-endless-every-50ms'),
        openChatStream(origin, token, 'pretend-idle-after-1'),
        openChatStream(origin, token, 'pretend-idle-after-2'),
        openMcpStream(origin, token, 'everything'),
        openMcpStream(origin, token, 'everything'),
        openMcpStream(origin, token, 'everything'),
        openStream(service, { method: 'GET', headers: bearer(token) }),
        openStream(service, { method: 'GET', headers: bearer(token) }),
        openStream(`${origin}/services/basic/public/pretend-stream-idle-after-1`, {
          method: 'GET',
          headers: bearer(token),
        }),
      ])),
    );
  }
  return streams;
}

describe('revoking a consumer under load on two replicas', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene({ replicas: 2 });
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
  });

  it('admits no call after the answer, cuts all its streams and no one else loses anything', async () => {
    const { network, alice, bob } = scene;
    const origins = network.replicas.map((replica) => replica.origin);
    const originOf = (index: number): string => origins[index % 2] ?? '';
    const call =
      (token: string) =>
      (index: number): Promise<Call> =>
        index % 4 < 2
          ? chat(originOf(index), token, 'gpt-3.5-turbo')
          : get(originOf(index), '/services/query/public/x', token);
    const ofAlice = startLoad(100, call(alice));
    const ofBob = startLoad(100, call(bob));
    const aliceStreams = await openAllKinds(scene, alice);
    const bobStreams = await Promise.all(
      origins.map((origin) => openChatStream(origin, bob, 'pretend-endless-every-20ms')),
    );
    expect(aliceStreams).toHaveLength(20);
    expect(aliceStreams.map((stream) => [stream.status, stream.endedAt])).toEqual(
      Array(20).fill([200, null]),
    );
    await until(() => ofAlice.calls.length > 150, { withinMs: 20_000 });

    const answer = await network.admin.revoke('worker-alice');
    const answeredAt = performance.now();

    expect(answer.replicas.map(({ id, applied }) => [id, applied]).sort()).toEqual([
      ['gateway-0', true],
      ['gateway-1', true],
    ]);
    await until(() => aliceStreams.every((stream) => stream.endedAt !== null), {
      withinMs: 2000,
      onTimeout: () =>
        `open: ${aliceStreams.map((stream, i) => (stream.endedAt === null ? i : '')).join(' ')}`,
    });
    const afterwards = (): Call[] => ofAlice.calls.filter((one) => one.startedAt > answeredAt);
    await until(() => afterwards().length > 100, { withinMs: 20_000 });
    const bobReceived = bobStreams.map((stream) => stream.received);
    await until(() => bobStreams.every((stream, i) => stream.received > (bobReceived[i] ?? 0)), {
      withinMs: 5000,
    });
    await Promise.all([ofAlice.stop(), ofBob.stop()]);

    expect(
      ofAlice.calls.filter((one) => one.startedAt < answeredAt - 1000).every((one) => one.status === 200),
    ).toBe(true);
    expect(new Set(afterwards().map((one) => `${one.status} ${one.reason}`))).toEqual(
      new Set(['401 consumer-revoked']),
    );
    expect(new Set(ofBob.calls.map((one) => one.status))).toEqual(new Set([200]));
    expect(bobStreams.map((stream) => stream.endedAt)).toEqual([null, null]);
    for (const stream of bobStreams) stream.close();
  });

  it('admits it again after restore', async () => {
    const { network, alice } = scene;
    await network.admin.restore('worker-alice');
    for (const { origin } of network.replicas) {
      expect((await chat(origin, alice, 'gpt-4o')).status).toBe(200);
    }
  });

  it('cuts only the streams that a narrower grant no longer admits', async () => {
    const { network, alice } = scene;
    const origin = network.gatewayOrigin;
    const taken = await openChatStream(origin, alice, 'pretend-endless-every-50ms');
    const kept = await openStream(`${origin}/services/query/public/pretend-stream-endless-every-20ms`, {
      method: 'GET',
      headers: bearer(alice),
    });
    const grant = '/llm-routes/chat/allowedConsumers/worker-alice';
    const { status } = await network.admin.request('PUT', `${grant}?wait=applied`, {
      body: { models: ['gpt-4o'] },
    });
    expect(status).toBe(200);
    await until(() => taken.endedAt !== null, { withinMs: 2000 });
    const received = kept.received;
    await until(() => kept.received > received, { withinMs: 2000 });
    expect(kept.endedAt).toBeNull();
    kept.close();
    expect(await chat(origin, alice, 'gpt-3.5-turbo')).toMatchObject({
      status: 403,
      reason: 'model-not-allowed',
    });
    expect((await chat(origin, alice, 'gpt-4o')).status).toBe(200);
  });

  it('ends a stream whose token expires', async () => {
    const { network } = scene;
    const expiresAt = new Date(Date.now() + 3000).toISOString();
    const issued = await network.admin.request('POST', '/consumers/worker-bob/tokens?wait=applied', {
      body: { expiresAt },
    });
    expect(issued.status).toBe(201);
    const { token } = issued.body as { token: string };
    const stream = await openChatStream(network.gatewayOrigin, token, 'pretend-idle-after-1');
    expect(stream.status).toBe(200);
    await until(() => stream.endedAt !== null, { withinMs: 8000 });
    expect(await chat(network.gatewayOrigin, token, 'gpt-3.5-turbo')).toMatchObject({
      status: 401,
      reason: 'token-expired',
    });
  });
});

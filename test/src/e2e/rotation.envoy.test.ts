import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Network, startNetwork } from '../network/network.js';
import { until } from '../network/until.js';
import { sendJson } from '../upstreams/answer.js';
import { type RecordingServer, startRecordingServer } from '../upstreams/recording-server.js';
import { startTokenServer, type TokenServer } from '../upstreams/token-server.js';
import { type Call, chat } from './calls.js';
import { type Load, startLoad } from './load.js';

const PER_SECOND = 100;
const ROTATIONS = 15;
/** A token is renewed five seconds after it was obtained at the earliest. */
const LIFETIME_SECONDS = 8;
const RENEWALS = 3;

let network: Network;
let provider: RecordingServer;
let tokens: TokenServer;
/** Credentials that the provider takes. */
const good = new Set<string>();
let consumer = '';

beforeAll(async () => {
  tokens = await startTokenServer(LIFETIME_SECONDS);
  provider = await startRecordingServer((request, response) => {
    const presented = request.header('authorization').replace(/^Bearer /, '');
    const known = good.has(presented) || tokens.admits(presented);
    sendJson(response, known ? 200 : 401, {
      presented,
      choices: [],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    });
  });
  network = await startNetwork({ replicas: 2 });
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await provider.close();
  await tokens.close();
});

async function serve(credential: object): Promise<void> {
  const { admin } = network;
  await admin.put('credentials', 'key', { hosts: ['127.0.0.1'], ...credential }, { wait: false });
  const baseUrl = `${provider.origin}/v1`;
  await admin.put('providers', 'llm', { baseUrl, credential: 'key' }, { wait: false });
  await admin.put('consumers', 'worker', {}, { wait: false });
  const route = { models: ['m'], targets: [{ provider: 'llm' }], allowedConsumers: ['worker'] };
  await admin.put('llm-routes', 'chat', route);
  consumer = (await admin.issueToken('worker')).token;
}

/** Calls to both replicas in turn. */
function startCalls(): Load & { finishBegun(): Promise<void> } {
  const underWay = new Set<Promise<Call>>();
  const load = startLoad(PER_SECOND, (index) => {
    const replica = network.replicas[index % network.replicas.length];
    const one = chat(replica?.origin ?? '', consumer, 'm');
    underWay.add(one);
    void one.finally(() => underWay.delete(one));
    return one;
  });
  /** Resolves once every call that has begun by now has ended. */
  const finishBegun = async (): Promise<void> => {
    await Promise.all(underWay);
  };
  return { ...load, finishBegun };
}

function statuses(calls: readonly Call[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, reason } of calls) {
    const key = `${status} ${reason}`.trim();
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const presented = ({ body }: Call): string => (JSON.parse(body) as { presented: string }).presented;

describe('rotation of an upstream credential under load', () => {
  it('of a key loses no request, and what is applied is what is sent', async () => {
    const keys = Array.from({ length: ROTATIONS + 1 }, (_, index) => `sk-rotation-${index}-real`);
    good.add(keys[0] ?? '');
    await serve({ value: keys[0] });
    const running = startCalls();
    const appliedAt = [0];
    for (let index = 1; index <= ROTATIONS; index++) {
      // As it is done at a provider: the new key works before the old one is taken away.
      good.add(keys[index] ?? '');
      await network.admin.put('credentials', 'key', { value: keys[index], hosts: ['127.0.0.1'] });
      appliedAt.push(performance.now());
      // What began before the rotation was answered may still carry the old key; nothing else may.
      await running.finishBegun();
      good.delete(keys[index - 1] ?? '');
      const sent = running.calls.length;
      await until(() => running.calls.length > sent + 20, { withinMs: 10_000 });
    }
    await running.stop();
    expect(statuses(running.calls)).toEqual({ 200: running.calls.length });
    // A call that began after the answer to a rotation never carries an older key.
    for (const call of running.calls) {
      const newest = appliedAt.findLastIndex((at) => at < call.startedAt);
      expect(keys.indexOf(presented(call))).toBeGreaterThanOrEqual(newest);
    }
    expect(new Set(running.calls.map(presented)).size).toBe(ROTATIONS + 1);
  });

  it('of OAuth 2 tokens loses no request, rotates refresh tokens, and suspends what has ended', async () => {
    good.clear();
    const { tokenUrl, ...rest } = {
      tokenUrl: `${tokens.origin}/token`,
      clientId: 'gateway',
      clientSecret: 'client-real',
    };
    await serve({ oauth2: { tokenUrl, ...rest, refreshToken: tokens.refreshToken } });
    const fresh = async (status: 'True' | 'False', reason: string): Promise<boolean> => {
      const { body } = await network.admin.request('GET', '/credentials/key');
      const { conditions } = (
        body as { status: { conditions: { type: string; status: string; reason: string }[] } }
      ).status;
      const found = conditions.find(({ type }) => type === 'Fresh');
      return found?.status === status && found.reason === reason;
    };
    await until(() => fresh('True', 'TokenFresh'), { withinMs: 10_000 });
    await until(async () => (await chat(network.gatewayOrigin, consumer, 'm')).status === 200, {
      withinMs: 10_000,
    });
    const running = startCalls();
    const first = tokens.issued;
    await until(() => tokens.issued >= first + RENEWALS, { withinMs: 60_000 });
    const sent = running.calls.length;
    await until(() => running.calls.length > sent + 50, { withinMs: 10_000 });
    await running.stop();
    expect(statuses(running.calls)).toEqual({ 200: running.calls.length });
    expect(new Set(running.calls.map(presented)).size).toBeGreaterThan(RENEWALS);
    expect(tokens.reuses).toBe(0);

    // No renewal for longer than a token lasts: refused by the gateway, never sent.
    tokens.fail(true);
    await until(() => fresh('False', 'TokenExpired'), { withinMs: 30_000 });
    await until(async () => (await chat(network.gatewayOrigin, consumer, 'm')).status === 503, {
      withinMs: 10_000,
    });
    provider.forget();
    const refused = await chat(network.gatewayOrigin, consumer, 'm');
    expect(refused).toMatchObject({ status: 503, reason: 'credential-host-mismatch' });
    expect(provider.requests).toEqual([]);
    tokens.fail(false);
    await until(() => fresh('True', 'TokenFresh'), { withinMs: 60_000 });
    await until(async () => (await chat(network.gatewayOrigin, consumer, 'm')).status === 200, {
      withinMs: 10_000,
    });
    expect(tokens.reuses).toBe(0);
    const leaked = JSON.stringify(await network.admin.request('GET', '/credentials/key')) + network.logs();
    expect(leaked).not.toMatch(/client-real|at-[0-9a-f]{32}/);
  }, 180_000);
});

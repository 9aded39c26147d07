import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KeyAuthLimit } from '@hiclaw/policy-image';
import { createLogger } from '@hiclaw/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedCall } from '../usage/consumption.js';
import { CallbackServer } from '../xds/callback-server.js';
import { openLeaseDatabase } from './database.js';
import { leaseHandlers } from './lease-handlers.js';
import { LeaseStore } from './lease-store.js';
import type { Recall, Speaker } from './lease-wire.js';
import type { Claim } from './ledger.js';
import { Limits } from './limits.js';

const START = Date.UTC(2026, 0, 31, 23, 59, 0);
const A: Speaker = { node: 'gateway-0', boot: 'a'.repeat(16), vm: '1'.repeat(16) };
const B: Speaker = { node: 'gateway-1', boot: 'b'.repeat(16), vm: '2'.repeat(16) };

let folder: string;
let nowMs: number;
let caps: Map<string, KeyAuthLimit[]>;
let calls: RecordedCall[];
let drainedAtMs: number | null;
const open: (() => void)[] = [];
const obeyed: Promise<unknown>[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hiclaw-limits-'));
  nowMs = START;
  caps = new Map([['alice', [{ meter: 'tokens-month', cap: 1000n }]]]);
  calls = [];
  drainedAtMs = null;
});

afterEach(async () => {
  await Promise.all(obeyed.splice(0));
  for (const close of open.splice(0).reverse()) close();
  rmSync(folder, { recursive: true });
});

/** A policy server's limits; the one before, if any, ends as if killed. */
function start(): Limits {
  for (const close of open.splice(0).reverse()) close();
  const database = openLeaseDatabase(path.join(folder, 'limits.db'), nowMs);
  const limits = new Limits({
    store: new LeaseStore(database),
    limitsOf: (consumer) => caps.get(consumer) ?? [],
    replicas: () => 2,
    records: {
      recordsOf: ({ node, consumer, fromMs }) =>
        calls.filter((call) => call.node === node && call.consumer === consumer && call.startMs >= fromMs),
      drainedAt: () => drainedAtMs,
    },
    clock: { nowMs: () => nowMs },
    log: createLogger({ name: 'test', level: 'fatal' }),
  });
  open.push(() => {
    limits.close();
    database.close();
  });
  return limits;
}

function claim(more: Partial<Claim> = {}): Claim {
  return {
    consumer: 'alice',
    meter: 'tokens-month',
    windowEndMs: Date.UTC(2026, 1),
    generation: 0,
    allowance: 0n,
    used: 0n,
    need: 0n,
    want: 0n,
    ...more,
  };
}

async function ask(limits: Limits, speaker: Speaker, more: Partial<Claim>): Promise<string> {
  const answers = await limits.claim(speaker, [claim(more)]);
  if (answers === null) return 'gone';
  return answers
    .map(({ decision, cap }) => `${decision.lease.allowance} of ${cap}, ${decision.available} left`)
    .join();
}

/** Gives back what it does not use, as a plugin does. */
function obey(limits: Limits, speaker: Speaker, kept: Partial<Claim>): void {
  limits.waitForRecalls(speaker, (recalls: readonly Recall[]) => {
    for (const { wish } of recalls) {
      const generation = wish === 'give' ? (kept.generation ?? 0) + 1 : (kept.generation ?? 0);
      obeyed.push(limits.claim(speaker, [claim({ ...kept, generation })]));
    }
  });
}

describe('limits', () => {
  it('give leases that a restart neither forgets nor doubles', async () => {
    expect(await ask(start(), A, { need: 600n, want: 600n })).toBe('600 of 1000, 400 left');
    const limits = start();
    expect(await ask(limits, A, { need: 600n, want: 600n })).toBe('600 of 1000, 400 left');
    expect(await ask(limits, B, { need: 401n, want: 401n })).toBe('0 of 1000, 400 left');
    expect(await ask(limits, B, { need: 400n, want: 400n })).toBe('400 of 1000, 0 left');
    expect(limits.counters).toMatchObject({ granted: 2, refused: 1, answers: 3 });
  });

  it('begin anew with each window, by the clock of the server', async () => {
    const limits = start();
    await ask(limits, A, { need: 1000n, want: 1000n });
    nowMs = START + 59_999;
    expect(await ask(limits, B, { need: 1n, want: 1n })).toBe('0 of 1000, 0 left');
    nowMs = START + 60_000;
    expect(await ask(limits, B, { need: 1n, want: 1n })).toBe('125 of 1000, 875 left');
    expect((await limits.state('alice'))[0]?.resetsAtMs).toBe(Date.UTC(2026, 2));
    expect(await ask(start(), A, { need: 0n })).toBe('0 of 1000, 875 left');
  });

  it('call back what another gateway does not use', async () => {
    const limits = start();
    await ask(limits, A, { need: 900n, want: 900n });
    obey(limits, A, { allowance: 200n, used: 200n });
    expect(await ask(limits, B, { need: 800n, want: 800n })).toBe('800 of 1000, 0 left');
    expect(limits.counters.recalls).toBe(1);
  });

  it('do not wait for a gateway that does not listen', async () => {
    const limits = start();
    await ask(limits, A, { need: 900n, want: 900n });
    const startedAt = performance.now();
    expect(await ask(limits, B, { need: 800n, want: 800n })).toBe('0 of 1000, 100 left');
    expect(performance.now() - startedAt).toBeLessThan(200);
    obey(limits, A, { allowance: 200n, used: 200n });
    expect(await ask(limits, B, { need: 800n, want: 800n })).toBe('800 of 1000, 0 left');
  });

  it('call back what exceeds a cap that was lowered, and give at once what a higher one allows', async () => {
    const limits = start();
    await ask(limits, A, { need: 900n, want: 900n });
    caps.set('alice', [{ meter: 'tokens-month', cap: 300n }]);
    const asked = new Promise<readonly Recall[]>((resolve) => limits.waitForRecalls(A, resolve));
    limits.recallExcess(['alice', 'bob']);
    expect(await asked).toEqual([
      { consumer: 'alice', meter: 'tokens-month', windowEndMs: Date.UTC(2026, 1), wish: 'give' },
    ]);
    expect(await ask(limits, A, { generation: 1, allowance: 100n, used: 100n })).toBe('100 of 300, 200 left');
    caps.set('alice', [{ meter: 'tokens-month', cap: 3000n }]);
    expect(await ask(limits, B, { need: 2900n, want: 2900n })).toBe('2900 of 3000, 0 left');
  });

  it('leave out what the consumer has no limit for', async () => {
    const limits = start();
    expect(await limits.claim(A, [claim({ consumer: 'bob' }), claim({ meter: 'usd-day' })])).toEqual([]);
  });

  it('count what a process that is gone held as spent, until its records say what it spent', async () => {
    const before = start();
    await ask(before, A, { need: 500n, want: 500n });
    await ask(before, A, { allowance: 500n, used: 100n });
    const limits = start();
    nowMs += 5000;
    const next = { ...A, boot: 'c'.repeat(16) };
    expect(await ask(limits, next, { need: 501n, want: 501n })).toBe('0 of 1000, 500 left');
    expect(await ask(limits, A, { allowance: 500n, used: 100n })).toBe('gone');
    expect(limits.waitForRecalls(A, () => undefined)).toBe(false);
    const call = {
      id: '1',
      node: A.node,
      consumer: 'alice',
      route: 'r',
      startMs: START - 60_000,
      picoUsd: null,
    };
    calls = [
      { ...call, endMs: START + 1000, tokens: 30 },
      { ...call, endMs: START - 10_000, tokens: 7000 },
      { ...call, endMs: START + 1000, tokens: 7000, node: 'gateway-9' },
    ];
    expect(await ask(limits, next, { need: 501n, want: 501n }), 'not all is read').toBe(
      '0 of 1000, 500 left',
    );
    drainedAtMs = nowMs;
    expect(await ask(limits, next, { need: 501n, want: 501n })).toBe('501 of 1000, 369 left');
  });

  it('say how much is spent, as gateways tell when asked', async () => {
    const limits = start();
    await ask(limits, A, { need: 500n, want: 500n });
    await ask(limits, B, { need: 100n, want: 100n });
    obey(limits, A, { allowance: 500n, used: 40n });
    obey(limits, B, { allowance: 100n, used: 60n });
    expect(await limits.state('alice')).toEqual([
      {
        meter: 'tokens-month',
        cap: 1000n,
        used: 100n,
        reserved: 500n,
        remaining: 400n,
        resetsAtMs: Date.UTC(2026, 1),
      },
    ]);
    expect(await limits.state('nobody')).toEqual([]);
  });

  it('give nothing that cannot be kept', async () => {
    const limits = start();
    await ask(limits, A, { need: 1n, want: 1n });
    for (const close of open.splice(0).reverse()) close();
    await expect(limits.claim(A, [claim({ used: 125n, need: 1n, want: 1n })])).rejects.toThrow();
  });

  it('keep the claims of one moment with one commit', async () => {
    const limits = start();
    caps = new Map(
      Array.from({ length: 50 }, (_, n) => [`c${n}`, [{ meter: 'tokens-day' as const, cap: 80n }]]),
    );
    await Promise.all(
      [...caps.keys()].map((consumer) =>
        limits.claim(A, [claim({ consumer, meter: 'tokens-day', need: 10n, want: 10n })]),
      ),
    );
    const again = start();
    for (const consumer of caps.keys()) {
      expect(await again.state(consumer)).toMatchObject([{ reserved: 10n, remaining: 70n }]);
    }
  });
});

interface Reply {
  readonly status: number;
  readonly body: string;
}

describe('on the socket', () => {
  let socketPath: string;
  let server: CallbackServer;
  let limits: Limits;

  beforeEach(async () => {
    limits = start();
    socketPath = path.join(folder, 's');
    server = new CallbackServer(
      () => true,
      leaseHandlers(limits, () => nowMs),
    );
    await server.listen(socketPath);
    open.push(() => void server[Symbol.asyncDispose]());
  });

  function post(target: string, body: string, node: string | null = A.node): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const headers = node === null ? {} : { 'x-hiclaw-node': node };
      const sent = request({ socketPath, path: target, method: 'POST', headers }, (response) => {
        let text = '';
        response.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text });
        });
      });
      sent.on('error', reject);
      sent.end(body, 'latin1');
    });
  }

  const leases = `/leases?vm=${A.vm}&boot=${A.boot}`;
  const recalls = `/recalls?vm=${A.vm}&boot=${A.boot}`;

  it('answers claims line by line', async () => {
    expect(await post(leases, 'alice 3 0 0 0 0 10 20\n')).toEqual({
      status: 200,
      body: 'alice 3 1769904000 0 125 875 1000 60000 1\n',
    });
  });

  it('answers a question for recalls when there is one, or another of the same VM', async () => {
    await post(leases, 'alice 3 0 0 0 0 900 900\n');
    const first = post(recalls, '');
    const second = post(recalls, '');
    // Either may be read first; it is the one that was there before that gets nothing.
    const [done, late] = await Promise.race([
      first.then((reply) => [reply, second] as const),
      second.then((reply) => [reply, first] as const),
    ]);
    expect(done).toEqual({ status: 204, body: '' });
    caps.set('alice', [{ meter: 'tokens-month', cap: 300n }]);
    limits.recallExcess(['alice', 'bob']);
    expect(await late).toEqual({ status: 200, body: 'alice 3 1769904000 give\n' });
  });

  it.each([
    ['claims that are none', leases, 'alice 3\n', A.node, 400],
    ['bytes that are no text', leases, '\u0000\u00ff\u00fe\n', A.node, 400],
    ['claims of no gateway', leases, 'alice 3 0 0 0 0 10 20\n', null, 400],
    ['another path', '/lease', '', A.node, 400],
    ['a body that is too long', leases, 'x'.repeat(70_000), A.node, 413],
    ['a question with a body', recalls, 'x', A.node, 400],
    ['a question of nobody', '/recalls?vm=1&boot=2', '', A.node, 400],
  ])('refuses %s', async (_, target, body, node, status) => {
    const reply = await post(target, body, node).catch((error: unknown) => error);
    // A body that is not read to its end may break the connection before the answer is read.
    if (status === 413 && reply instanceof Error) return;
    expect(reply).toEqual({ status, body: '' });
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { request, Agent } from 'undici';
import { type Network, startNetwork } from '../network/network.js';
import { until } from '../network/until.js';
import { type LlmProvider, startLlmProvider } from '../upstreams/llm-provider.js';
import { bearer } from './calls.js';

const CREDENTIAL = 'sk-real-provider-9Lim1tsQ';
/** Of a stream: what is reserved of its output at a time. */
const QUANTUM = 512;
const agent = new Agent({ connections: 128 });

/** What came of one call, headers of refusals included. */
interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly retryAfter: number;
  readonly resetsAt: string;
  /** All that came, also of a stream that broke off. */
  readonly text: string;
  /** Milliseconds between two pieces of it, at most. */
  readonly longestGapMs: number;
}

interface LimitItem {
  readonly unit: string;
  readonly per: string;
  readonly cap: number | string;
  readonly used: number | string;
  readonly reserved: number | string;
  readonly remaining: number | string;
  readonly resetsAt: string;
}

let provider: LlmProvider;
let network: Network;

beforeEach(async () => {
  provider = await startLlmProvider({ credential: CREDENTIAL });
  network = await startNetwork({ replicas: 2 });
  const { admin } = network;
  const later = { wait: false };
  await admin.put('credentials', 'provider-key', { value: CREDENTIAL, hosts: ['127.0.0.1'] }, later);
  const prices = [{ model: 'pretend-usage*', inputPerMillion: '10', outputPerMillion: '100' }];
  const spec = { baseUrl: `${provider.origin}/v1`, credential: 'provider-key', prices };
  await admin.put('providers', 'pretend', spec, later);
});
afterEach(async () => {
  await network.close();
  await provider.close();
});

/** A consumer with these limits, and its token. */
async function consumer(name: string, limits: object): Promise<string> {
  const { admin } = network;
  await admin.put('consumers', name, { limits }, { wait: false });
  const route = {
    path: '/v1',
    models: ['pretend*'],
    targets: [{ provider: 'pretend' }],
    allowedConsumers: [name],
  };
  await admin.put('llm-routes', name, route, { wait: false });
  return (await admin.issueToken(name)).token;
}

async function chat(replica: number, token: string, model: string, body: object = {}): Promise<Answer> {
  const url = `${network.replicas[replica % 2]!.origin}/v1/chat/completions`;
  const messages = [{ role: 'user', content: 'hello' }];
  const {
    statusCode,
    headers,
    body: answer,
  } = await request(url, {
    method: 'POST',
    headers: { ...bearer(token), 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages, ...body }),
    dispatcher: agent,
    bodyTimeout: 0,
  });
  let text = '';
  let longestGapMs = 0;
  let last = performance.now();
  try {
    for await (const chunk of answer) {
      longestGapMs = Math.max(longestGapMs, performance.now() - last);
      last = performance.now();
      text += String(chunk);
    }
  } catch {
    // A stream that is cut ends like this.
  }
  const header = (name: string): string => String(headers[name] ?? '');
  return {
    status: statusCode,
    reason: header('x-hiclaw-reason'),
    retryAfter: Number(header('retry-after')),
    resetsAt: header('x-hiclaw-resets-at'),
    text,
    longestGapMs,
  };
}

async function limitsOf(name: string): Promise<readonly LimitItem[]> {
  const { body } = await network.admin.request('GET', `/consumers/${name}/limits`);
  return (body as { items: readonly LimitItem[] }).items;
}

/** Tokens of the consumer's recorded calls, once there are so many. */
async function recorded(
  name: string,
  calls: number,
): Promise<{ tokens: number; cut: number; costUsd: number }> {
  let seen: Record<string, number> = {};
  await until(
    async () => {
      const { body } = await network.admin.request('GET', `/usage?consumer=${name}`);
      seen = (body as { totals: Record<string, number> }).totals;
      return (seen['requests'] ?? 0) >= calls;
    },
    { withinMs: 10_000, onTimeout: () => `${JSON.stringify(seen)} ${network.logs()}` },
  );
  expect(seen['requests']).toBe(calls);
  return {
    tokens: (seen['input'] ?? 0) + (seen['output'] ?? 0),
    cut: seen['cut'] ?? 0,
    costUsd: Number(seen['costUsd']),
  };
}

/** What follows happens within one UTC minute. */
async function alignMinute(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 15_000) await delay(left + 100);
}

function count(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, reason } of answers) {
    const key = `${status} ${reason}`.trim();
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('limits, over two gateways', () => {
  it('admit exactly as many requests as a minute allows', async () => {
    const token = await consumer('worker-alice', { requestsPerMinute: 10 });
    await alignMinute();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => chat(i, token, 'pretend-usage-in-1-out-1')),
    );
    expect(count(answers)).toEqual({ '200': 10, '429 requests-exhausted': 30 });
    for (const { status, retryAfter, resetsAt } of answers) {
      if (status === 200) continue;
      expect(retryAfter).toBeGreaterThanOrEqual(1);
      expect(retryAfter).toBeLessThanOrEqual(60);
      expect(Date.parse(resetsAt) - Date.now()).toBeLessThanOrEqual(60_000);
    }
    expect(await limitsOf('worker-alice')).toMatchObject([
      { unit: 'requests', per: 'minute', cap: 10, used: 10, reserved: 0, remaining: 0 },
    ]);
  });

  it('admit no more tokens than a minute allows', async () => {
    const token = await consumer('worker-alice', { tokensPerMinute: 2000 });
    await alignMinute();
    const model = 'pretend-usage-in-30-out-70';
    const send = (i: number): Promise<Answer> => chat(i, token, model, { max_tokens: 70 });
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => send(i)));
    const counts = count(answers);
    const passed = counts['200'] ?? 0;
    expect(counts).toEqual({ '200': passed, '429 tokens-exhausted': 40 - passed });
    expect(passed * 100).toBeLessThanOrEqual(2000);
    expect(passed * 110, 'nothing of note is left lying').toBeGreaterThan(2000 - 2 * 110);
  });

  it('cut 64 streams that race for one budget, and overshoot it by no more than one reservation', async () => {
    const cap = 80_000;
    const token = await consumer('worker-alice', { budgets: [{ per: 'month', tokens: cap }] });
    const model = 'pretend-endless-every-1ms-no-usage';
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, i) => chat(i, token, model, { stream: true })),
    );
    expect(count(answers)).toEqual({ '200': 64 });
    for (const { text } of answers) {
      expect(text.endsWith('"code":"budget-exhausted"}}\n\n'), text.slice(-300)).toBe(true);
    }
    const { tokens, cut } = await recorded('worker-alice', 64);
    console.info(`budget race: ${tokens} of ${cap} tokens, overshoot ${tokens - cap}`);
    expect(cut).toBe(64);
    expect(tokens).toBeLessThanOrEqual(cap + QUANTUM);
    expect(tokens, 'what is given out is used').toBeGreaterThan(cap * 0.9);
    const refused = await chat(0, token, model, { stream: true });
    expect(refused).toMatchObject({ status: 429, reason: 'budget-exhausted' });
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect(JSON.parse(refused.text)).toMatchObject({
      error: { type: 'insufficient_quota', code: 'budget-exhausted' },
    });
    await network.admin.put('consumers', 'worker-alice', {
      limits: { budgets: [{ per: 'month', tokens: cap + 10_000 }] },
    });
    expect(
      (await chat(0, token, 'pretend-usage-in-1-out-1', { max_tokens: 5 })).status,
      'a higher cap counts at once',
    ).toBe(200);
  });

  it('let a budget be spent that is smaller than the longest answer', async () => {
    const token = await consumer('worker-alice', { budgets: [{ per: 'day', tokens: 500 }] });
    const answers: Answer[] = [];
    // One call at a time, here and there: what a call may use is far more than there is.
    for (let i = 0; answers.at(-1)?.status !== 429; i++) {
      answers.push(await chat(i, token, 'pretend-usage-in-10-out-20'));
    }
    expect(count(answers)).toEqual({ '200': answers.length - 1, '429 budget-exhausted': 1 });
    const { tokens } = await recorded('worker-alice', answers.length - 1);
    console.info(`small budget: ${tokens} of 500`);
    expect(tokens).toBeLessThanOrEqual(500);
    expect(tokens).toBeGreaterThan(400);
  });

  it('stop at a budget in US dollars, which needs prices', async () => {
    // 1000 tokens in and 100 out cost 0.02 dollars.
    const token = await consumer('worker-alice', { budgets: [{ per: 'day', usd: 0.5 }] });
    expect(await chat(0, token, 'pretend-unpriced')).toMatchObject({ status: 403, reason: 'price-unknown' });
    const model = 'pretend-usage-in-1000-out-100';
    const answers: Answer[] = [];
    const caller = async (replica: number): Promise<void> => {
      for (let last: Answer | null = null; last?.status !== 429; answers.push(last)) {
        last = await chat(replica, token, model, { max_tokens: 100 });
      }
    };
    await Promise.all([0, 1, 0, 1].map(caller));
    const passed = count(answers)['200'] ?? 0;
    expect(count(answers)).toEqual({ '200': passed, '429 budget-exhausted': 4 });
    const { costUsd } = await recorded('worker-alice', passed);
    console.info(`USD budget: ${costUsd} of 0.5`);
    expect(costUsd).toBeLessThanOrEqual(0.5 + 0.02);
    expect(costUsd).toBeGreaterThan(0.4);
  });

  it('hold while the policy server is away: leases are used up, and nothing beyond them', async () => {
    const token = await consumer('worker-alice', { budgets: [{ per: 'month', tokens: 8000 }] });
    const send = (i: number): Promise<Answer> =>
      chat(i, token, 'pretend-usage-in-40-out-60', { max_tokens: 60 });
    expect(count(await Promise.all([0, 1].map(send)))).toEqual({ '200': 2 });
    await network.policyServer.kill();
    const away = await Promise.all(Array.from({ length: 60 }, (_, i) => send(i)));
    const within = count(away)['200'] ?? 0;
    expect(count(away)).toEqual({ '200': within, '503 limits-unavailable': 60 - within });
    expect(within).toBeGreaterThan(0);
    await network.policyServer.restart();
    const after: Answer[] = [];
    await until(
      async () => {
        const one = await send(after.length);
        after.push(one);
        return one.status === 429;
      },
      { withinMs: 20_000, onTimeout: () => JSON.stringify(count(after)) },
    );
    const passed = 2 + within + (count(after)['200'] ?? 0);
    expect(passed * 100).toBeLessThanOrEqual(8000);
    expect(passed * 100, 'a restart loses nothing').toBeGreaterThan(8000 - 400);
  });

  it('count what a killed gateway held as spent, until its journal says what it spent', async () => {
    const token = await consumer('worker-alice', { budgets: [{ per: 'month', tokens: 8000 }] });
    const send = (i: number): Promise<Answer> =>
      chat(i, token, 'pretend-usage-in-40-out-60', { max_tokens: 60 });
    expect((await send(0)).status).toBe(200);
    await recorded('worker-alice', 1);
    await network.replicas[0]!.kill();
    const survivor: Answer[] = [];
    do survivor.push(await send(1));
    while (survivor.at(-1)!.status === 200);
    const passed = survivor.length - 1;
    expect(survivor.at(-1)).toMatchObject({ status: 429, reason: 'budget-exhausted' });
    expect((passed + 1) * 100, 'its lease is as good as spent').toBeLessThan(8000 - 500);
    await network.replicas[0]!.restart();
    const all: Answer[] = [];
    await until(
      async () => {
        all.push(await send(0), await send(1));
        return (passed + 1 + (count(all)['200'] ?? 0)) * 100 > 8000 - 500;
      },
      { withinMs: 20_000, onTimeout: () => `${passed} then ${JSON.stringify(count(all))} ${network.logs()}` },
    );
    await Promise.all(Array.from({ length: 20 }, (_, i) => send(i).then((one) => all.push(one))));
    expect((passed + 1 + (count(all)['200'] ?? 0)) * 100).toBeLessThanOrEqual(8000);
  });

  it('hold a stream back while the policy server is slow, and lose nothing of it', async () => {
    const free = await consumer('worker-bob', { requestsPerMinute: 1000 });
    const model = 'pretend-chunks-4000-every-1ms-no-usage';
    const body = { stream: true };
    const whole = chat(0, free, model, body);
    const token = await consumer('worker-alice', { budgets: [{ per: 'month', tokens: 9000 }] });
    const { pid } = network.policyServer.process;
    const stream = chat(0, token, model, body);
    const still = { running: true };
    void stream.finally(() => (still.running = false));
    let pauses = 0;
    try {
      for (; still.running && pauses < 12; pauses++) {
        process.kill(pid, 'SIGSTOP');
        await delay(700);
        process.kill(pid, 'SIGCONT');
        await delay(50);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const [expected, got] = await Promise.all([whole, stream]);
    expect(expected.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(got.text.length, got.text.slice(-300)).toBe(expected.text.length);
    expect(got.text === expected.text).toBe(true);
    expect(pauses).toBeGreaterThan(1);
    expect(got.longestGapMs, 'it was held back').toBeGreaterThan(expected.longestGapMs + 100);
  });

  it('let a revocation win over a call that waits for its lease', async () => {
    const token = await consumer('worker-alice', { budgets: [{ per: 'month', tokens: 300 }] });
    const model = 'pretend-usage-in-40-out-60';
    expect((await chat(0, token, model, { max_tokens: 200 })).status).toBe(200);
    const { pid } = network.replicas[0]!.envoy.process;
    // A gateway that stands still is asked to give back, in vain, and that takes a moment.
    process.kill(pid, 'SIGSTOP');
    try {
      const waiting = chat(1, token, model, { max_tokens: 250 });
      await delay(50);
      const revoked = network.admin.revoke('worker-alice');
      expect(await waiting).toMatchObject({ status: 401, reason: 'consumer-revoked' });
      process.kill(pid, 'SIGCONT');
      await revoked;
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

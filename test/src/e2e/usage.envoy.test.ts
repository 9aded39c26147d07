import { readdir, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Network, startNetwork } from '../network/network.js';
import { until } from '../network/until.js';
import { type LlmProvider, startLlmProvider } from '../upstreams/llm-provider.js';
import { bearer, call, type Call, openStream } from './calls.js';
import { startLoad } from './load.js';

const CREDENTIAL = 'sk-real-provider-2Hd81kQ';
const CONSUMERS = ['worker-alice', 'worker-bob'] as const;
/** Rotated many times in a test: what takes a second of it fills a journal. */
const JOURNAL_BYTES = 65_536;
/** How long the policy server lives between two kills, so that they hit it at different work. */
const PAUSES_MS = [20, 300, 90, 600, 5, 160];
/** A gateway writes out what is older than this, also on a machine that has much to do: it tries every 50 ms. */
const FLUSHED_MS = 1000;
/** A line of a journal has more than this. */
const LINE_BYTES = 400;

/** What `GET /usage` and `GET /usage/calls` say of one group or call, as far as it is looked at. */
interface UsageItem {
  readonly start: string;
  readonly gateway: string;
  readonly consumer: string;
  readonly provider: string;
  readonly endpoint: string;
  readonly model: string;
  readonly requestedModel: string;
  readonly outcome: string;
  readonly estimated: number | boolean;
  readonly requests: number;
  readonly completed: number;
  readonly aborted: number;
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
  readonly reasoning: number;
  readonly unpriced: number;
  readonly costUsd: string;
}

interface UsagePage {
  readonly metadata: { readonly continue?: string };
  readonly totals: UsageItem;
  readonly items: readonly UsageItem[];
}

let provider: LlmProvider;
let network: Network;
let tokens: Readonly<Record<string, string>>;

beforeEach(async () => {
  provider = await startLlmProvider({ credential: CREDENTIAL });
  network = await startNetwork({ replicas: 2, env: { HICLAW_USAGE_JOURNAL_BYTES: String(JOURNAL_BYTES) } });
  tokens = await furnish(network, provider);
});
afterEach(async () => {
  await network.close();
  await provider.close();
});

async function furnish({ admin }: Network, { origin }: LlmProvider): Promise<Record<string, string>> {
  const later = { wait: false };
  const credential = { value: CREDENTIAL, hosts: ['127.0.0.1'] };
  await admin.put('credentials', 'provider-key', credential, later);
  const prices = [
    {
      model: 'pretend-usage*',
      inputPerMillion: '2.50',
      cachedInputPerMillion: '1.25',
      outputPerMillion: '10',
    },
  ];
  const spec = { baseUrl: `${origin}/v1`, credential: 'provider-key', prices };
  await admin.put('providers', 'pretend', spec, later);
  await admin.put('providers', 'pretend-anthropic', { ...spec, protocol: 'anthropic' }, later);
  const route = { models: ['pretend*'], allowedConsumers: CONSUMERS };
  for (const name of CONSUMERS) await admin.put('consumers', name, {}, later);
  await admin.put(
    'llm-routes',
    'openai',
    { ...route, path: '/v1', targets: [{ provider: 'pretend' }] },
    later,
  );
  const anthropic = { ...route, path: '/anthropic/v1', targets: [{ provider: 'pretend-anthropic' }] };
  await admin.put('llm-routes', 'anthropic', anthropic, later);
  const issued: Record<string, string> = {};
  for (const name of CONSUMERS) issued[name] = (await admin.issueToken(name)).token;
  return issued;
}

async function usage(query: string): Promise<UsagePage> {
  const { status, body } = await network.admin.request('GET', `/usage${query}`);
  if (status !== 200) throw new Error(`GET /usage${query}: ${status} ${JSON.stringify(body)}`);
  return body as UsagePage;
}

/** All recorded calls of a consumer. */
async function recordedCalls(consumer: string): Promise<readonly UsageItem[]> {
  const items: UsageItem[] = [];
  let next = '';
  do {
    const page = await usage(`/calls?consumer=${consumer}&limit=1000${next}`);
    items.push(...page.items);
    next = page.metadata.continue === undefined ? '' : `&continue=${page.metadata.continue}`;
  } while (next !== '');
  return items;
}

/** A way of calling an LLM: each costs what the model's name says. */
const WAYS = [
  { endpoint: 'chat', path: '/v1/chat/completions', stream: false },
  { endpoint: 'chat', path: '/v1/chat/completions', stream: true },
  { endpoint: 'responses', path: '/v1/responses', stream: false },
  { endpoint: 'responses', path: '/v1/responses', stream: true },
  { endpoint: 'messages', path: '/anthropic/v1/messages', stream: false },
  { endpoint: 'messages', path: '/anthropic/v1/messages', stream: true },
] as const;
type Way = (typeof WAYS)[number];

function bodyOf({ endpoint, stream }: Way, model: string): string {
  const messages = [{ role: 'user', content: 'hello' }];
  const said = endpoint === 'responses' ? { input: 'hello' } : { messages };
  return JSON.stringify({ model, stream, ...said, ...(endpoint === 'messages' ? { max_tokens: 100 } : {}) });
}

function send(replica: number, consumer: string, way: Way, model: string): Promise<Call> {
  const origin = network.replicas[replica % network.replicas.length]?.origin ?? '';
  const headers = {
    ...bearer(tokens[consumer] ?? ''),
    'content-type': 'application/json',
    // What a client may say of itself must not make two calls one.
    'x-request-id': '00000000-0000-4000-8000-000000000000',
  };
  return call(`${origin}${way.path}`, { method: 'POST', headers, body: bodyOf(way, model) });
}

/** Whether the client got all of an answer: a stream that ends early has status 200 too. */
function isWhole({ status, body }: Call, { endpoint, stream }: Way): boolean {
  if (status !== 200) return false;
  const end = { chat: '[DONE]', responses: 'response.completed', messages: 'message_stop' };
  return !stream || body.includes(end[endpoint]);
}

describe('usage', () => {
  it('is exact for every way of calling, over two replicas, with its cost', async () => {
    const model = 'pretend-usage-in-100-cached-40-out-7';
    const rounds = 5;
    const sent: Promise<void>[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [index, way] of WAYS.entries()) {
        for (const [who, consumer] of CONSUMERS.entries()) {
          sent.push(
            send(round + index + who, consumer, way, model).then((answer) =>
              expect({ way, whole: isWhole(answer, way), answer }).toMatchObject({ whole: true }),
            ),
          );
        }
      }
    }
    await Promise.all(sent);
    const each = rounds * WAYS.length;
    const page = await until(
      async () => {
        const report = await usage('?by=consumer,provider,requestedModel&per=day');
        return report.totals.requests >= CONSUMERS.length * each ? report : null;
      },
      { withinMs: 5000, onTimeout: () => network.logs() },
    );
    // 60 · 2.50 + 40 · 1.25 + 7 · 10 dollars per million
    const costOf = (calls: number): string => String((calls * 270) / 1e6);
    const sums = (calls: number): object => ({
      requests: calls,
      completed: calls,
      estimated: 0,
      unpriced: 0,
      input: calls * 100,
      cachedInput: calls * 40,
      output: calls * 7,
      costUsd: costOf(calls),
    });
    expect(page.totals).toMatchObject(sums(2 * each));
    expect(page.items).toMatchObject(
      CONSUMERS.flatMap((consumer) => [
        { consumer, provider: 'pretend', requestedModel: model, ...sums((each * 2) / 3) },
        { consumer, provider: 'pretend-anthropic', requestedModel: model, ...sums(each / 3) },
      ]),
    );
    const calls = await recordedCalls('worker-alice');
    expect(new Set(calls.map(({ gateway }) => gateway))).toEqual(new Set(['gateway-0', 'gateway-1']));
    const endpoints = calls.map(({ endpoint }) => endpoint).sort();
    expect(endpoints).toEqual(WAYS.flatMap(({ endpoint }) => Array<string>(rounds).fill(endpoint)).sort());
  });

  it('tells of calls that did not end well, and only of those that were forwarded', async () => {
    const way = WAYS[1];
    const headers = { ...bearer(tokens['worker-alice'] ?? ''), 'content-type': 'application/json' };
    const stream = await openStream(`${network.gatewayOrigin}${way.path}`, {
      method: 'POST',
      headers,
      body: bodyOf(way, 'pretend-endless-every-20ms'),
    });
    await until(() => stream.received > 500, { withinMs: 5000 });
    stream.close();
    await send(0, 'worker-alice', WAYS[0], 'pretend-status-400');
    await send(0, 'worker-alice', WAYS[0], 'pretend-no-usage');
    expect((await send(0, 'worker-alice', WAYS[0], 'not-allowed')).status).toBe(403);
    const calls = await until(
      async () => {
        const found = await recordedCalls('worker-alice');
        return found.length >= 3 ? found : null;
      },
      { withinMs: 5000, onTimeout: () => network.logs() },
    );
    const byModel = new Map(calls.map((one) => [one.requestedModel, one]));
    expect(calls).toHaveLength(3);
    expect(byModel.get('pretend-endless-every-20ms')).toMatchObject({ outcome: 'aborted', estimated: true });
    expect(byModel.get('pretend-endless-every-20ms')?.output).toBeGreaterThan(0);
    expect(byModel.get('pretend-status-400')).toMatchObject({
      outcome: 'failed',
      input: 0,
      output: 0,
      costUsd: '0',
    });
    expect(byModel.get('pretend-no-usage')).toMatchObject({
      outcome: 'completed',
      estimated: true,
      costUsd: null,
    });
    expect(byModel.get('pretend-no-usage')?.output).toBeGreaterThan(0);
  });

  it('counts a call whatever its client calls the model', async () => {
    const names = [
      '"',
      '\\',
      '\u0001',
      '\u007f',
      '\n',
      '\u2028',
      '\ud83d\ude00',
      '\ud800',
      'ä',
      '{"v":1}',
      '%',
      '\\u0041',
    ];
    const answers = await Promise.all(
      names.map((name) => send(0, 'worker-alice', WAYS[0], `pretend-usage-in-3-out-4-${name}`)),
    );
    const statuses = answers.map(({ status }) => status);
    const headers = bearer(tokens['worker-alice'] ?? '');
    const odd = Buffer.from([0xff, 0xc3, 0x28]);
    const around = (text: string): Buffer => {
      const [before = '', after = ''] = text.split('@');
      return Buffer.concat([Buffer.from(before), odd, Buffer.from(after)]);
    };
    const form = (name: string, content: string): string =>
      `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
    const oddName = 'pretend-usage-in-3-out-4-@';
    const inJson = { body: around(bodyOf(WAYS[0], oddName)), type: 'application/json', path: WAYS[0].path };
    const inForm = {
      body: around(`${form('model', oddName)}${form('file', 'sound')}--b--\r\n`),
      type: 'multipart/form-data; boundary=b',
      path: '/v1/audio/transcriptions',
    };
    for (const { body, type, path } of [inJson, inForm]) {
      const answer = await fetch(`${network.gatewayOrigin}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': type },
        body,
      });
      statuses.push(answer.status);
    }
    const admitted = statuses.filter((status) => status === 200).length;
    expect(admitted).toBeGreaterThan(names.length / 2);
    const report = await until(
      async () => {
        const { totals } = await usage('?by=');
        return totals.requests >= admitted ? totals : null;
      },
      { withinMs: 5000, onTimeout: () => network.logs() },
    );
    expect(report).toMatchObject({
      requests: admitted,
      input: admitted * 3,
      output: admitted * 4,
      unpriced: 0,
    });
  });

  it('loses of a gateway that is killed no more than it had not written yet, and doubles nothing', async () => {
    const sent = new Map<string, number>();
    const way = WAYS[0];
    const load = startLoad(50, async (index) => {
      const model = `pretend-usage-in-${index + 1}-out-1`;
      const answer = await send(index, 'worker-alice', way, model);
      if (isWhole(answer, way)) sent.set(model, performance.now());
      return answer;
    });
    const kills: number[] = [];
    for (const replica of [...network.replicas, ...network.replicas]) {
      const before = sent.size;
      await until(() => sent.size > before + 60, { withinMs: 20_000, onTimeout: () => network.logs() });
      kills.push(performance.now());
      await replica.kill('SIGKILL');
      await replica.restart();
    }
    await load.stop();
    const isSafe = (endedAt: number): boolean =>
      kills.every((kill) => endedAt > kill || endedAt < kill - FLUSHED_MS);
    const safe = [...sent].filter(([, endedAt]) => isSafe(endedAt)).map(([model]) => model);
    expect(safe.length).toBeGreaterThan(0);
    const calls = await until(
      async () => {
        const all = await recordedCalls('worker-alice');
        const models = new Set(all.map(({ requestedModel }) => requestedModel));
        return safe.every((model) => models.has(model)) ? all : null;
      },
      { withinMs: 10_000, onTimeout: () => network.logs() },
    );
    expect(new Set(calls.map(({ requestedModel }) => requestedModel)).size).toBe(calls.length);
    expect((await usage('?by=')).totals).toMatchObject({
      requests: calls.length,
      input: calls.reduce((total, { input }) => total + input, 0),
    });
  }, 240_000);

  it('loses and doubles nothing while everything is restarted over and over', async () => {
    const sent = new Map<string, { readonly way: Way; readonly consumer: string; whole: boolean | null }>();
    const load = startLoad(60, async (index) => {
      const way = WAYS[index % WAYS.length] ?? WAYS[0];
      const consumer = CONSUMERS[index % CONSUMERS.length] ?? '';
      const model = `pretend-usage-in-${index + 1}-out-${(index % 50) + 1}-every-${index % 5}ms`;
      const entry = { way, consumer, whole: null as boolean | null };
      sent.set(model, entry);
      const answer = await send(index >> 1, consumer, way, model);
      entry.whole = isWhole(answer, way);
      return answer;
    });
    const stormUntil = performance.now() + 15_000;
    const killPolicyServer = async (): Promise<void> => {
      for (let index = 0; performance.now() < stormUntil; index++) {
        await delay(PAUSES_MS[index % PAUSES_MS.length]);
        await network.policyServer.kill('SIGKILL');
        await network.policyServer.restart();
      }
    };
    const restartGateways = async (): Promise<void> => {
      for (let index = 0; performance.now() < stormUntil; index++) {
        const replica = network.replicas[index % network.replicas.length];
        await delay(1000);
        await replica?.kill('SIGTERM');
        await replica?.restart();
      }
    };
    await Promise.all([killPolicyServer(), restartGateways()]);
    await load.stop();

    const whole = [...sent].filter(([, one]) => one.whole === true).map(([model]) => model);
    expect(whole.length).toBeGreaterThan(300);
    const calls = await until(
      async () => {
        const all = (await Promise.all(CONSUMERS.map(recordedCalls))).flat();
        const models = new Set(all.map(({ requestedModel }) => requestedModel));
        return whole.every((model) => models.has(model)) ? all : null;
      },
      { withinMs: 10_000, onTimeout: () => network.logs() },
    );
    const models = calls.map(({ requestedModel }) => requestedModel);
    expect(new Set(models).size).toBe(models.length);
    expect(models.filter((model) => !sent.has(model))).toEqual([]);
    const byModel = new Map(calls.map((one) => [one.requestedModel, one]));
    for (const model of whole) {
      const [, input, output] = /-in-(\d+)-out-(\d+)/.exec(model) ?? [];
      const expected = {
        input: Number(input),
        output: Number(output),
        outcome: 'completed',
        estimated: false,
      };
      expect({ model, ...byModel.get(model) }).toMatchObject(expected);
      expect(byModel.get(model)?.consumer).toBe(sent.get(model)?.consumer);
    }
    // The sums are those of the calls.
    const { totals } = await usage('?by=');
    const sum = (field: 'input' | 'output'): number => calls.reduce((total, one) => total + one[field], 0);
    const outcomes = (outcome: string): number => calls.filter((one) => one.outcome === outcome).length;
    expect(totals).toMatchObject({
      requests: calls.length,
      completed: outcomes('completed'),
      aborted: outcomes('aborted'),
      input: sum('input'),
      output: sum('output'),
    });
    // Journals were rotated meanwhile: all that is left is what is written now.
    const folder = `${network.home.folder}/usage`;
    await until(async () => (await readdir(folder)).every((name) => name.endsWith('.jsonl')), {
      withinMs: 10_000,
      onTimeout: async () => (await readdir(folder)).join(' '),
    });
    const files = await Promise.all((await readdir(folder)).map((name) => stat(`${folder}/${name}`)));
    expect(files.reduce((total, { size }) => total + size, 0)).toBeLessThan(calls.length * LINE_BYTES);
    expect(new Set(files.map(({ mode }) => mode & 0o777))).toEqual(new Set([0o600]));
  }, 240_000);
});

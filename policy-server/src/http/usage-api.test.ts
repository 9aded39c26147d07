import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { journalLine, type LineFields } from '../usage/journal.fixture.js';
import { type Answer, SPECS, TestApi } from './api.fixture.js';

/** What answers about usage hold. */
interface UsageAnswer {
  readonly from: string;
  readonly to: string;
  readonly granularity: string;
  readonly metadata: { readonly continue?: string };
  readonly totals: Readonly<Record<string, number | string>>;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

let api: TestApi;

async function usage(query: string): Promise<UsageAnswer> {
  const answer = await api.get(`/usage${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as unknown as UsageAnswer;
}

function append(...calls: readonly LineFields[]): void {
  const text = calls.map((call) => `${journalLine(call)}\n`).join('');
  appendFileSync(join(api.home, 'usage', 'gateway-0.jsonl'), text);
}

const at = (hour: number, minute = 0): string =>
  `2026-01-02T${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}:30.000Z`;

beforeAll(async () => {
  api = await TestApi.start();
  const prices = [{ model: '*', inputPerMillion: '2', outputPerMillion: '10' }];
  await api.put('/credentials/openai', { spec: SPECS.credential });
  await api.put('/providers/openai', { spec: { ...SPECS.provider, prices } });
  // 2026-01-02T12:00:00Z
  api.clock.advance(36 * 3_600_000);
  append(
    { start: '2025-12-31T23:59:59.000Z' },
    { start: at(9), usage: { output: 10 } },
    { start: at(9, 1), usage: { outcome: 'aborted', estimated: true } },
    {
      start: at(10),
      consumer: 'worker-bob',
      usage: { model: 'gpt-4o-mini' },
      upstream: 'providers/openai a:443',
    },
    { start: at(11), upstream: 'providers/unknown a:443' },
  );
  await vi.waitFor(async () =>
    expect((await usage('?from=2025-12-01T00:00:00Z')).totals['requests']).toBe(5),
  );
});
afterAll(() => api[Symbol.asyncDispose]());

const nothing = { completed: 0, aborted: 0, failed: 0, cut: 0, estimated: 0, unpriced: 0 };
const tokens = { input: 12, cachedInput: 4, cacheWrite: 2, output: 5, reasoning: 3 };

describe('GET /usage', () => {
  it('sums up this month per consumer', async () => {
    expect(await usage('')).toEqual({
      metadata: {},
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-01-03T00:00:00.000Z',
      by: ['consumer'],
      per: null,
      granularity: 'day',
      totals: {
        ...nothing,
        requests: 4,
        completed: 3,
        aborted: 1,
        input: 48,
        cachedInput: 16,
        cacheWrite: 8,
        output: 25,
        reasoning: 12,
        estimated: 1,
        unpriced: 1,
        // 3 calls of 12 input tokens, and 20 output tokens
        costUsd: '0.000272',
      },
      items: [
        {
          ...nothing,
          consumer: 'worker-alice',
          requests: 3,
          completed: 2,
          aborted: 1,
          input: 36,
          cachedInput: 12,
          cacheWrite: 6,
          output: 20,
          reasoning: 9,
          estimated: 1,
          unpriced: 1,
          costUsd: '0.000198',
        },
        { ...nothing, ...tokens, consumer: 'worker-bob', requests: 1, completed: 1, costUsd: '0.000074' },
      ],
    });
  });

  it.each<[string, string, readonly object[]]>([
    [
      'by several dimensions',
      '?by=provider,requestedModel,model',
      [
        { provider: 'openai', requestedModel: 'gpt-4o', model: 'gpt-4o-2026', requests: 2 },
        { provider: 'openai', requestedModel: 'gpt-4o-mini', model: 'gpt-4o-mini', requests: 1 },
        { provider: 'unknown', requestedModel: 'gpt-4o', model: 'gpt-4o', requests: 1 },
      ],
    ],
    ['by nothing', '?by=', [{ requests: 4 }]],
    [
      'per month',
      '?by=&per=month&from=2025-12-31T23:00:00Z',
      [
        { start: '2025-12-01T00:00:00.000Z', requests: 1 },
        { start: '2026-01-01T00:00:00.000Z', requests: 4 },
      ],
    ],
    [
      'per day',
      '?by=route&per=day&from=2025-12-31T00:00:00Z',
      [
        { start: '2025-12-31T00:00:00.000Z', route: 'chat', requests: 1 },
        { start: '2026-01-02T00:00:00.000Z', route: 'chat', requests: 4 },
      ],
    ],
    [
      'per hour, between moments',
      '?by=&per=hour&from=2026-01-02T09:30:00Z&to=2026-01-02T11:00:00Z',
      [
        { start: '2026-01-02T09:00:00.000Z', requests: 2 },
        { start: '2026-01-02T10:00:00.000Z', requests: 1 },
      ],
    ],
    [
      'per minute',
      '?by=&per=minute&consumer=worker-alice',
      [
        { start: '2026-01-02T09:00:00.000Z', requests: 1 },
        { start: '2026-01-02T09:01:00.000Z', requests: 1 },
        { start: '2026-01-02T11:00:00.000Z', requests: 1 },
      ],
    ],
    ['of one model', '?by=model&model=gpt-4o-mini', [{ model: 'gpt-4o-mini', requests: 1 }]],
    ['of one requested model', '?by=&requestedModel=gpt-4o', [{ requests: 3 }]],
    ['of one provider and route', '?by=&provider=openai&route=chat', [{ requests: 3 }]],
    ['of nobody', '?consumer=worker-nobody', []],
  ])('tells usage apart %s', async (_case, query, items) => {
    const answer = await usage(query);
    expect(answer.items).toMatchObject(items);
    expect(answer.items).toHaveLength(items.length);
  });

  it.each([
    [
      'whole days',
      'from=2026-01-02T00:00:00Z',
      'day',
      '2026-01-02T00:00:00.000Z',
      '2026-01-03T00:00:00.000Z',
    ],
    [
      'whole hours',
      'from=2026-01-02T09:00:00Z',
      'hour',
      '2026-01-02T09:00:00.000Z',
      '2026-01-02T13:00:00.000Z',
    ],
    [
      'whole hours up to one',
      'from=2026-01-02T00:00:00Z&to=2026-01-02T10:00:00Z',
      'hour',
      '2026-01-02T00:00:00.000Z',
      '2026-01-02T10:00:00.000Z',
    ],
    [
      'anything else',
      'from=2026-01-02T09:00:31Z&to=2026-01-02T09:01:31%2B00:00',
      'minute',
      '2026-01-02T09:00:00.000Z',
      '2026-01-02T09:02:00.000Z',
    ],
  ])('uses the longest sums that fit: %s', async (_case, query, granularity, from, to) => {
    expect(await usage(`?${query}`)).toMatchObject({ granularity, from, to });
  });

  it('gives pages that add up', async () => {
    const whole = await usage('?by=consumer,model&per=hour');
    const items: unknown[] = [];
    let next = '';
    do {
      const page = await usage(`?by=consumer,model&per=hour&limit=1${next}`);
      expect(page.totals).toEqual(whole.totals);
      items.push(...page.items);
      next = page.metadata.continue === undefined ? '' : `&continue=${page.metadata.continue}`;
    } while (next !== '');
    expect(items).toEqual(whole.items);
    expect(items).toHaveLength(3);
  });

  it.each([
    ['by=colour', 'by'],
    ['by=consumer,consumer', 'by'],
    ['per=week', 'per'],
    ['from=yesterday', 'from'],
    ['from=2026-02-01T00:00:00Z', 'from'],
    ['from=2026-01-02T09:00:00Z&to=2026-01-02T09:00:00Z', 'to'],
    ['to=2026-13-01T00:00:00Z', 'to'],
    ['per=minute&from=2025-12-30T00:00:00Z', 'from'],
    ['per=hour&from=2025-10-01T00:00:00Z', 'from'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['continue=x', 'continue'],
    [`continue=${Buffer.from('[1,"[null]"]').toString('base64url')}`, 'continue'],
    [`continue=${Buffer.from('[1,"[1,\\"a\\"]"]').toString('base64url')}`, 'continue'],
    ['consumer=', 'consumer'],
    ['user=x', 'user'],
    ['by=consumer&by=model', 'by'],
  ])('refuses %s', async (query, path) => {
    const answer = await api.get(`/usage?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ path }] });
  });

  it('is for admins', async () => {
    expect((await api.send({ path: '/api/v1/usage', token: null })).status).toBe(401);
  });
});

describe('GET /usage/calls', () => {
  const calls = (query: string): Promise<Answer> => api.get(`/usage/calls?${query}`);

  it('lists the calls of a consumer, newest first, in pages', async () => {
    const first = await calls('consumer=worker-alice&limit=3');
    expect(first.body.items).toMatchObject([
      { start: at(11), provider: 'unknown', costUsd: null },
      { start: at(9, 1), outcome: 'aborted', estimated: true },
      { start: at(9), output: 10, costUsd: '0.000124', gateway: 'gateway-0', status: 200, stream: true },
    ]);
    const second = await calls(
      `consumer=worker-alice&limit=3&continue=${String(first.body.metadata.continue)}`,
    );
    expect(second.body.items).toMatchObject([{ start: '2025-12-31T23:59:59.000Z' }]);
    expect(second.body.metadata).toEqual({});
    expect((await calls('consumer=nobody')).body.items).toEqual([]);
  });

  it.each([
    ['', 'consumer'],
    ['consumer=a&continue=x', 'continue'],
    [`consumer=a&continue=${Buffer.from('[1,"-1"]').toString('base64url')}`, 'continue'],
  ])('refuses "%s"', async (query, path) => {
    expect((await calls(query)).body).toMatchObject({ code: 'INVALID_INPUT', errors: [{ path }] });
  });
});

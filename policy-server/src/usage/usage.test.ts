import SqliteDatabase from 'better-sqlite3';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { MAX_PICO_USD } from './cost.js';
import { DAY_MS } from './granularity.js';
import { journalLine, type LineFields } from './journal.fixture.js';
import type { ReportQuery } from './report.js';
import { MODELS_PER_CONSUMER_AND_DAY, OTHER_MODELS } from './series.js';
import { keptLog, pricedProvider, TestUsage } from './usage.fixture.js';

function lines(...calls: readonly LineFields[]): string {
  return calls.map((call) => `${journalLine(call)}\n`).join('');
}

const everything: ReportQuery = {
  by: [],
  per: null,
  granularity: 'day',
  fromMs: 0,
  toMs: Date.UTC(2027, 0, 1),
  only: {},
};

describe('consumption', () => {
  it('has each call once', async () => {
    await using test = new TestUsage();
    const { usage } = test;
    usage.start(() => null);
    const text = lines({ id: '00000000-0000-4000-8000-00000000000a' });
    test.append(text);
    test.append(text, 'gateway-1');
    await vi.waitFor(() => expect(usage.metrics().duplicates).toBe(1));
    expect(usage.recordsOf({ fromMs: 0 })).toEqual([
      {
        id: '0000000000004000800000000000000a',
        node: expect.stringMatching(/^gateway-[01]$/) as string,
        consumer: 'worker-alice',
        route: 'chat',
        startMs: Date.UTC(2026, 0, 1, 10, 20, 30, 456),
        endMs: Date.UTC(2026, 0, 1, 10, 20, 31, 268),
        tokens: 17,
        picoUsd: null,
      },
    ]);
  });

  it('gives the calls that are asked for', async () => {
    await using test = new TestUsage();
    test.append(
      lines(
        { start: '2026-01-01T00:00:01.000Z' },
        { start: '2026-01-01T00:00:02.000Z', consumer: 'worker-bob' },
      ),
    );
    test.append(lines({ start: '2026-01-01T00:00:03.000Z' }), 'gateway-1');
    await test.readAll();
    const count = (query: object): number => test.usage.recordsOf({ fromMs: 0, ...query }).length;
    const at = Date.UTC(2026, 0, 1);
    expect(count({})).toBe(3);
    expect(count({ node: 'gateway-0' })).toBe(2);
    expect(count({ consumer: 'worker-alice' })).toBe(2);
    expect(count({ consumer: 'worker-alice', node: 'gateway-1' })).toBe(1);
    expect(count({ fromMs: at + 2000 })).toBe(2);
    expect(count({ fromMs: at + 1000, toMs: at + 3000 })).toBe(2);
    // Each takes 812 ms.
    expect(count({ endedFromMs: at + 2812 })).toBe(2);
    expect(count({ endedFromMs: at + 2813 })).toBe(1);
  });
});

describe('sums', () => {
  it('tell apart no more models of a consumer and day than they can hold', async () => {
    await using test = new TestUsage();
    const models = Array.from({ length: MODELS_PER_CONSUMER_AND_DAY + 20 }, (_, index) => `m${index}`);
    const calls = models.map((model) => ({ usage: { model }, upstream: 'providers/openai a:443' }));
    const half = calls.length / 2;
    test.append(lines(...calls.slice(0, half)));
    await test.readAll();
    // Another process remembers what this one stored.
    test.append(lines(...calls.slice(half), calls[0]!));
    test.append(lines({ start: '2026-01-02T00:00:00.000Z', usage: { model: 'next day' } }));
    test.append(
      lines({ consumer: 'worker-bob', usage: { model: 'm999' }, upstream: 'providers/openai a:443' }),
    );
    await test.readAll();
    const report = (await test.usage.report({ ...everything, by: ['consumer', 'model'] }))!;
    const requests = new Map(report.items.map(({ names, sums }) => [names.join(' '), sums.requests]));
    expect(requests.size).toBe(MODELS_PER_CONSUMER_AND_DAY + 3);
    expect(requests.get(`worker-alice ${OTHER_MODELS}`)).toBe(20);
    expect(requests.get('worker-alice m0')).toBe(2);
    expect(requests.get('worker-bob m999')).toBe(1);
    expect(report.totals.requests).toBe(models.length + 3);
  });

  it('stay at the most money that the database holds', async () => {
    await using test = new TestUsage();
    const prices = [{ model: '*', inputPerMillion: '999999999', outputPerMillion: '0' }];
    test.providers = new Map([['openai', pricedProvider('openai', prices)]]);
    const dear = { usage: { input: 1_000_000_000 } };
    test.append(lines(dear, dear));
    await test.readAll();
    test.append(lines(dear));
    await test.readAll();
    expect((await test.usage.report(everything))!.totals.cost).toBe(MAX_PICO_USD);
  });

  it('are kept as long as their granularity says, and calls as long as they do', async () => {
    await using test = new TestUsage();
    test.append(lines({ start: '2026-01-01T10:00:00.000Z' }));
    test.append(lines({ start: '2026-01-09T10:00:00.000Z', usage: { model: 'later' } }));
    await test.readAll();
    const count = async (granularity: ReportQuery['granularity']): Promise<number> =>
      (await test.usage.report({ ...everything, granularity }))!.totals.requests;
    const counts = async (): Promise<number[]> => [
      test.usage.recordsOf({ fromMs: 0 }).length,
      await count('minute'),
      await count('hour'),
      await count('day'),
    ];
    const after = async (days: number, expected: readonly number[]): Promise<void> => {
      test.clock.advance(days * DAY_MS);
      test.usage.start(() => null);
      await vi.waitFor(async () => expect(await counts()).toEqual(expected));
      await test.restart();
    };
    await after(10, [1, 1, 2, 2]);
    await after(52, [0, 0, 1, 2]);
    await after(1036, [0, 0, 0, 1]);
    await after(20, [0, 0, 0, 0]);
    test.append(lines({ start: '2029-01-09T10:00:00.000Z' }));
    await test.readAll();
    expect(
      (await test.usage.report({ ...everything, toMs: Date.UTC(2030, 0, 1), by: ['model'] }))!.items,
    ).toHaveLength(1);
  });
});

describe('the database of usage', () => {
  it('is for its owner alone, and refuses what it does not understand', async () => {
    await using test = new TestUsage();
    const path = join(test.home, 'usage.db');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await test.usage.stop();
    const database = new SqliteDatabase(path);
    database.pragma('application_id = 1');
    database.close();
    await expect(test.restart()).rejects.toThrow(/another program/);
    const again = new SqliteDatabase(path);
    again.pragma('application_id = 0x48434c55');
    again.close();
    await test.restart();
  });

  it('keeps what cannot be stored in the journal until it can', async () => {
    const { log, lines: logged } = keptLog();
    await using test = new TestUsage(log);
    await test.usage.stop();
    const path = join(test.home, 'usage.db');
    const database = new SqliteDatabase(path);
    database.exec(
      `CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(ABORT, 'disk is full'); END`,
    );
    database.close();
    await test.restart();
    test.append(lines({}));
    test.usage.start(() => null);
    await vi.waitFor(() => expect(logged.join('')).toContain('it waits'));
    expect(test.usage.recordsOf({ fromMs: 0 })).toEqual([]);
    expect(test.usage.drainedAt('gateway-0')).toBeNull();
    await test.usage.stop();
    const repaired = new SqliteDatabase(path);
    repaired.exec('DROP TRIGGER full');
    repaired.close();
    await test.restart();
    await test.readAll();
    expect(test.usage.recordsOf({ fromMs: 0 })).toHaveLength(1);
    expect((await test.usage.report(everything))!.totals.requests).toBe(1);
  });
});

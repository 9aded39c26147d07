import type { Provider } from '@hiclaw/resources';
import { describe, expect, it } from 'vitest';
import { costOfTokens, formatUsd, MAX_PICO_USD, PriceBook } from './cost.js';
import { journalLine, type LineFields } from './journal.fixture.js';
import { decodeLine, type UsageRecord } from './record.js';
import { pricedProvider } from './usage.fixture.js';

function call(fields: LineFields = {}): UsageRecord {
  const decoded = decodeLine(journalLine(fields));
  if ('problem' in decoded) throw new Error(decoded.problem);
  return decoded.record;
}

const PRICES = [
  { model: 'gpt-4o-2026', from: '2026-03-01T00:00:00Z', inputPerMillion: '5', outputPerMillion: '20' },
  {
    model: 'gpt-4o-2026',
    inputPerMillion: '2.50',
    cachedInputPerMillion: '1.25',
    cacheWritePerMillion: '3',
    outputPerMillion: '10',
  },
  { model: 'gpt-4*', inputPerMillion: '0.000001', outputPerMillion: '0' },
  { model: 'new', from: '2026-06-01T00:00:00Z', inputPerMillion: '1', outputPerMillion: '1' },
];

function book(...providers: Provider[]): PriceBook {
  const byName = new Map(providers.map((provider) => [provider.metadata.name, provider]));
  return new PriceBook(() => byName);
}

describe('the cost of a call', () => {
  const prices = book(pricedProvider('openai', PRICES));
  const upstream = (model: string): string => `providers/openai api.openai.com:443 ${model}`;

  it('is exact to the pico-dollar', () => {
    // 12 input tokens, of which 4 from a cache and 2 into it; 5 output tokens
    expect(prices.costOf(call())).toBe(
      6n * 2_500_000n + 4n * 1_250_000n + 2n * 3_000_000n + 5n * 10_000_000n,
    );
    expect(prices.costOf(call({ upstream: upstream('gpt-4o-mini') }))).toBe(12n);
  });

  it.each([
    ['before a price changes', '2026-02-28T23:59:59.999Z', 76_000_000n],
    ['from the moment on when it changes', '2026-03-01T00:00:00.000Z', 12n * 5_000_000n + 5n * 20_000_000n],
  ])('is that of the price in force at its start, %s', (_case, start, cost) => {
    expect(prices.costOf(call({ start }))).toBe(cost);
  });

  it('does not depend on the order in which calls are looked at', () => {
    const late = call({ start: '2026-04-01T00:00:00.000Z' });
    const early = call({ start: '2026-01-01T00:00:00.000Z' });
    const costs = [early, late, early, late].map((one) => prices.costOf(one));
    expect(costs).toEqual([76_000_000n, 160_000_000n, 76_000_000n, 160_000_000n]);
  });

  it('follows the provider when its prices are edited', () => {
    const providers = new Map([['openai', pricedProvider('openai', PRICES)]]);
    const edited = new PriceBook(() => providers);
    expect(edited.costOf(call())).toBe(76_000_000n);
    providers.set(
      'openai',
      pricedProvider('openai', [{ model: '*', inputPerMillion: '1', outputPerMillion: '0' }]),
    );
    expect(edited.costOf(call())).toBe(12_000_000n);
  });

  it.each([
    ['its provider is gone', { upstream: 'providers/gone a:443 gpt-4o-2026' }],
    ['no upstream was chosen', { upstream: undefined as never }],
    ['no pattern matches the model', { upstream: upstream('claude') }],
    ['its price is not in force yet', { upstream: upstream('new') }],
  ])('is not known when %s', (_case, fields) => {
    expect(prices.costOf(call(fields))).toBeNull();
  });

  const noTokens = { input: 0, output: 0 };

  it.each([
    ['failed', { outcome: 'failed', ...noTokens }, 0n],
    ['is free', { endpoint: 'count_tokens', ...noTokens }, 0n],
    ['failed after some tokens', { outcome: 'failed' }, null],
    ['took no tokens otherwise', noTokens, null],
  ])('of a model without price is this when it %s', (_case, usage, cost) => {
    expect(prices.costOf(call({ upstream: upstream('claude'), usage }))).toBe(cost);
  });

  it('counts what the client named when nothing is mapped', () => {
    expect(prices.costOf(call({ upstream: 'providers/openai a:443', usage: { model: 'gpt-4' } }))).toBe(12n);
  });

  it('stays within what the database holds', () => {
    const price = { input: 10n ** 15n, cachedInput: 0n, cacheWrite: 0n, output: 10n ** 15n };
    const tokens = {
      input: 1_000_000_000,
      cachedInput: 0,
      cacheWrite: 0,
      output: 1_000_000_000,
      reasoning: 0,
    };
    expect(costOfTokens(tokens, price)).toBe(MAX_PICO_USD);
    expect(MAX_PICO_USD < 2n ** 63n).toBe(true);
  });
});

describe('formatUsd', () => {
  it.each([
    [0n, '0'],
    [1n, '0.000000000001'],
    [1_500_000_000_000n, '1.5'],
    [76_000_000n, '0.000076'],
    [12_000_000_000_000n, '12'],
    [999_999_999_999n, '0.999999999999'],
    [MAX_PICO_USD * 1000n, '9000000000'],
  ])('shows %s pico-USD as %s', (picoUsd, shown) => {
    expect(formatUsd(picoUsd)).toBe(shown);
  });
});

import type { Provider } from '@hiclaw/resources';
import { describe, expect, it } from 'vitest';
import { nextPriceEpoch, priceEpoch, routePrices } from './prices.js';

const NOON = Date.UTC(2026, 5, 1, 12);

function provider(prices: Provider['spec']['prices']): Provider {
  return { spec: { prices } } as unknown as Provider;
}

const mini = { model: 'gpt-4o-mini', inputPerMillion: '0.15', outputPerMillion: '0.60' };
const dear = provider([
  mini,
  { ...mini, from: '2026-06-01T12:00:00Z', inputPerMillion: '0.30', cachedInputPerMillion: '0.01' },
  { model: 'gpt-*', inputPerMillion: '2.50', outputPerMillion: '10' },
]);
const free = provider([]);

describe('prices of a route', () => {
  it('are the patterns of targets that keep the name, and one price for a target that has its own', () => {
    const targets = [
      { provider: dear, model: undefined },
      { provider: free, model: undefined },
      { provider: dear, model: 'gpt-4o' },
      { provider: dear, model: 'other' },
    ];
    const at = (input: bigint, output: bigint) => ({ input, cachedInput: input, cacheWrite: input, output });
    expect(routePrices(targets, NOON - 1)).toEqual([
      { target: 0, model: 'gpt-4o-mini', ...at(150_000n, 600_000n) },
      { target: 0, model: 'gpt-*', ...at(2_500_000n, 10_000_000n) },
      { target: 2, model: '*', ...at(2_500_000n, 10_000_000n) },
    ]);
    expect(routePrices(targets, NOON)[0]).toMatchObject({ input: 300_000n, cachedInput: 10_000n });
  });

  it('change when their moment comes, and not before', () => {
    expect(priceEpoch([dear, free], NOON - 1)).toBe(0);
    expect(priceEpoch([free, dear], NOON)).toBe(NOON);
    expect(priceEpoch([dear], NOON + 1e9)).toBe(NOON);
    expect(nextPriceEpoch([free, dear], NOON - 1)).toBe(NOON);
    expect(nextPriceEpoch([free, dear], NOON)).toBeNull();
  });
});

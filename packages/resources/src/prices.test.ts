import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResource } from './decode-resource.js';
import { nextPriceChange, type Price, priceOf, pricesAt } from './prices.js';
import { microUsd, parseUsd } from './usd.js';

const JANUARY = Date.parse('2026-01-01T00:00:00Z');
const MARCH = Date.parse('2026-03-01T00:00:00Z');

function price(model: string, inputPerMillion: string, more: Partial<Price> = {}): Price {
  return { model, inputPerMillion, outputPerMillion: '10', ...more };
}

function decodePrices(prices: unknown) {
  const spec = { baseUrl: 'https://api.example.com/v1', prices };
  return decodeResource('Provider', { metadata: { name: 'p' }, spec });
}

describe('amounts of US dollars', () => {
  it.each([
    ['2.50', '2.5', 2_500_000n],
    ['0', '0', 0n],
    ['0.000001', '0.000001', 1n],
    ['999999999.999999', '999999999.999999', 999_999_999_999_999n],
    ['3.000', '3', 3_000_000n],
  ])('reads %s', (text, canonical, micro) => {
    expect(parseUsd(text)).toEqual({ value: canonical });
    expect(microUsd(canonical)).toBe(micro);
  });

  it.each([
    '',
    '.5',
    '5.',
    '-1',
    '+1',
    '1e3',
    '01',
    '1,5',
    '0.0000001',
    '1000000000',
    '$2',
    ' 2',
    '2 ',
    'NaN',
  ])('refuses %j', (text) => {
    expect(parseUsd(text).problem).toMatch(/amount of US dollars/);
  });

  it('loses nothing of any amount with six decimals', () => {
    const amounts = fc.record({ whole: fc.nat(999_999_999), micro: fc.nat(999_999) });
    fc.assert(
      fc.property(amounts, ({ whole, micro }) => {
        const text = `${whole}.${String(micro).padStart(6, '0')}`;
        const { value = '' } = parseUsd(text);
        expect(microUsd(value)).toBe(BigInt(whole) * 1_000_000n + BigInt(micro));
        expect(parseUsd(value)).toEqual({ value });
      }),
    );
  });
});

describe('priceOf', () => {
  it('gives pico-USD per token, and the input price where no other is known', () => {
    const full = price('a', '2.5', { cachedInputPerMillion: '0.25', cacheWritePerMillion: '3.125' });
    expect(priceOf({ prices: [full] }, 'a', 0)).toMatchObject({
      ...{ input: 2_500_000n, cachedInput: 250_000n, cacheWrite: 3_125_000n, output: 10_000_000n },
    });
    expect(priceOf({ prices: [price('a', '2.5')] }, 'a', 0)).toMatchObject({
      ...{ cachedInput: 2_500_000n, cacheWrite: 2_500_000n },
    });
  });

  it('takes the first pattern that matches, in the order of the list', () => {
    const prices = [price('gpt-4o', '1'), price('gpt-*', '2'), price('*', '3')];
    expect(priceOf({ prices }, 'gpt-4o', 0)?.input).toBe(1_000_000n);
    expect(priceOf({ prices }, 'gpt-4o-mini', 0)?.input).toBe(2_000_000n);
    expect(priceOf({ prices }, 'claude', 0)?.input).toBe(3_000_000n);
    expect(priceOf({ prices: [price('gpt-*', '2')] }, 'claude', 0)).toBeNull();
    expect(priceOf({ prices: [] }, 'claude', 0)).toBeNull();
  });

  it('changes at the moment a later price names, whatever the order in the list', () => {
    const old = price('a', '1');
    const january = price('a', '2', { from: '2026-01-01T00:00:00Z' });
    const march = price('a', '3', { from: '2026-03-01T00:00:00Z' });
    for (const prices of [
      [old, january, march],
      [march, old, january],
    ]) {
      const inputAt = (atMs: number) => priceOf({ prices }, 'a', atMs)?.input;
      expect(inputAt(JANUARY - 1)).toBe(1_000_000n);
      expect(inputAt(JANUARY)).toBe(2_000_000n);
      expect(inputAt(MARCH - 1)).toBe(2_000_000n);
      expect(inputAt(MARCH)).toBe(3_000_000n);
      expect(nextPriceChange(prices, JANUARY)).toBe(MARCH);
      expect(nextPriceChange(prices, MARCH)).toBeNull();
    }
  });

  it('knows no price before the first one, but keeps the place of its pattern', () => {
    const prices = [price('a', '2', { from: '2026-01-01T00:00:00Z' }), price('*', '9')];
    expect(priceOf({ prices }, 'a', JANUARY - 1)?.input).toBe(9_000_000n);
    expect(pricesAt(prices, JANUARY).map(({ model }) => model)).toEqual(['a', '*']);
  });
});

describe('prices of a provider', () => {
  it('are kept in canonical form', () => {
    const decoded = decodePrices([
      { model: 'a', from: '2026-01-01T01:00:00+01:00', inputPerMillion: 2.5, outputPerMillion: '10.0' },
    ]);
    expect(decoded).toMatchObject({
      value: {
        spec: {
          prices: [
            { model: 'a', from: '2026-01-01T00:00:00Z', inputPerMillion: '2.5', outputPerMillion: '10' },
          ],
        },
      },
    });
  });

  it.each<[string, object, string, RegExp]>([
    ['a list', { inputPerMillion: [2.5] }, 'spec.prices[0].inputPerMillion', /not a list/],
    ['a number with seven decimals', { inputPerMillion: 1.0000001 }, 'spec.prices[0].inputPerMillion', /six/],
    ['a number below nothing', { outputPerMillion: -1 }, 'spec.prices[0].outputPerMillion', /amount/],
    ['seven decimals', { inputPerMillion: '0.0000001' }, 'spec.prices[0].inputPerMillion', /six decimals/],
    ['less than nothing', { outputPerMillion: '-1' }, 'spec.prices[0].outputPerMillion', /amount/],
    ['a typo', { inputPerMilion: '1' }, 'spec.prices[0].inputPerMilion', /mean "inputPerMillion"/],
    ['no date', { from: 'yesterday' }, 'spec.prices[0].from', /2026-01-31T12:00:00Z/],
    ['two wildcards', { model: 'a**' }, 'spec.prices[0].model', /one "\*"/],
  ])('refuses %s', (_case, change, path, message) => {
    const decoded = decodePrices([{ ...price('a', '1'), ...change }]);
    if (decoded.ok) throw new Error('accepted');
    expect(decoded.errors).toEqual([{ path, message: expect.stringMatching(message) as string }]);
  });

  it('refuses two prices of one pattern for one moment, however it is written', () => {
    const decoded = decodePrices([
      price('a', '1', { from: '2026-01-01T00:00:00Z' }),
      price('a', '1', { from: '2026-01-01T01:00:00+01:00' }),
    ]);
    if (decoded.ok) throw new Error('accepted');
    expect(decoded.errors.map(({ path }) => path)).toEqual(['spec.prices[1]']);
  });
});

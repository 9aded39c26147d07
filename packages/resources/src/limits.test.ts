import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResource } from './decode-resource.js';
import { limitCaps } from './limits.js';

function decode(limits: unknown) {
  return decodeResource('Consumer', { metadata: { name: 'c' }, spec: { limits } });
}

function accepted(limits: unknown) {
  const decoded = decode(limits);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
  return (decoded.value.spec as { limits?: Parameters<typeof limitCaps>[0] }).limits;
}

describe('limits of a consumer', () => {
  it('are all that can be counted, each with its cap', () => {
    const limits = accepted({
      requestsPerMinute: 60,
      tokensPerMinute: 100_000,
      budgets: [
        { per: 'month', usd: 20.5 },
        { per: 'day', tokens: 1_000_000 },
        { per: 'day', usd: '1.000001' },
        { per: 'month', tokens: 1_000_000_000_000 },
      ],
    });
    expect(new Map(limitCaps(limits).map(({ meter, cap }) => [meter, cap]))).toEqual(
      new Map([
        ['requests-minute', 60n],
        ['tokens-minute', 100_000n],
        ['tokens-day', 1_000_000n],
        ['tokens-month', 1_000_000_000_000n],
        ['usd-day', 1_000_001_000_000n],
        ['usd-month', 20_500_000_000_000n],
      ]),
    );
  });

  it('have one form, whatever the order and spelling', () => {
    const one = accepted({
      budgets: [
        { usd: 5, per: 'month' },
        { per: 'day', usd: '2.50' },
      ],
    });
    const other = accepted({
      budgets: [
        { per: 'day', usd: 2.5 },
        { per: 'month', usd: '5.000' },
      ],
    });
    expect(one).toEqual(other);
    expect(accepted(one)).toEqual(one);
    expect(accepted({})).toBeUndefined();
    expect(accepted({ budgets: [] })).toBeUndefined();
    expect(limitCaps(undefined)).toEqual([]);
  });

  it('keep every amount of money exactly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000_000_000 }), fc.boolean(), (micro, asText) => {
        const text = `${Math.floor(micro / 1_000_000)}.${String(micro % 1_000_000).padStart(6, '0')}`;
        const limits = accepted({ budgets: [{ per: 'day', usd: asText ? text : Number(text) }] });
        expect(limitCaps(limits)).toEqual([{ meter: 'usd-day', cap: BigInt(micro) * 1_000_000n }]);
      }),
    );
  });

  it.each([
    ['no object', 7, 'spec.limits', /must be an object/],
    ['no requests', { requestsPerMinute: 0 }, 'spec.limits.requestsPerMinute', /from 1 to/],
    ['half a request', { requestsPerMinute: 1.5 }, 'spec.limits.requestsPerMinute', /an integer/],
    ['text', { tokensPerMinute: '100' }, 'spec.limits.tokensPerMinute', /an integer/],
    ['too many tokens', { tokensPerMinute: 1e10 }, 'spec.limits.tokensPerMinute', /from 1 to/],
    ['another field', { requestsPerHour: 1 }, 'spec.limits.requestsPerHour', /unknown field/],
    ['no period', { budgets: [{ usd: 1 }] }, 'spec.limits.budgets[0].per', /required/],
    [
      'another period',
      { budgets: [{ per: 'week', usd: 1 }] },
      'spec.limits.budgets[0].per',
      /"day", "month"/,
    ],
    ['no unit', { budgets: [{ per: 'day' }] }, 'spec.limits.budgets[0]', /exactly one/],
    ['two units', { budgets: [{ per: 'day', usd: 1, tokens: 1 }] }, 'spec.limits.budgets[0]', /exactly one/],
    ['nothing', { budgets: [{ per: 'day', usd: 0 }] }, 'spec.limits.budgets[0].usd', /more than 0/],
    ['a debt', { budgets: [{ per: 'day', usd: -1 }] }, 'spec.limits.budgets[0].usd', /amount/],
    [
      'a seventh decimal',
      { budgets: [{ per: 'day', usd: '0.0000001' }] },
      'spec.limits.budgets[0].usd',
      /six/,
    ],
    ['a tiny number', { budgets: [{ per: 'day', usd: 1e-7 }] }, 'spec.limits.budgets[0].usd', /six/],
    ['a huge number', { budgets: [{ per: 'day', usd: 1e21 }] }, 'spec.limits.budgets[0].usd', /./],
    ['too much', { budgets: [{ per: 'day', usd: 1_000_000.01 }] }, 'spec.limits.budgets[0].usd', /at most/],
    ['null', { budgets: [{ per: 'day', usd: null }] }, 'spec.limits.budgets[0].usd', /a string or a number/],
    [
      'the same twice',
      {
        budgets: [
          { per: 'day', tokens: 1 },
          { per: 'day', tokens: 2 },
        ],
      },
      'spec.limits.budgets[1]',
      /second budget in tokens per day/,
    ],
    [
      'a day above its month',
      {
        budgets: [
          { per: 'day', usd: 6 },
          { per: 'month', usd: 5 },
        ],
      },
      'spec.limits.budgets',
      /more usd per day than per month/,
    ],
    ['five', { budgets: Array(5).fill({ per: 'day', tokens: 1 }) }, 'spec.limits.budgets', /at most 4/],
  ])('refuse %s', (_, limits, path, message) => {
    const decoded = decode(limits);
    expect(decoded.ok).toBe(false);
    if (decoded.ok) return;
    expect(decoded.errors[0]?.path).toBe(path);
    expect(decoded.errors[0]?.message).toMatch(message);
  });
});

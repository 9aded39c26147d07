import { describe, expect, it } from 'vitest';
import { readPromQl } from './promql.js';

describe('readPromQl', () => {
  it('finds metrics, matched and grouped labels', () => {
    const text =
      'histogram_quantile(0.9, sum by (le, route) (rate(a_bucket{replica=~"$replica",x!="1"}[$__rate_interval]))) / b > 0';
    expect(readPromQl(text)).toEqual({
      metrics: ['a_bucket', 'b'],
      matched: [
        { metric: 'a_bucket', label: 'replica' },
        { metric: 'a_bucket', label: 'x' },
      ],
      grouped: ['route'],
    });
  });

  it.each(['rate(a[5m)', 'sum by (a b)', '{x="1"}', 'a{x=1}', ''])('refuses %j', (text) => {
    expect(() => readPromQl(text)).toThrow(SyntaxError);
  });
});

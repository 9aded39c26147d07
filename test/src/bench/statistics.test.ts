import { describe, expect, it } from 'vitest';
import { figure, median, percentile, spread } from './statistics.js';

describe('statistics', () => {
  it('takes the middle, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('takes the value that a fraction of the samples lies below', () => {
    const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
    expect(percentile(sorted, 0.5)).toBe(51);
    expect(percentile(sorted, 0.99)).toBe(100);
    expect(percentile(sorted, 1)).toBe(100);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('tells how far rounds lie apart', () => {
    expect(figure([10, 8, 12])).toEqual({ median: 10, min: 8, max: 12, rounds: 3 });
    expect(spread(figure([10, 8, 12]))).toBeCloseTo(0.2);
  });
});

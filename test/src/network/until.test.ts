import { describe, expect, it } from 'vitest';
import { until } from './until.js';

describe('until', () => {
  it('gives what the predicate gave at last, and takes a rejection for not yet', async () => {
    let looks = 0;
    const look = (): Promise<string | null> => {
      looks++;
      if (looks === 1) return Promise.reject(new Error('not up'));
      return Promise.resolve(looks === 3 ? 'there' : null);
    };
    expect(await until(look, { withinMs: 1000, everyMs: 1 })).toBe('there');
  });

  it('takes 0 and the empty string for values', async () => {
    expect(await until(() => 0, { withinMs: 0 })).toBe(0);
    expect(await until(() => '', { withinMs: 0 })).toBe('');
  });

  it('tells at the deadline what it waited for, what was seen, and why', async () => {
    const refused = new Error('refused');
    const never = until(() => Promise.reject(refused), {
      withinMs: 5,
      everyMs: 1,
      onTimeout: () => 'the log',
    });
    await expect(never).rejects.toMatchObject({
      message: expect.stringContaining('the log') as string,
      cause: refused,
    });
  });
});

import { expect, it } from 'vitest';
import { restartDelayMs } from './backoff.js';

it('waits twice as long after each failure, up to ten seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map(restartDelayMs)).toEqual([
    100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000,
  ]);
});

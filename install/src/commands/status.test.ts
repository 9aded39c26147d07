import { expect, it } from 'vitest';
import { formatSeconds, formatTable } from './status.js';

it('shows durations in their two largest units', () => {
  expect([null, 0, 59, 61, 3600, 11_520, 90_000].map(formatSeconds)).toEqual([
    '-',
    '0s',
    '59s',
    '1m 1s',
    '1h 0m',
    '3h 12m',
    '1d 1h',
  ]);
});

it('aligns columns and leaves no blanks at the end of a line', () => {
  expect(
    formatTable([
      ['NAME', 'STATE'],
      ['policy-server', 'up'],
    ]),
  ).toEqual(['NAME           STATE', 'policy-server  up']);
});

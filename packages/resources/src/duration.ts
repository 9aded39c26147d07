import type { Parsed } from './host.js';

const MAX_MS = 60_000;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Reads a length of time such as `5s` or `250ms`, at most one minute; in milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  const match = /^(\d{1,6})(ms|s|m)$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
  if (ms >= 1 && ms <= MAX_MS) return { value: ms };
  return { problem: 'must be a length of time from 1ms to 1m, such as 5s' };
}

import type { Parsed } from './host.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Longest time that an upstream may be waited for, in minutes. */
const MAX_TIMEOUT_MINUTES = 30;

/** Reads a length of time such as `5s` or `250ms`, at most one minute; in milliseconds. */
export function parseDuration(text: string): Parsed<number> {
  return parseUpTo(text, 1);
}

/** Reads how long an upstream may keep a request waiting, such as `90s` or `10m`, at most 30 minutes; in milliseconds. */
export function parseTimeout(text: string): Parsed<number> {
  return parseUpTo(text, MAX_TIMEOUT_MINUTES);
}

function parseUpTo(text: string, minutes: number): Parsed<number> {
  const match = /^(\d{1,7})(ms|s|m)$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
  if (ms >= 1 && ms <= minutes * 60_000) return { value: ms };
  return { problem: `must be a length of time from 1ms to ${minutes}m, such as 5s` };
}

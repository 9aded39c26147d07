import type { Meter } from '@hiclaw/policy-image';
import {
  BUCKET_MS,
  bucketStart,
  type Granularity,
  monthStart,
  nextMonthStart,
} from '../usage/granularity.js';

/** A fixed UTC window, milliseconds since the Unix epoch; `endMs` is the first moment of the next one. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** The window of a meter in which a moment lies. */
export function windowOf(meter: Meter, atMs: number): Window {
  switch (meter) {
    case 'requests-minute':
    case 'tokens-minute':
      return bucketOf('minute', atMs);
    case 'tokens-day':
    case 'usd-day':
      return bucketOf('day', atMs);
    case 'tokens-month':
    case 'usd-month':
      return { startMs: monthStart(atMs), endMs: nextMonthStart(atMs) };
    default:
      return meter satisfies never;
  }
}

function bucketOf(granularity: Granularity, atMs: number): Window {
  const startMs = bucketStart(granularity, atMs);
  return { startMs, endMs: startMs + BUCKET_MS[granularity] };
}

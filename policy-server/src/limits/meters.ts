import type { Meter } from '@hiclaw/policy-image';

/** All meters, at the index that the gateway's image and the lease protocol call them by. */
export const METERS: readonly Meter[] = [
  'requests-minute',
  'tokens-minute',
  'tokens-day',
  'tokens-month',
  'usd-day',
  'usd-month',
];

/** A fixed UTC window, milliseconds since the Unix epoch; `endMs` is the first moment of the next one. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The window of a meter in which a moment lies. */
export function windowOf(meter: Meter, atMs: number): Window {
  switch (meter) {
    case 'requests-minute':
    case 'tokens-minute': {
      const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
      return { startMs, endMs: startMs + MINUTE_MS };
    }
    case 'tokens-day':
    case 'usd-day': {
      const startMs = Math.floor(atMs / DAY_MS) * DAY_MS;
      return { startMs, endMs: startMs + DAY_MS };
    }
    case 'tokens-month':
    case 'usd-month': {
      const at = new Date(atMs);
      const month = at.getUTCMonth();
      return {
        startMs: Date.UTC(at.getUTCFullYear(), month),
        endMs: Date.UTC(at.getUTCFullYear(), month + 1),
      };
    }
    default:
      return meter satisfies never;
  }
}

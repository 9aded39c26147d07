import type { TokenState } from '../store/resource-set.js';

/** A number from 0 to 1, a new one with each call. */
export type Random = () => number;

/** What a token is taken to last, in seconds, when its server does not say. */
const ASSUMED_LIFETIME = 3600;
/** Before this share of its lifetime is over a token is not renewed; the next tenth is for jitter. */
const EARLIEST_SHARE = 0.7;
const JITTER_SHARE = 0.1;
const MIN_INTERVAL_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 300_000;
/** After an answer that no repetition changes, such as `invalid_client`: only a person can help. */
const REFUSED_RETRY_MS = 3_600_000;

/** When to ask for the next token: at 70 to 80 % of the lifetime, so that many obtained at once spread. */
export function renewalTimeMs({ obtainedAt, expiresAt }: TokenState, random: Random): number {
  if (obtainedAt === 0) return 0;
  const lifetime = expiresAt === 0 ? ASSUMED_LIFETIME : Math.max(0, expiresAt - obtainedAt);
  const waited = lifetime * (EARLIEST_SHARE + JITTER_SHARE * random()) * 1000;
  return obtainedAt * 1000 + Math.max(MIN_INTERVAL_MS, waited);
}

/**
 * How long to wait after the given number of failures in a row: doubling from a second to five minutes, and a random
 * half of it less.
 */
export function retryDelayMs(failures: number, refused: boolean, random: Random): number {
  const full = refused
    ? REFUSED_RETRY_MS
    : Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(20, failures - 1));
  return full * (0.5 + 0.5 * random());
}

/** Whether the token must not be used any more. */
export function isExpired({ obtainedAt, expiresAt }: TokenState, nowMs: number): boolean {
  return obtainedAt !== 0 && expiresAt !== 0 && expiresAt * 1000 <= nowMs;
}

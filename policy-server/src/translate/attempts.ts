import {
  DEFAULT_FIRST_BYTE_MS,
  DEFAULT_RETRY_STATUSES,
  DEFAULT_SILENCE_MS,
  type LlmRoute,
  parseTimeout,
} from '@hiclaw/resources';
import type { Attempts, Pool } from './state.js';

/** What waits between attempts, and whatever else is not waiting for a first byte, may add, each. */
const BETWEEN_ATTEMPTS_MS = 15_000;
/** Further attempts when only failures before the upstream can have seen the request lead to one. */
const SAFE_FURTHER = 2;

/**
 * How often and how long a route tries. Where there are several targets, each failure before the first byte leads to the
 * next one. Where there is one, a request that it has seen is not sent again unless the admin says so: the provider may
 * have done the work, and charges for it again.
 *
 * @param pool of the route or its variant; null: one target
 */
export function attemptsOf({ retry, timeouts }: LlmRoute['spec'], pool: Pool | null): Attempts {
  const targets = pool?.targets.length ?? 1;
  const several = targets > 1;
  const betweenChunks = milliseconds(timeouts?.betweenChunks);
  const byDefault = several ? Math.min(DEFAULT_FIRST_BYTE_MS, betweenChunks ?? Infinity) : null;
  const firstByteMs = milliseconds(timeouts?.firstByte) ?? byDefault;
  const usually = several || retry !== undefined ? Math.max(1, targets - 1) : SAFE_FURTHER;
  const further = retry?.attempts ?? usually;
  const atMostMs = firstByteMs === null ? 0 : (further + 1) * (firstByteMs + BETWEEN_ATTEMPTS_MS);
  return {
    statuses: statusesOf(retry, several),
    further,
    others: pool === null || !several ? null : othersIn(pool),
    firstByteMs,
    silenceMs: betweenChunks ?? Math.max(DEFAULT_SILENCE_MS, atMostMs),
  };
}

function othersIn({ targets }: Pool): NonNullable<Attempts['others']> {
  const priorities = [...new Set(targets.map(({ priority }) => priority))];
  const weights = priorities.map((one) =>
    targets.filter(({ priority }) => priority === one).map(({ weight }) => weight),
  );
  const turns = weights.map((list) =>
    Math.ceil(list.reduce((sum, weight) => sum + weight, 0) / Math.min(...list)),
  );
  return {
    // With as many attempts in each, every priority has its turn before one is tried again.
    perPriority: Math.min(...weights.map(({ length }) => length)),
    turns: Math.max(...turns) + 1,
  };
}

function statusesOf(retry: LlmRoute['spec']['retry'], several: boolean): readonly number[] | null {
  if (retry !== undefined) return [...retry.statuses].sort((a, b) => a - b);
  return several ? DEFAULT_RETRY_STATUSES : null;
}

function milliseconds(text: string | undefined): number | undefined {
  // Decoded on the way in, so it can be read.
  return text === undefined ? undefined : parseTimeout(text).value;
}

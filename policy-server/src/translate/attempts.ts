import {
  DEFAULT_FIRST_BYTE_MS,
  DEFAULT_RETRY_STATUSES,
  DEFAULT_SILENCE_MS,
  type LlmRoute,
  parseTimeout,
} from '@hiclaw/resources';
import type { Attempts, Pool } from './state.js';

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
  return {
    statuses: statusesOf(retry, several),
    further: retry?.attempts ?? (several || retry !== undefined ? Math.max(1, targets - 1) : SAFE_FURTHER),
    perPriority: pool === null || !several ? null : smallestPriority(pool),
    firstByteMs,
    silenceMs: betweenChunks ?? Math.max(DEFAULT_SILENCE_MS, firstByteMs ?? 0),
  };
}

/** With as many attempts in each, every priority has its turn before one is tried again. */
function smallestPriority({ targets }: Pool): number {
  const sizes = new Map<number, number>();
  for (const { priority } of targets) sizes.set(priority, (sizes.get(priority) ?? 0) + 1);
  return Math.min(...sizes.values());
}

function statusesOf(retry: LlmRoute['spec']['retry'], several: boolean): readonly number[] | null {
  if (retry !== undefined) return [...retry.statuses].sort((a, b) => a - b);
  return several ? DEFAULT_RETRY_STATUSES : null;
}

function milliseconds(text: string | undefined): number | undefined {
  // Decoded on the way in, so it can be read.
  return text === undefined ? undefined : parseTimeout(text).value;
}

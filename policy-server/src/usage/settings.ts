import type { EnvironmentReader } from '@hiclaw/service-kit';
import type { Retention } from './retention.js';

/** How long usage is kept, and when journals are rotated. */
export interface UsageSettings extends Retention {
  /** A gateway's journal with more bytes than this is rotated. */
  readonly journalBytes: number;
}

/** A month's budget is counted from days: they must outlive it. */
const MIN_DAY_DAYS = 62;
const MAX_DAYS = 36_600;
const DAYS = { min: 1, max: MAX_DAYS };

/**
 * Reads the settings from the environment.
 *
 * @throws GatewayError `CONFIG_INVALID` naming the variable
 */
export function readUsageSettings(read: EnvironmentReader): UsageSettings {
  return {
    callDays: read.integer('HICLAW_USAGE_CALL_DAYS', 7, DAYS),
    minuteDays: read.integer('HICLAW_USAGE_MINUTE_DAYS', 2, DAYS),
    hourDays: read.integer('HICLAW_USAGE_HOUR_DAYS', 60, DAYS),
    dayDays: read.integer('HICLAW_USAGE_DAY_DAYS', 1096, { min: MIN_DAY_DAYS, max: MAX_DAYS }),
    journalBytes: read.integer('HICLAW_USAGE_JOURNAL_BYTES', 16_777_216, {
      min: 65_536,
      max: 1_073_741_824,
    }),
  };
}

import type { EnvironmentReader } from '@hiclaw/service-kit';
import type { Retention } from './retention.js';

/** How long usage is kept, and when journals are rotated. */
export interface UsageSettings extends Retention {
  /** A gateway's journal with more bytes than this is rotated. */
  readonly journalBytes: number;
}

export const DEFAULT_USAGE_SETTINGS: UsageSettings = {
  callDays: 7,
  minuteDays: 2,
  hourDays: 60,
  dayDays: 1096,
  journalBytes: 16_777_216,
};

const VARIABLES: Readonly<Record<keyof UsageSettings, string>> = {
  callDays: 'HICLAW_USAGE_CALL_DAYS',
  minuteDays: 'HICLAW_USAGE_MINUTE_DAYS',
  hourDays: 'HICLAW_USAGE_HOUR_DAYS',
  dayDays: 'HICLAW_USAGE_DAY_DAYS',
  journalBytes: 'HICLAW_USAGE_JOURNAL_BYTES',
};

/** A month's budget is counted from days: they must outlive it. */
const MIN_DAY_DAYS = 62;
const MAX_DAYS = 36_600;
const DAYS = { min: 1, max: MAX_DAYS };
const BOUNDS: Readonly<Record<keyof UsageSettings, { readonly min: number; readonly max: number }>> = {
  callDays: DAYS,
  minuteDays: DAYS,
  hourDays: DAYS,
  dayDays: { min: MIN_DAY_DAYS, max: MAX_DAYS },
  journalBytes: { min: 65_536, max: 1_073_741_824 },
};

/**
 * Reads the settings from the environment.
 *
 * @param fallback for what it does not say; default: `DEFAULT_USAGE_SETTINGS`
 * @throws GatewayError `CONFIG_INVALID` naming the variable
 */
export function readUsageSettings(
  read: EnvironmentReader,
  fallback: UsageSettings = DEFAULT_USAGE_SETTINGS,
): UsageSettings {
  const setting = (name: keyof UsageSettings): number =>
    read.integer(VARIABLES[name], fallback[name], BOUNDS[name]);
  return {
    callDays: setting('callDays'),
    minuteDays: setting('minuteDays'),
    hourDays: setting('hourDays'),
    dayDays: setting('dayDays'),
    journalBytes: setting('journalBytes'),
  };
}

/** The environment from which `readUsageSettings` reads these settings. */
export function usageEnvironment(settings: UsageSettings): Readonly<Record<string, string>> {
  const names = Object.keys(VARIABLES) as (keyof UsageSettings)[];
  return Object.fromEntries(names.map((name) => [VARIABLES[name], String(settings[name])]));
}

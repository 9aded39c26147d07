import type { Parsed } from './host.js';

/** Gateways hold moments as unsigned 32 bit seconds. */
const MAX_UNIX_SECONDS = 0xffffffff;
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Unix seconds as `2026-01-31T12:00:00Z`. */
export function formatTimestamp(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Reads an RFC 3339 date and time with zone; fractions of a second are dropped. */
export function parseTimestamp(text: string): Parsed<number> {
  const match = RFC3339.exec(text);
  const wanted = 'must be a date and time such as 2026-01-31T12:00:00Z';
  if (match === null) return { problem: wanted };
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const offsetHours = Number(match[8] ?? 0);
  const offsetMinutes = Number(match[9] ?? 0);
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const read = new Date(ms);
  const exists = read.getUTCMonth() === month - 1 && read.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) {
    return { problem: wanted };
  }
  const offset = (offsetHours * 60 + offsetMinutes) * 60 * (match[7] === '-' ? -1 : 1);
  const unixSeconds = ms / 1000 - offset;
  if (unixSeconds < 1 || unixSeconds > MAX_UNIX_SECONDS) return { problem: 'must be between 1970 and 2106' };
  return { value: unixSeconds };
}

// When a consumer that has spent its limits may call again, for the headers of its refusal.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { addPair } from '../../../policy/assembly/pairs';
import { deniedSeconds, deniedUntil } from './reserve';

const RETRY_AFTER = ascii('retry-after');
const RESETS_AT = ascii('x-hiclaw-resets-at');
const SECONDS_PER_DAY: u64 = 86_400;
const DAYS_PER_ERA: u64 = 146_097;

const seconds: usize = memory.data(20, 8);
/** 2026-01-31T23:59:59Z */
const moment: usize = memory.data(20, 8);

/** Adds both headers to the pairs; they are read before the next refusal. */
export function addWhenItResets(): void {
  const start = putDecimal(seconds + 20, deniedSeconds);
  addPair(RETRY_AFTER, asciiLength(RETRY_AFTER), start, seconds + 20 - start);
  if (deniedUntil == 0) return;
  putMoment(deniedUntil);
  addPair(RESETS_AT, asciiLength(RESETS_AT), moment, 20);
}

/** Writes a number so that it ends at `end`, and returns where it starts. */
function putDecimal(end: usize, value: u64): usize {
  let at = end;
  do {
    store<u8>(--at, 0x30 + <u8>(value % 10));
    value /= 10;
  } while (value != 0);
  return at;
}

function putDigits(at: usize, digits: u32, value: u64): void {
  for (let i = digits; i > 0; i--) {
    store<u8>(at + i - 1, 0x30 + <u8>(value % 10));
    value /= 10;
  }
}

/** Unix seconds as RFC 3339; the calendar after https://howardhinnant.github.io/date_algorithms.html#civil_from_days. */
function putMoment(unix: u64): void {
  const days = unix / SECONDS_PER_DAY + 719_468;
  const era = days / DAYS_PER_ERA;
  const dayOfEra = days % DAYS_PER_ERA;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * dayOfYear + 2) / 153;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  putDigits(moment, 4, yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
  store<u8>(moment + 4, 0x2d);
  putDigits(moment + 5, 2, month);
  store<u8>(moment + 7, 0x2d);
  putDigits(moment + 8, 2, dayOfYear - (153 * shifted + 2) / 5 + 1);
  store<u8>(moment + 10, 0x54);
  const time = unix % SECONDS_PER_DAY;
  putDigits(moment + 11, 2, time / 3600);
  store<u8>(moment + 13, 0x3a);
  putDigits(moment + 14, 2, (time / 60) % 60);
  store<u8>(moment + 16, 0x3a);
  putDigits(moment + 17, 2, time % 60);
  store<u8>(moment + 19, 0x5a);
}

import { setImmediate as turn } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { prepared } from '../store/statements.js';
import { DAY_MS, GRANULARITIES, type Granularity, TABLES } from './granularity.js';
import type { SeriesBook } from './series.js';

/** For how many days records and sums are kept. */
export interface Retention {
  /** Each call by itself; also how long a record is recognised that comes a second time. */
  readonly callDays: number;
  readonly minuteDays: number;
  readonly hourDays: number;
  readonly dayDays: number;
}

/** Rows that are deleted at once, so that nobody waits long. */
const SLICE_ROWS = 500;

/** Moment before which sums of this granularity are deleted, milliseconds since the Unix epoch. */
export function keptFrom(granularity: Granularity, retention: Retention, nowMs: number): number {
  const days = { minute: retention.minuteDays, hour: retention.hourDays, day: retention.dayDays };
  return nowMs - days[granularity] * DAY_MS;
}

/** Deletes what is older than it is to be kept, in small steps between which others get their turn. */
export async function deleteOld(
  database: Database,
  series: SeriesBook,
  retention: Retention,
  nowMs: number,
  signal: AbortSignal,
): Promise<void> {
  const oldestCall = nowMs - retention.callDays * DAY_MS;
  const calls = prepared(
    database,
    'DELETE FROM calls WHERE sequence IN (SELECT sequence FROM calls WHERE start < ? LIMIT ?)',
  );
  while (!signal.aborted && calls.run(oldestCall, SLICE_ROWS).changes === SLICE_ROWS) await turn();
  for (const one of series.all()) {
    if (signal.aborted) return;
    for (const granularity of GRANULARITIES) {
      prepared(database, `DELETE FROM ${TABLES[granularity]} WHERE series = ? AND start < ?`).run(
        one.id,
        keptFrom(granularity, retention, nowMs),
      );
    }
    if (prepared(database, DELETE_EMPTY_SERIES).run({ id: one.id }).changes > 0) series.forget(one);
    await turn();
  }
}

const DELETE_EMPTY_SERIES = `DELETE FROM series WHERE id = @id
  AND NOT EXISTS (SELECT 1 FROM minutes WHERE series = @id)
  AND NOT EXISTS (SELECT 1 FROM hours WHERE series = @id)
  AND NOT EXISTS (SELECT 1 FROM days WHERE series = @id)`;

import { setImmediate as turn } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { prepared } from '../store/statements.js';
import { type Granularity, monthStart, TABLES } from './granularity.js';
import type { SeriesNames } from './series.js';
import { addSums, COUNT_COLUMNS, noSums, type Sums } from './sums.js';

/** What usage can be told apart by. */
export const DIMENSIONS = ['consumer', 'route', 'provider', 'model', 'requestedModel'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Lengths of time that usage can be told apart by. */
export const PERIODS = ['minute', 'hour', 'day', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Which usage to sum up, and how. */
export interface ReportQuery {
  readonly by: readonly Dimension[];
  /** Null: not told apart by time. */
  readonly per: Period | null;
  /** Of which buckets. */
  readonly granularity: Granularity;
  /** Milliseconds since the Unix epoch; start of a bucket. */
  readonly fromMs: number;
  /** Exclusive; start of a bucket. */
  readonly toMs: number;
  /** Only usage with these names. */
  readonly only: Partial<Readonly<Record<Dimension, string>>>;
}

/** Sums of one group. */
export interface ReportItem {
  /** Start of its period, milliseconds since the Unix epoch; null: not told apart by time. */
  readonly startMs: number | null;
  /** Values of the dimensions in the query's order. */
  readonly names: readonly string[];
  readonly sums: Readonly<Sums>;
}

export interface Report {
  /** By time, then by names. */
  readonly items: readonly ReportItem[];
  readonly totals: Readonly<Sums>;
}

/** More groups than this are no report; null is answered then. */
export const MAX_GROUPS = 100_000;

/** Rows after which others get their turn. */
const ROWS_PER_TURN = 1000;

type SumRow = { readonly start: bigint } & Readonly<Record<(typeof COLUMNS)[number], bigint>>;

/** Sums up stored usage. @returns null when there are more than `MAX_GROUPS` groups */
export async function report(
  database: Database,
  series: readonly ({ readonly id: number } & SeriesNames)[],
  query: ReportQuery,
): Promise<Report | null> {
  const groups = new Map<string, ReportItem>();
  const totals = noSums();
  const select = prepared(
    database,
    `SELECT start, ${COLUMNS.join(', ')} FROM ${TABLES[query.granularity]}
      WHERE series = ? AND start >= ? AND start < ? ORDER BY start LIMIT ${ROWS_PER_TURN}`,
  ).safeIntegers();
  let rows = 0;
  for (const one of series) {
    if (!isWanted(one, query)) continue;
    const names = query.by.map((dimension) => one[dimension]);
    for (let fromMs: number | null = query.fromMs; fromMs !== null;) {
      const page = select.all(one.id, fromMs, query.toMs) as SumRow[];
      for (const row of page) {
        const startMs = periodStart(query.per, Number(row.start));
        const key = JSON.stringify([startMs, ...names]);
        let group = groups.get(key);
        if (group === undefined) groups.set(key, (group = { startMs, names, sums: noSums() }));
        const sums = sumsOf(row);
        addSums(group.sums, sums);
        addSums(totals, sums);
      }
      if (groups.size > MAX_GROUPS) return null;
      const last = page.length < ROWS_PER_TURN ? undefined : page.at(-1);
      fromMs = last === undefined ? null : Number(last.start) + 1;
      rows += page.length + 1;
      if (rows >= ROWS_PER_TURN) {
        rows = 0;
        await turn();
      }
    }
  }
  return { items: [...groups.values()].sort(compareItems), totals };
}

/** Order of the items of a report. */
export function compareItems(
  a: Pick<ReportItem, 'startMs' | 'names'>,
  b: Pick<ReportItem, 'startMs' | 'names'>,
): number {
  if (a.startMs !== b.startMs) return (a.startMs ?? 0) - (b.startMs ?? 0);
  for (const [index, name] of a.names.entries()) {
    const other = b.names[index] ?? '';
    if (name !== other) return name < other ? -1 : 1;
  }
  return 0;
}

function isWanted(series: SeriesNames, { only }: ReportQuery): boolean {
  return DIMENSIONS.every(
    (dimension) => only[dimension] === undefined || only[dimension] === series[dimension],
  );
}

function periodStart(per: Period | null, startMs: number): number | null {
  if (per === null) return null;
  return per === 'month' ? monthStart(startMs) : startMs;
}

const COLUMNS = [...COUNT_COLUMNS, 'cost'] as const;

function sumsOf(row: SumRow): Sums {
  return {
    requests: Number(row.requests),
    completed: Number(row.completed),
    aborted: Number(row.aborted),
    failed: Number(row.failed),
    cut: Number(row.cut),
    input: Number(row.input),
    cachedInput: Number(row.cached_input),
    cacheWrite: Number(row.cache_write),
    output: Number(row.output),
    reasoning: Number(row.reasoning),
    estimated: Number(row.estimated),
    unpriced: Number(row.unpriced),
    cost: row.cost,
  };
}

import { drive, type DrivenLoad } from './load/drive.js';
import type { LoadJob } from './load/job.js';
import type { Row } from './rows/row.js';
import { type Figure, figure } from './statistics.js';

/** What each round of each row gave, by row name. */
export type Rounds = ReadonlyMap<string, readonly DrivenLoad[]>;

export interface RoundsOptions {
  readonly rounds: number;
  readonly job: (row: Row) => Omit<LoadJob, 'port'>;
  /** Start every row's Envoy anew for each round. */
  readonly restart: boolean;
  readonly progress: (line: string) => void;
}

/**
 * Loads one row after the other, again and again, so that whatever else happens on the machine meets all rows alike.
 *
 * @throws Error when any request failed: a row that refuses is fast and means nothing
 */
export async function interleavedRounds(rows: readonly Row[], options: RoundsOptions): Promise<Rounds> {
  const results = new Map<string, DrivenLoad[]>(rows.map((row) => [row.name, []]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const row of rows) {
      if (options.restart) await row.restart();
      const load = await drive({ ...options.job(row), port: row.port }, row.pids);
      const failures = Object.entries(load.failures);
      if (failures.length > 0 || load.requests === 0) {
        throw new Error(
          `${row.name}: ${load.requests} answered, refused by status: ${JSON.stringify(load.failures)}`,
        );
      }
      results.get(row.name)?.push(load);
      const perSecond = (load.requests / load.seconds).toFixed(0);
      const cpu = (load.cpuPerRequest * 1e6).toFixed(1);
      options.progress(
        `round ${round} ${row.name}: ${perSecond}/s, ${cpu} µs CPU, core ${(load.coreShare * 100).toFixed(0)} %, ` +
          `p50 ${load.latency.p50.toFixed(3)} p99 ${load.latency.p99.toFixed(3)} ms`,
      );
    }
  }
  return results;
}

/** One number of each round of a row. */
export function roundFigure(rounds: Rounds, row: string, of: (load: DrivenLoad) => number): Figure {
  return figure(roundsOf(rounds, row).map(of));
}

/** A row against another, compared round by round. */
export function compare(
  rounds: Rounds,
  row: string,
  base: string,
  of: (load: DrivenLoad) => number,
  combine: (mine: number, theirs: number) => number = (mine, theirs) => mine / theirs,
): Figure {
  const bases = roundsOf(rounds, base);
  return figure(roundsOf(rounds, row).map((load, i) => combine(of(load), of(bases[i] ?? load))));
}

export const perSecond = (load: DrivenLoad): number => load.requests / load.seconds;
export const cpu = (load: DrivenLoad): number => load.cpuPerRequest;

/** A sentence for the reader when rows were not loaded to their limit, so that requests per second mean little; else none. */
export function disturbance(rounds: Rounds, rows: readonly string[]): readonly string[] {
  const idle = rows.filter((row) => roundFigure(rounds, row, (load) => load.coreShare).median < SATURATED);
  if (idle.length === 0) return [];
  return [
    `**Disturbed run:** ${idle.join(', ')} kept the core less than ${SATURATED * 100} % busy, so something else used this machine; trust CPU per request, not requests per second.`,
  ];
}

const SATURATED = 0.9;

function roundsOf(rounds: Rounds, row: string): readonly DrivenLoad[] {
  const loads = rounds.get(row);
  if (loads === undefined || loads.length === 0) throw new Error(`no rounds of ${row}`);
  return loads;
}

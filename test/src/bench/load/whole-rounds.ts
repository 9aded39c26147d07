import { totalCpuSeconds } from '../cores.js';
import type { Row } from '../rows/row.js';
import { type Figure, figure } from '../statistics.js';
import { drive } from './drive.js';
import { type HttpCall, postRequest } from './job.js';

/** One kind of call through one row. */
export interface WholeCase {
  /** For the progress. */
  readonly name: string;
  readonly row: Row;
  readonly call: HttpCall;
}

/** What one round of a case gave. */
export interface WholeRound {
  readonly perSecond: number;
  /** CPU seconds of the gateway, from the request's first byte to the answer's last. */
  readonly cpuPerAnswer: number;
  /** Median, milliseconds. */
  readonly latency: number;
}

export interface WholeRoundsOptions {
  readonly rounds: number;
  readonly connections: number;
  /** Seconds in which new calls are made. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly progress: (line: string) => void;
}

/**
 * Calls, one after the other on each connection. CPU is counted from before the first to after the last, while nothing
 * else is asked of the gateway: answers that take long come in step, and a window cut out of them would count some whose
 * work was done before it.
 *
 * @returns the rounds of each case, in the order of `cases`
 * @throws Error when a call was refused or cut
 */
export async function wholeRounds(
  cases: readonly WholeCase[],
  options: WholeRoundsOptions,
): Promise<readonly (readonly WholeRound[])[]> {
  const results = cases.map((): WholeRound[] => []);
  for (let round = 1; round <= options.rounds; round++) {
    for (const [index, one] of cases.entries()) {
      const { name, row } = one;
      await row.restart();
      await answered(one, options, options.warmUpSeconds);
      const before = totalCpuSeconds(row.pids);
      const load = await answered(one, options, options.seconds);
      const measured: WholeRound = {
        perSecond: load.requests / load.seconds,
        cpuPerAnswer: (totalCpuSeconds(row.pids) - before) / load.requests,
        latency: load.latency.p50,
      };
      results[index]?.push(measured);
      const perSecond = measured.perSecond.toFixed(0);
      options.progress(
        `round ${round} ${name}: ${perSecond}/s, ${(measured.cpuPerAnswer * 1e6).toFixed(0)} µs CPU`,
      );
    }
  }
  return results;
}

async function answered(
  { name, row, call }: WholeCase,
  { connections }: WholeRoundsOptions,
  seconds: number,
): ReturnType<typeof drive> {
  const job = { port: row.port, requests: [postRequest(call)], connections, warmUpSeconds: 0, seconds };
  const load = await drive(job, row.pids);
  if (Object.keys(load.failures).length > 0 || load.requests === 0) {
    throw new Error(
      `${name}: ${load.requests} answered, refused by status: ${JSON.stringify(load.failures)}`,
    );
  }
  return load;
}

export function wholeFigure(rounds: readonly WholeRound[] = [], of: (round: WholeRound) => number): Figure {
  return figure(rounds.map(of));
}

/** Rounds against those of another case, one by one. */
export function wholeRatio(
  rounds: readonly WholeRound[] = [],
  others: readonly WholeRound[] = [],
  of: (round: WholeRound) => number,
): Figure {
  return figure(
    rounds.map((round, index) => {
      const other = others[index];
      return other === undefined ? NaN : of(round) / of(other);
    }),
  );
}

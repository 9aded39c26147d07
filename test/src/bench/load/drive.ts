import { totalCpuSeconds } from '../cores.js';
import type { LoadJob, LoadMessage, LoadResult } from './job.js';
import { runPinnedJob } from './pinned-child.js';

export interface DrivenLoad extends LoadResult {
  /** CPU seconds per counted request of the processes that make up the gateway, from the OS. */
  readonly cpuPerRequest: number;
  /** Share of the gateway's core that they used; about 1 when the gateway, not the load, set the pace. */
  readonly coreShare: number;
}

/**
 * Runs one job from a process of its own on the load core.
 *
 * @param pids the gateway's processes, whose CPU time counts
 */
export function drive(job: LoadJob, pids: readonly number[]): Promise<DrivenLoad> {
  const used = (): number => totalCpuSeconds(pids);
  let before = NaN;
  return runPinnedJob(new URL('generator.js', import.meta.url), job, (told) => {
    const message = told as LoadMessage;
    if ('warm' in message) {
      before = used();
      return undefined;
    }
    const cpu = used() - before;
    return { ...message, cpuPerRequest: cpu / message.requests, coreShare: cpu / message.seconds };
  });
}

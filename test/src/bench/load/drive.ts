import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuSeconds, LOAD_CORE, spawnPinned } from '../cores.js';
import type { LoadJob, LoadMessage, LoadResult } from './job.js';

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
 * @throws Error when the generator ends without a result
 */
export async function drive(job: LoadJob, pids: readonly number[]): Promise<DrivenLoad> {
  const file = fileURLToPath(new URL('generator.js', import.meta.url));
  const child = spawnPinned(LOAD_CORE, process.execPath, [file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const ended = once(child, 'exit');
  const answer = new Promise<DrivenLoad>((resolve, reject) => {
    let before = NaN;
    child.on('message', (message: LoadMessage) => {
      if ('warm' in message) {
        before = used();
        return;
      }
      const cpu = used() - before;
      resolve({ ...message, cpuPerRequest: cpu / message.requests, coreShare: cpu / message.seconds });
    });
    child.once('exit', (code) =>
      reject(new Error(`load generator: ended with ${code ?? 'a signal'} and no result`)),
    );
  });
  child.send(job);
  const result = await answer;
  await ended;
  return result;
}

import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './probe.js';
import { isRunning, type ProcessRef, signal, untilGone } from './process-ref.js';

/** How long a process gets. Milliseconds. */
export interface StopTimes {
  readonly drainMs: number;
  readonly stopMs: number;
}

const DRAIN_POLL_MS = 100;

/** Closes Envoy's listeners and waits until no request runs, or `drainMs` have passed. */
async function drain(ref: ProcessRef, socket: string, drainMs: number): Promise<void> {
  const deadline = performance.now() + drainMs;
  const closed = await ask({ url: 'http://envoy/drain_listeners', socket }, 'POST');
  if (closed.status !== 200) return;
  const stats = { url: 'http://envoy/stats?filter=^http\\..*\\.downstream_rq_active$', socket };
  while (performance.now() < deadline && isRunning(ref)) {
    const { status, body } = await ask(stats);
    // The admin interface counts this very question.
    const active = body.split('\n').filter((line) => !line.startsWith('http.admin.') && /: [1-9]/.test(line));
    if (status !== 200 || active.length === 0) return;
    await delay(DRAIN_POLL_MS);
  }
}

/** Drains, asks the process to end, and kills it when it does not. Resolves when it is gone. */
export async function stopProcess(
  ref: ProcessRef,
  times: StopTimes,
  drainSocket: string | undefined,
): Promise<void> {
  if (drainSocket !== undefined) await drain(ref, drainSocket, times.drainMs);
  signal(ref, 'SIGTERM');
  if (await untilGone(ref, times.stopMs)) return;
  signal(ref, 'SIGKILL');
  await untilGone(ref, times.stopMs);
}

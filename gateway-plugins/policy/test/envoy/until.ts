import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;

/** Waits until the probe gives something; fails with the message after the deadline (default 20 s). */
export async function until<T>(
  message: string | (() => string),
  probe: () => T | undefined | Promise<T | undefined>,
  deadlineMs = 20_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > end) {
      throw new Error(`timed out: ${typeof message === 'string' ? message : message()}`);
    }
    await delay(POLL_MS);
  }
}

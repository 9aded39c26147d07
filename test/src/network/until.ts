import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Deadline in milliseconds. */
  readonly withinMs: number;
  /** Milliseconds between looks. Default: 10. */
  readonly everyMs?: number;
  /** What to show beside the failure, such as logs. Asked only on a timeout. */
  readonly onTimeout?: () => string | Promise<string>;
}

/**
 * Waits until `predicate` gives anything but `false`, `null` or `undefined`, and returns that. A rejection counts as not
 * yet.
 *
 * @throws Error at the deadline, with the last rejection as its cause
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + options.withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await predicate();
      if (value !== false && value !== null && value !== undefined) {
        return value as Exclude<T, false | null | undefined>;
      }
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) {
      const seen = (await options.onTimeout?.()) ?? '';
      throw new Error(`not within ${options.withinMs} ms: ${predicate.toString()}\n${seen}`, { cause });
    }
    await delay(options.everyMs ?? 10);
  }
}

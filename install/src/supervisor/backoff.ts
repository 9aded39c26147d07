const FIRST_DELAY_MS = 100;
export const MAX_DELAY_MS = 10_000;

/** A process that was ready for this long has recovered: its next failure counts as the first. Milliseconds. */
export const HEALTHY_AFTER_MS = 10_000;

/** Milliseconds to wait before the restart after the nth failure in a row, n from 1: 100, 200, 400 … 10,000. */
export function restartDelayMs(failures: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 30), MAX_DELAY_MS);
}

import { clock_time_get } from '../../../sdk/assembly/wasi';

const MONOTONIC: u32 = 1;
const result: usize = memory.data(8, 8);

export const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;
export const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/**
 * Nanoseconds of a clock that nobody sets and that all threads of the process share; windows are measured by it, and by
 * what the policy server says is left of them. When the host cannot tell, every window is over.
 */
export function monotonicNow(): u64 {
  return clock_time_get(MONOTONIC, 0, result) == 0 ? load<u64>(result) : 0xffffffffffffffff;
}

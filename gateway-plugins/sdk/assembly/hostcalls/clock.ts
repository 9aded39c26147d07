import { proxy_get_current_time_nanoseconds, proxy_set_tick_period_milliseconds } from '../abi';
import { clearOut, OUT_FIRST, outLong } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { Status, WasiClock } from '../types';
import { clock_time_get } from '../wasi';

/** Nanoseconds since the Unix epoch. */
export function currentTimeNanoseconds(): Result<u64> {
  clearOut();
  const status = proxy_get_current_time_nanoseconds(OUT_FIRST);
  if (status != Status.Ok) return failure<u64>(status, 'proxy_get_current_time_nanoseconds');
  return success<u64>(outLong(), 'proxy_get_current_time_nanoseconds');
}

/** Nanoseconds of a clock that never goes back, for durations. */
export function monotonicNanoseconds(): Result<u64> {
  clearOut();
  const errno = clock_time_get(WasiClock.Monotonic, 0, OUT_FIRST);
  if (errno != 0) return failure<u64>(Status.Unimplemented, 'clock_time_get');
  return success<u64>(outLong(), 'clock_time_get');
}

/** Calls onTick of the plugin context every `milliseconds`; 0 stops it. One timer for each plugin context. */
export function setTickPeriod(milliseconds: u32): Outcome {
  return outcome(proxy_set_tick_period_milliseconds(milliseconds), 'proxy_set_tick_period_milliseconds');
}

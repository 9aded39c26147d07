import { proxy_get_current_time_nanoseconds } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';

const NANOSECONDS: u64 = 1_000_000_000;
const result: usize = memory.data(8, 8);

/**
 * Whether a time in Unix seconds has come; 0 never comes. Asks for the time only when there is one to compare with, and
 * takes what ends as ended when the host cannot tell.
 */
export function hasCome(seconds: u32): bool {
  if (seconds == 0) return false;
  if (proxy_get_current_time_nanoseconds(result) != Status.Ok) return true;
  return load<u64>(result) / NANOSECONDS >= <u64>seconds;
}

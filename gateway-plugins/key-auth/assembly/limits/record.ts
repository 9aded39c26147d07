// A consumer's account as all threads of the process share it: for each meter a window, what may be spent in it and what
// is. One value in shared data holds all meters, so that a call reserves on all of them or on none.

import { proxy_get_shared_data, proxy_set_shared_data } from '../../../sdk/assembly/abi';
import { Status } from '../../../sdk/assembly/types';
import { keyLengthOf, keyOf } from './accounts';
import { ACCOUNT_METERS } from './meters';
import { CAS_ABSENT } from './process';

const METER_BYTES: usize = 32;
const RECORD_BYTES: usize = 192; // METER_BYTES * ACCOUNT_METERS

/** Threads that change one account at the same moment: after so many attempts something else is wrong. */
export const MOST_ATTEMPTS: u32 = 64;

const record: usize = memory.data(192, 8);
const result: usize = memory.data(16, 8);
let cas: u32 = 0;

/** Reads the account; one that nobody wrote yet is all zeros. False when the host gives no sound value. */
export function readRecord(account: u32): bool {
  store<usize>(result, 0);
  store<usize>(result + 4, 0);
  const status = proxy_get_shared_data(keyOf(account), keyLengthOf(account), result, result + 4, result + 8);
  if (status == Status.NotFound) {
    memory.fill(record, 0, RECORD_BYTES);
    cas = CAS_ABSENT;
    return true;
  }
  if (status != Status.Ok || load<usize>(result + 4) != RECORD_BYTES) return false;
  memory.copy(record, load<usize>(result), RECORD_BYTES);
  cas = load<u32>(result + 8);
  return true;
}

/** Ok, CasMismatch when another thread was faster (read and try again), or another status. */
export function writeRecord(account: u32): u32 {
  return proxy_set_shared_data(keyOf(account), keyLengthOf(account), record, RECORD_BYTES, cas);
}

function at(meter: u32): usize {
  return record + <usize>meter * METER_BYTES;
}

/** What may be spent in the window, spent or not. */
export function allowanceOf(meter: u32): u64 {
  return load<u64>(at(meter));
}

export function setAllowance(meter: u32, amount: u64): void {
  store<u64>(at(meter), amount);
}

/** What is spent or reserved; more than the allowance when calls used more than was reserved for them. */
export function usedOf(meter: u32): u64 {
  return load<u64>(at(meter) + 8);
}

export function setUsed(meter: u32, amount: u64): void {
  store<u64>(at(meter) + 8, amount);
}

/** When the window ends by the monotonic clock, rather too early than too late. */
export function deadlineOf(meter: u32): u64 {
  return load<u64>(at(meter) + 16);
}

/** When the window ends by the policy server's clock, Unix seconds; 0: no window is known. */
export function windowOf(meter: u32): u32 {
  return load<u32>(at(meter) + 24);
}

export function setWindow(meter: u32, window: u32, deadline: u64): void {
  store<u32>(at(meter) + 24, window);
  store<u64>(at(meter) + 16, deadline);
}

/** How often allowance was given back; an answer to what was said before that is worth nothing. */
export function generationOf(meter: u32): u32 {
  return load<u32>(at(meter) + 28);
}

export function setGeneration(meter: u32, generation: u32): void {
  store<u32>(at(meter) + 28, generation);
}

export function isOpen(meter: u32, now: u64): bool {
  return windowOf(meter) != 0 && now < deadlineOf(meter);
}

/** Whether METER_* of an image or a message is one that accounts have. */
export function isMeter(meter: u32): bool {
  return meter < ACCOUNT_METERS;
}

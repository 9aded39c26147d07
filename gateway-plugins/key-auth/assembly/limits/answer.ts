// What the policy server answers: how much a consumer may spend through this process, and until when.

import { Status } from '../../../sdk/assembly/types';
import {
  ACCOUNT_UNKNOWN,
  askedOf,
  deny,
  findAccount,
  sentAtOf,
  setFlag,
} from './accounts';
import { endLine, hasLine, linesAreSound, nextNumber, nextWord, readLines, word, wordLength } from './lines';
import { monotonicNow, NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND } from './monotonic';
import * as R from './record';

/** How long it is believed that there is no more. */
const DENIED_NANOSECONDS: u64 = NANOSECONDS_PER_SECOND;

/** Takes the answer to what was asked about the account; false when it is not as agreed. */
export function takeAnswer(account: u32, body: usize, length: usize): bool {
  let taken: u32 = 0;
  readLines(body, length);
  while (hasLine()) {
    nextWord();
    const found = linesAreSound() ? findAccount(word, wordLength) : 0;
    const meter = <u32>min<u64>(nextNumber(), 0xffffffff);
    const window = nextNumber();
    const generation = nextNumber();
    const allowance = nextNumber();
    const available = nextNumber();
    const cap = nextNumber();
    const left = nextNumber();
    const satisfied = nextNumber();
    endLine();
    if (!linesAreSound() || found != account + 1 || !R.isMeter(meter)) return false;
    if (window > 0xffffffff || generation > 0xffffffff || left > 0xffffffff) return false;
    const deadline = sentAtOf(account) + left * NANOSECONDS_PER_MILLISECOND;
    if (!raise(account, meter, <u32>window, <u32>generation, allowance, deadline)) return false;
    const until = satisfied == 0 ? min(monotonicNow() + DENIED_NANOSECONDS, deadline) : 0;
    deny(account, meter, until, available, cap);
    taken++;
  }
  if (taken < askedOf(account)) setFlag(account, ACCOUNT_UNKNOWN);
  return linesAreSound();
}

/** Notes an allowance in the account, unless it knows better. False when the host does not keep accounts. */
function raise(
  account: u32,
  meter: u32,
  window: u32,
  generation: u32,
  allowance: u64,
  deadline: u64,
): bool {
  for (let attempt: u32 = 0; attempt < R.MOST_ATTEMPTS; attempt++) {
    if (!R.readRecord(account)) return false;
    // What was asked in an earlier window, and answered after another thread learned of the next one.
    if (R.windowOf(meter) > window) return true;
    const isKnown = R.windowOf(meter) == window;
    // Allowance was given back since the policy server was asked, and what it says does not know of that.
    const isCurrent = R.generationOf(meter) == generation;
    if (!isKnown) {
      R.setUsed(meter, 0);
      R.setAllowance(meter, isCurrent ? allowance : 0);
    } else if (isCurrent) {
      R.setAllowance(meter, max(R.allowanceOf(meter), allowance));
    }
    R.setWindow(meter, window, deadline);
    const status = R.writeRecord(account);
    if (status != Status.CasMismatch) return status == Status.Ok;
  }
  return false;
}

// The open question to the policy server whether it wants allowance back. Each VM has one, while the image has limits.

import { isActive, setTickPeriod } from '../../../policy/assembly/active-root';
import { ascii } from '../../../policy/assembly/ascii';
import { sectionCount } from '../../../policy/assembly/image-frame';
import { Status } from '../../../sdk/assembly/types';
import * as L from '../../../../packages/policy-image/src/layout';
import { bytesEqual } from '../../../policy/assembly/bytes';
import { currentImage } from '../policy-image';
import { openAccount } from './accounts';
import { endLine, hasLine, linesAreSound, nextNumber, nextWord, readLines, word, wordLength } from './lines';
import { beginPost, putClaim, sendPost } from './post';
import * as R from './record';

const RECALLS = ascii('/recalls');
const LEASES = ascii('/leases');
const GIVE = ascii('give');
/** Longer than the policy server lets it open. */
const POLL_MILLISECONDS: u32 = 30_000;
const REPORT_MILLISECONDS: u32 = 1000;
/** Of the timer, after which it is asked again when it did not answer. */
const TICK_MILLISECONDS: u32 = 1000;
const MOST_TICKS: u32 = 16;

let call: u32 = 0;
let callRoot: u32 = 0;
let failures: u32 = 0;
let ticks: u32 = 0;

function hasLimits(): bool {
  const image = currentImage();
  return image != 0 && sectionCount(image, L.KEY_AUTH_LIMIT_SETS) != 0;
}

/** Whether the timer must run, because the policy server does not answer. */
export function pollWantsTick(): bool {
  return hasLimits() && call == 0;
}

/** To be called from the active plugin context, which is the effective one, after each new image and with each tick. */
export function keepPolling(root: u32): void {
  if (!hasLimits() || (call != 0 && callRoot == root)) return;
  // A new context asks by itself: what the one before asked ends with it, sooner or later.
  const isNew = callRoot != root;
  if (!isNew && ticks > 0) ticks--;
  else poll(root);
}

function poll(root: u32): void {
  beginPost(RECALLS);
  callRoot = root;
  call = sendPost(POLL_MILLISECONDS);
  if (call == 0) rest();
}

function rest(): void {
  failures = min<u32>(failures + 1, 5);
  ticks = min<u32>(1 << (failures - 1), MOST_TICKS) - 1;
}

export function isPoll(answered: u32): bool {
  return call != 0 && answered == call;
}

/** The policy server says what it wants (nothing: `length` is 0), or does not answer (`answered` is false). */
export function pollAnswered(root: u32, answered: bool, body: usize, length: usize): void {
  call = 0;
  if (answered) {
    failures = 0;
    ticks = 0;
    if (length != 0) obey(body, length);
  } else {
    rest();
  }
  // The context that comes after this one asks by itself.
  if (!isActive(root) || !hasLimits()) return;
  if (answered) poll(root);
  if (call == 0) setTickPeriod(TICK_MILLISECONDS);
}

/** Does what each line wants, and says what is left. */
function obey(body: usize, length: usize): void {
  beginPost(LEASES);
  let said = false;
  readLines(body, length);
  while (hasLine()) {
    nextWord();
    const name = word;
    const nameLength = wordLength;
    const meter = nextNumber();
    const window = nextNumber();
    nextWord();
    const gives = wordLength == 4 && bytesEqual(word, GIVE, 4);
    endLine();
    if (!linesAreSound() || meter > 0xff || !R.isMeter(<u32>meter)) break;
    const account = openAccount(name, nameLength);
    if (account == 0) break;
    if (!(gives ? giveBack(account - 1, <u32>meter, window) : R.readRecord(account - 1))) break;
    putClaim(account - 1, <u32>meter, 0, 0);
    said = true;
  }
  // When it does not arrive, the policy server asks again.
  if (said) sendPost(REPORT_MILLISECONDS);
}

/** Lowers the allowance to what is used. The record says what was kept. */
function giveBack(account: u32, meter: u32, window: u64): bool {
  for (let attempt: u32 = 0; attempt < R.MOST_ATTEMPTS; attempt++) {
    if (!R.readRecord(account)) return false;
    const used = R.usedOf(meter);
    if (R.windowOf(meter) != window || R.allowanceOf(meter) <= used) return true;
    R.setAllowance(meter, used);
    R.setGeneration(meter, R.generationOf(meter) + 1);
    const status = R.writeRecord(account);
    if (status != Status.CasMismatch) return status == Status.Ok;
  }
  return false;
}

/** A plugin context is gone, and with it the question that it had open; true when it was the current one. */
export function pollLost(root: u32): bool {
  if (call == 0 || callRoot != root) return false;
  call = 0;
  return true;
}

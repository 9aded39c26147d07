// Asking the policy server for allowance on behalf of all streams of a consumer that wait for it.

import { activeRoot } from '../../../policy/assembly/active-root';
import { ascii } from '../../../policy/assembly/ascii';
import { proxy_set_effective_context } from '../../../sdk/assembly/abi';
import * as L from '../../../../packages/policy-image/src/layout';
import { consumerOf, limitAt, limitCount } from '../lookup';
import { currentImage } from '../policy-image';
import { AWAITS_LEASE, FREE, holdOf, Stream, streamAt, streamSlots } from '../streams';
import {
  ACCOUNT_LOST,
  ACCOUNT_REPORTS,
  ACCOUNT_UNKNOWN,
  callOf,
  clearFlag,
  restUntilOf,
  setAsked,
  setCall,
} from './accounts';
import { mayShrink, needAtStart, needOf, needToGoOn, shrinkToLeast } from './amounts';
import { HOLD_ACCOUNT, HOLD_STATE, HOLD_WAITS, HOLD_WANTS } from './hold';
import { ACCOUNT_METERS } from './meters';
import { monotonicNow } from './monotonic';
import { beginPost, putClaim, sendPost } from './post';
import * as R from './record';
import { addSaturating } from './saturating';

const LEASES = ascii('/leases');
/** As long as a call waits for allowance. */
const TIMEOUT_MILLISECONDS: u32 = 1000;

/** u64 per meter: the least that some stream needs, and what all need together. */
const least: usize = memory.data(48, 8);
const all: usize = memory.data(48, 8);

/** Whether the stream waits for allowance of this account, or will soon. */
export function isWaiting(stream: Stream, account: u32): bool {
  if (stream.phase == FREE || load<u32>(holdOf(stream) + HOLD_ACCOUNT) != account + 1) return false;
  if (stream.phase == AWAITS_LEASE) return true;
  const state = load<u32>(holdOf(stream) + HOLD_STATE);
  return state == HOLD_WAITS || state == HOLD_WANTS;
}

function collect(account: u32, image: usize): void {
  memory.fill(least, 0, 48);
  memory.fill(all, 0, 48);
  const count = streamSlots();
  for (let slot: u32 = 0; slot < count; slot++) {
    const stream = streamAt(slot);
    if (!isWaiting(stream, account) || stream.token == 0) continue;
    const consumer = consumerOf(image, stream.token);
    if (stream.phase == AWAITS_LEASE) {
      needAtStart(stream);
      add(image, consumer);
      if (mayShrink(image, consumer)) shrinkToLeast();
    } else {
      if (!needToGoOn(stream)) continue;
      add(image, consumer);
    }
    lower(image, consumer);
  }
}

function add(image: usize, consumer: usize): void {
  const count = limitCount(image, consumer);
  for (let i: u32 = 0; i < count; i++) {
    const meter = load<u32>(limitAt(image, consumer, i) + L.LIMIT_METER);
    const sum = all + (meter << 3);
    store<u64>(sum, addSaturating(load<u64>(sum), needOf(meter)));
  }
}

function lower(image: usize, consumer: usize): void {
  const count = limitCount(image, consumer);
  for (let i: u32 = 0; i < count; i++) {
    const meter = load<u32>(limitAt(image, consumer, i) + L.LIMIT_METER);
    const need = needOf(meter);
    const known = load<u64>(least + (meter << 3));
    if (need != 0) store<u64>(least + (meter << 3), known == 0 ? need : min(known, need));
  }
}

/**
 * Asks for what the account's waiting streams need, unless that is under way; `context` is the effective one afterwards.
 * False: the policy server cannot be asked now.
 */
export function ask(account: u32, context: u32): bool {
  if (callOf(account) != 0) return true;
  const now = monotonicNow();
  const image = currentImage();
  if (image == 0 || now < restUntilOf(account) || !R.readRecord(account)) return false;
  collect(account, image);
  beginPost(LEASES);
  let asked: u32 = 0;
  for (let meter: u32 = 0; meter < ACCOUNT_METERS; meter++) {
    const need = load<u64>(least + (meter << 3));
    if (need == 0) continue;
    putClaim(account, meter, need, load<u64>(all + (meter << 3)));
    asked++;
  }
  const call = asked == 0 ? 0 : sendPost(TIMEOUT_MILLISECONDS);
  if (proxy_set_effective_context(context) != 0 || call == 0) return false;
  setCall(account, call, activeRoot(), now);
  setAsked(account, asked);
  clearFlag(account, ACCOUNT_UNKNOWN | ACCOUNT_LOST);
  return true;
}

/** Tells the policy server what was spent beyond the allowance. Nothing depends on whether it hears: the next ask says it too. */
export function report(account: u32, context: u32): void {
  clearFlag(account, ACCOUNT_REPORTS);
  if (!R.readRecord(account)) return;
  beginPost(LEASES);
  for (let meter: u32 = 0; meter < ACCOUNT_METERS; meter++) {
    if (R.windowOf(meter) != 0) putClaim(account, meter, 0, 0);
  }
  sendPost(TIMEOUT_MILLISECONDS);
  proxy_set_effective_context(context);
}

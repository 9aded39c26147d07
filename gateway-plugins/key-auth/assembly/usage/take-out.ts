// Taking events out of a stream: what of the host's buffer goes to the client is put together in the output. An event that
// comes in pieces is held until it is known whether it goes on; a client can do nothing with part of an event.

import { outputLength, outputStart, putBytes } from '../../../policy/assembly/output';
import { EVENT_OPEN, EVENT_PASSES, TAKES_OUT, UsageState } from './state';

/** An event that is longer than this is not one of usage alone. */
const HELD_MAX: usize = 16384;
const HELD_FIRST: u32 = 1024;

let copied: usize = 0;
let openAt: usize = 0;
let isChanged = false;

/** Whether the event being read may turn out to be one that is to be taken out. */
export function isUndecided(state: UsageState): bool {
  return (state.flags & (TAKES_OUT | EVENT_OPEN | EVENT_PASSES)) == (TAKES_OUT | EVENT_OPEN);
}

/** To be called before a buffer is read from `from` on; what is before it in the buffer goes on. */
export function beginTakeOut(buffer: usize, from: usize): void {
  copied = buffer;
  openAt = from;
  isChanged = false;
  outputStart();
}

/** An event of which it is not known whether it goes on begins at this address. */
export function openHere(at: usize): void {
  openAt = at;
}

/** The open event does not go on; it ends before this address. */
export function removeOpen(state: UsageState, to: usize): void {
  removeBytes(openAt, to);
  forgetHeld(state);
}

export function removeBytes(from: usize, to: usize): void {
  putUpTo(from);
  copied = to;
  isChanged = true;
}

/** The open event goes on. */
export function passOpen(state: UsageState): void {
  if (state.heldLength == 0) return;
  putUpTo(openAt);
  putBytes(state.held, state.heldLength);
  forgetHeld(state);
  isChanged = true;
}

/** To be called when the buffer has been read to its end. True: the output is to take its place. */
export function endTakeOut(state: UsageState, to: usize): bool {
  if (isUndecided(state) && !hold(state, to)) {
    state.flags |= EVENT_PASSES;
    passOpen(state);
  }
  if (isChanged) putUpTo(to);
  return isChanged;
}

/** Bytes in the buffer once the output has taken its place. */
export function bytesTakenOver(): u32 {
  return <u32>outputLength();
}

/** To be called when the stream ends. */
export function forgetHeld(state: UsageState): void {
  if (state.held != 0) heap.free(state.held);
  state.held = 0;
  state.heldLength = 0;
  state.heldRoom = 0;
}

function putUpTo(at: usize): void {
  if (at > copied) putBytes(copied, at - copied);
  copied = at;
}

/** Keeps what there is of the open event; false when that is too much. */
function hold(state: UsageState, to: usize): bool {
  const more = to - openAt;
  const length = <usize>state.heldLength + more;
  if (length > HELD_MAX) return false;
  if (more == 0) return true;
  if (length > state.heldRoom) widen(state, <u32>length);
  memory.copy(state.held + state.heldLength, openAt, more);
  state.heldLength = <u32>length;
  removeBytes(openAt, to);
  return true;
}

function widen(state: UsageState, length: u32): void {
  const room = max(max(length, state.heldRoom * 2), HELD_FIRST);
  const wider = heap.alloc(room);
  if (state.held != 0) {
    memory.copy(wider, state.held, state.heldLength);
    heap.free(state.held);
  }
  state.held = wider;
  state.heldRoom = room;
}

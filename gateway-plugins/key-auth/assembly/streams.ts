// The requests that run, or whose body is awaited: what must be known of them when policy changes. Raw memory that grows
// to the highest number of streams there ever were at once; nothing is allocated for a single request.

import { HOLD_BYTES } from './limits/hold';
import { SCANNER_BYTES } from './scan-state';
import { USAGE_BYTES } from './usage/state';

export const FREE: u32 = 0;
export const AWAITS_BODY: u32 = 1;
export const ADMITTED: u32 = 2;
/** Admitted, but for its consumer's limits: the policy server is asked for allowance. */
export const AWAITS_LEASE: u32 = 3;

/** Call flag: the client asked for a stream. */
export const CALL_STREAMING: u32 = 1;
/** Call flag: the client itself asked for usage at the end of the stream. */
export const CALL_ASKED_USAGE: u32 = 2;

@unmanaged
export class Stream {
  context: u32;
  phase: u32;
  /** Addresses in the current image; 0 when it no longer has them. */
  token: usize;
  route: usize;
  llmPath: usize;
  modelLength: usize;
  /** Bytes of the body that were scanned. */
  seen: u32;
  /** In which a refusal is written. */
  shape: u32;
  /** Slot that is free after this one, plus 1. */
  nextFree: u32;
  /** One of ENDPOINT_*; 0: this is no call of a model. */
  endpoint: u32;
  /** Set of CALL_*. */
  callFlags: u32;
  /** Bytes of the whole request body, once it is complete. */
  bodyBytes: u32;
  /** Most tokens that the client wants as output; 0: it does not say. */
  maxTokens: u32;
}

const SCANNER: usize = 56;
// At multiples of 8, for the 64-bit fields in them.
const USAGE: usize = (SCANNER + SCANNER_BYTES + 7) & ~7;
const HOLD: usize = (USAGE + USAGE_BYTES + 7) & ~7;
const SLOT: u32 = <u32>((HOLD + HOLD_BYTES + 7) & ~7);
const FIRST_CAPACITY: u32 = 64;

let slots: usize = 0;
let capacity: u32 = 0;
let used: u32 = 0;
/** First free slot plus 1. */
let free: u32 = 0;
// Open addressing with twice the slots: slot number plus 1, found by context id.
let index: usize = 0;
let mask: u32 = 0;

/** Number of slots to visit with streamAt(). */
export function streamSlots(): u32 {
  return used;
}

/** The stream in a slot; its phase may be FREE. */
export function streamAt(slot: u32): Stream {
  return changetype<Stream>(slots + slot * SLOT);
}

/** SCANNER_BYTES of memory, which also hold the model once it is known. */
export function scannerOf(stream: Stream): usize {
  return changetype<usize>(stream) + SCANNER;
}

/** USAGE_BYTES of memory for what is read of the response. */
export function usageOf(stream: Stream): usize {
  return changetype<usize>(stream) + USAGE;
}

/** HOLD_BYTES of memory for what the stream holds of its consumer's limits. */
export function holdOf(stream: Stream): usize {
  return changetype<usize>(stream) + HOLD;
}

function entry(position: u32): usize {
  return index + (position << 2);
}

function grow(): void {
  const wider = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
  const moved = heap.alloc(wider * SLOT);
  if (slots != 0) {
    memory.copy(moved, slots, used * SLOT);
    heap.free(slots);
    heap.free(index);
  }
  slots = moved;
  capacity = wider;
  mask = wider * 2 - 1;
  index = heap.alloc((mask + 1) << 2);
  memory.fill(index, 0, (mask + 1) << 2);
  for (let slot: u32 = 0; slot < used; slot++) {
    if (streamAt(slot).phase != FREE) enter(streamAt(slot).context, slot);
  }
}

function enter(context: u32, slot: u32): void {
  let position = context & mask;
  while (load<u32>(entry(position)) != 0) position = (position + 1) & mask;
  store<u32>(entry(position), slot + 1);
}

/** Position in the index, or 0xffffffff. */
function find(context: u32): u32 {
  if (index == 0) return 0xffffffff;
  let position = context & mask;
  for (let slot = load<u32>(entry(position)); slot != 0; slot = load<u32>(entry(position))) {
    if (streamAt(slot - 1).context == context) return position;
    position = (position + 1) & mask;
  }
  return 0xffffffff;
}

/** The stream of a context, or null. Valid until the next stream is added. */
export function findStream(context: u32): Stream | null {
  const position = find(context);
  return position == 0xffffffff ? null : streamAt(load<u32>(entry(position)) - 1);
}

/** A slot for a context that has none. Its fields but context and phase are 0, and so are the regions of usage and hold. */
export function addStream(context: u32, phase: u32): Stream {
  if (free == 0 && used == capacity) grow();
  let slot: u32;
  if (free != 0) {
    slot = free - 1;
    free = streamAt(slot).nextFree;
  } else {
    slot = used++;
  }
  const stream = streamAt(slot);
  memory.fill(changetype<usize>(stream), 0, SCANNER);
  memory.fill(usageOf(stream), 0, <usize>SLOT - USAGE);
  stream.context = context;
  stream.phase = phase;
  enter(context, slot);
  return stream;
}

/** Forgets the stream of a context, if it has one. */
export function removeStream(context: u32): void {
  let hole = find(context);
  if (hole == 0xffffffff) return;
  const slot = load<u32>(entry(hole)) - 1;
  const stream = streamAt(slot);
  stream.phase = FREE;
  stream.nextFree = free;
  free = slot + 1;
  // Moves later entries of the run back, so that none is cut off from where its search starts.
  let next = (hole + 1) & mask;
  for (let moved = load<u32>(entry(next)); moved != 0; moved = load<u32>(entry(next))) {
    const home = streamAt(moved - 1).context & mask;
    if (((next - home) & mask) >= ((next - hole) & mask)) {
      store<u32>(entry(hole), moved);
      hole = next;
    }
    next = (next + 1) & mask;
  }
  store<u32>(entry(hole), 0);
}

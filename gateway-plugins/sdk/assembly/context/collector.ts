import { arenaReset } from '../arena';
import { reportUnread } from '../result';

// The minimal runtime collects only when told to, which is safe when no callback is running: then nothing but globals
// refers to an object. Marking costs what is alive, so the more contexts live, the rarer the collection.
const MIN_CALLBACKS: u32 = 64;
const MAX_BYTES: u32 = 1 << 20;

let depth: u32 = 0;
let callbacks: u32 = 0;
let bytes: u32 = 0;

/** Opens a callback: the outermost one gets a fresh arena. */
export function enterCallback(): void {
  if (depth++ == 0) arenaReset();
}

/** Closes a callback; when it was the outermost, failures nobody looked at are reported and garbage is collected in time. */
export function leaveCallback(liveContexts: i32): void {
  if (--depth != 0) return;
  reportUnread();
  callbacks++;
  if (bytes < MAX_BYTES && callbacks < max<u32>(MIN_CALLBACKS, <u32>liveContexts)) return;
  callbacks = 0;
  bytes = 0;
  __collect();
}

/** Tells the collector of a large allocation, so that many of them do not pile up between two collections. */
export function noteAllocation(size: u32): void {
  bytes += size;
}

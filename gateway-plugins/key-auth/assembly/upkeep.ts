// What is done on behalf of all streams: acting on a new image, and on the passing of time.

import { isActive, setTickPeriod, setTickPeriodFromStream } from '../../policy/assembly/active-root';
import { confirmApplied } from '../../policy/assembly/applied';
import { ascii } from '../../policy/assembly/ascii';
import { policyVersion } from '../../policy/assembly/image-frame';
import { isWakeUp, settle } from '../../policy/assembly/wake';
import { proxy_close_stream, proxy_set_effective_context } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Status, StreamType } from '../../sdk/assembly/types';
import { mayGoOn } from './body-decision';
import { endsSometime } from './caller';
import { flush } from './limits/flush';
import { keepPolling, pollWantsTick } from './limits/recall';
import { askAgain } from './limits/resume';
import { currentImage } from './policy-image';
import { SCAN_MODEL } from './scan-state';
import { ADMITTED, scannerOf, Stream, streamAt, streamSlots } from './streams';
import { noteCut } from './usage/progress';

const PLUGIN = ascii('key-auth');
const WATCH_MILLISECONDS: u32 = 1000;

let isConfirmed = true;
// Found while the streams are gone through.
let allCut = true;
let someEnd = false;

/** To be called when a new image is in force: it is acted on and confirmed soon. */
export function imageArrived(): void {
  isConfirmed = false;
}

/** To be called for a stream whose token or consumer ends some time: from then on the time is watched. False: it is not. */
export function watchTime(stream: u32): bool {
  return setTickPeriodFromStream(stream, WATCH_MILLISECONDS);
}

/** Spec: #proxy_on_tick */
export function proxy_on_tick(root: u32): void {
  settle();
  if (isActive(root)) act(root);
}

/** Spec: #proxy_on_queue_ready */
export function proxy_on_queue_ready(root: u32, queue: u32): void {
  arenaReset();
  if (isWakeUp(queue) && isActive(root)) act(root);
}

/** Cuts what the image in force no longer admits, then tells the policy server. */
function act(root: u32): void {
  arenaReset();
  const image = currentImage();
  if (image == 0) return;
  cutStreams(image);
  if (proxy_set_effective_context(root) != Status.Ok) return;
  askAgain(root);
  keepPolling(root);
  if (proxy_set_effective_context(root) != Status.Ok) return;
  if (allCut && !isConfirmed) isConfirmed = confirmApplied(PLUGIN, policyVersion(image));
  // A period that could not be set leaves the one before: more ticks do no harm.
  setTickPeriod(isConfirmed && allCut && !someEnd && !pollWantsTick() ? 0 : WATCH_MILLISECONDS);
}

function cutStreams(image: usize): void {
  allCut = true;
  someEnd = false;
  const count = streamSlots();
  for (let slot: u32 = 0; slot < count; slot++) {
    const stream = streamAt(slot);
    if (stream.phase != ADMITTED) continue;
    if (flush(stream) || !goesOn(image, stream)) cut(stream);
    else if (endsSometime(image, stream.token)) someEnd = true;
  }
}

/** The host deletes the stream's context, now or soon, and that frees the slot. */
function cut(stream: Stream): void {
  noteCut(stream);
  if (
    proxy_set_effective_context(stream.context) != Status.Ok ||
    proxy_close_stream(StreamType.HttpRequest) != Status.Ok
  ) {
    allCut = false;
  }
}

function goesOn(image: usize, stream: Stream): bool {
  const model = scannerOf(stream) + SCAN_MODEL;
  return mayGoOn(image, stream.token, stream.route, stream.endpoint, model, stream.modelLength);
}

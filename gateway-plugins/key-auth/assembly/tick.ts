import { isActive } from '../../policy/assembly/active-root';
import { confirmApplied } from '../../policy/assembly/applied';
import { ascii } from '../../policy/assembly/ascii';
import { policyVersion } from '../../policy/assembly/image-frame';
import {
  proxy_close_stream,
  proxy_set_effective_context,
  proxy_set_tick_period_milliseconds,
} from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Status, StreamType } from '../../sdk/assembly/types';
import { mayGoOn } from './body-decision';
import { SCAN_MODEL } from './json-state';
import { currentImage, currentImageExpires } from './policy-image';
import { ADMITTED, scannerOf, Stream, streamAt, streamSlots } from './streams';

const PLUGIN = ascii('key-auth');
const WATCH_MILLISECONDS: u32 = 1000;
const NEVER: u32 = 0;

let isConfirmed = true;
let period: u32 = NEVER;

/** To be called when a new image is in force: it is acted on and confirmed in the next tick. */
export function imageArrived(): void {
  isConfirmed = false;
  period = 0xffffffff;
}

/** Cuts what the image in force no longer admits, then tells the policy server. Spec: #proxy_on_tick */
export function proxy_on_tick(root: u32): void {
  if (!isActive(root)) return;
  arenaReset();
  const image = currentImage();
  if (image == 0) return;
  const allCut = cutStreams(image);
  if (proxy_set_effective_context(root) != Status.Ok) return;
  if (allCut && !isConfirmed) isConfirmed = confirmApplied(PLUGIN, policyVersion(image));
  const next = !isConfirmed || currentImageExpires() ? WATCH_MILLISECONDS : NEVER;
  if (next != period && proxy_set_tick_period_milliseconds(next) == Status.Ok) period = next;
}

/** False when a stream that must end could not be closed. */
function cutStreams(image: usize): bool {
  let allCut = true;
  const count = streamSlots();
  for (let slot: u32 = 0; slot < count; slot++) {
    const stream = streamAt(slot);
    if (stream.phase != ADMITTED || goesOn(image, stream)) continue;
    // The host deletes the stream's context, now or soon, and that frees the slot.
    if (proxy_set_effective_context(stream.context) != Status.Ok) allCut = false;
    else if (proxy_close_stream(StreamType.HttpRequest) != Status.Ok) allCut = false;
  }
  return allCut;
}

function goesOn(image: usize, stream: Stream): bool {
  return mayGoOn(image, stream.token, stream.route, scannerOf(stream) + SCAN_MODEL, stream.modelLength);
}

// Letting pieces go on after a response was held back. A piece that comes next lands in the buffer of the held ones; it
// is held back once more, in the way that ends that, and sent on from the next turn of the event loop.

import { wakeActive } from '../../../policy/assembly/wake';
import { proxy_continue_stream, proxy_set_effective_context } from '../../../sdk/assembly/abi';
import { Action, Status, StreamType } from '../../../sdk/assembly/types';
import { holdOf, Stream } from '../streams';
import { bodyPassed } from '../usage/response';
import { HOLD_CUT, HOLD_FLUSHES, HOLD_RESUMED, HOLD_RUNS, HOLD_STATE } from './hold';

/** Envoy's StopIterationAndWatermark: the host keeps the piece, and gives the next one by itself. */
export const HOLD_PIECE: u32 = 2;

/** The action with which the piece of this callback goes on. */
export function sendOn(stream: Stream): u32 {
  const hold = holdOf(stream);
  if (load<u32>(hold + HOLD_RESUMED) == 0) return Action.Continue;
  const isCut = load<u32>(hold + HOLD_STATE) == HOLD_CUT;
  store<u32>(hold + HOLD_RESUMED, isCut ? 2 : 0);
  if (!isCut) store<u32>(hold + HOLD_STATE, HOLD_FLUSHES);
  bodyPassed(stream);
  wakeActive();
  proxy_set_effective_context(stream.context);
  return HOLD_PIECE;
}

/** Lets a response go on that was held back by Action.Pause; it must be the active stream. */
export function letGo(stream: Stream): void {
  store<u32>(holdOf(stream) + HOLD_RESUMED, 1);
  bodyPassed(stream);
  proxy_continue_stream(StreamType.HttpResponse);
}

/** To be called for each stream after a wake-up: sends on what sendOn() held. True: the stream was cut, and is to be closed. */
export function flush(stream: Stream): bool {
  const hold = holdOf(stream);
  const state = load<u32>(hold + HOLD_STATE);
  if (state != HOLD_FLUSHES && state != HOLD_CUT) return false;
  if (state == HOLD_CUT && load<u32>(hold + HOLD_RESUMED) != 2) return true;
  if (proxy_set_effective_context(stream.context) != Status.Ok) return false;
  if (state == HOLD_FLUSHES) store<u32>(hold + HOLD_STATE, HOLD_RUNS);
  store<u32>(hold + HOLD_RESUMED, 0);
  proxy_continue_stream(StreamType.HttpResponse);
  // What was said last is to be on its way before the stream is closed.
  if (state == HOLD_CUT) wakeActive();
  return false;
}

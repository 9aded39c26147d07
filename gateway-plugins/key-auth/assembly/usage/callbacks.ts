// The response side of the plugin. Calls that are not for an LLM are left at once.

import { proxy_close_stream } from '../../../sdk/assembly/abi';
import { arenaReset } from '../../../sdk/assembly/arena';
import { Action, StreamType } from '../../../sdk/assembly/types';
import { coverResponse, coverTrailers } from '../limits/cover';
import { settleHold } from '../limits/gate';
import { currentImage } from '../policy-image';
import { ADMITTED, findStream, Stream, usageOf } from '../streams';
import { finalUsage, noteCut } from './progress';
import { publishUsage } from './record';
import { beginResponse, bodyPassed, endWithTrailers, readResponse } from './response';
import { UsageState } from './state';
import { forgetHeld } from './take-out';

/** The stream of a context when it is a call to an LLM that was forwarded, else null. */
function callOf(context: u32): Stream | null {
  const stream = findStream(context);
  return stream != null && stream.endpoint != 0 && stream.phase == ADMITTED ? stream : null;
}

/** Spec: #proxy_on_response_headers */
export function proxy_on_response_headers(context: u32, count: u32, endOfStream: u32): u32 {
  const stream = callOf(context);
  if (stream == null) return Action.Continue;
  arenaReset();
  beginResponse(stream, endOfStream != 0);
  return Action.Continue;
}

/** Reads the piece, then lets limits decide whether it goes on. Spec: #proxy_on_response_body */
export function proxy_on_response_body(context: u32, size: u32, endOfStream: u32): u32 {
  const stream = callOf(context);
  if (stream == null) return Action.Continue;
  arenaReset();
  if (!readResponse(stream, size, endOfStream != 0)) {
    noteCut(stream);
    proxy_close_stream(StreamType.HttpResponse);
    return Action.Pause;
  }
  const action = coverResponse(stream, changetype<UsageState>(usageOf(stream)).seen);
  if (action == Action.Continue) bodyPassed(stream);
  return action;
}

/** Spec: #proxy_on_response_trailers */
export function proxy_on_response_trailers(context: u32, count: u32): u32 {
  const stream = callOf(context);
  if (stream == null) return Action.Continue;
  endWithTrailers(stream);
  return coverTrailers(stream);
}

/** Publishes the usage of a call that is over. Spec: #proxy_on_log */
export function proxy_on_log(context: u32): void {
  const stream = callOf(context);
  if (stream == null) return;
  settleHold(currentImage(), stream);
  if (stream.modelLength == 0) return;
  publishUsage(stream, finalUsage(stream));
}

/** To be called before a stream is forgotten. */
export function releaseHeld(context: u32): void {
  const stream = findStream(context);
  if (stream != null) forgetHeld(changetype<UsageState>(usageOf(stream)));
}

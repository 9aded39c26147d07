// Reads a response as it passes: the form it has, then its events or its one document.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { equalsIgnoringCase } from '../../../policy/assembly/bytes';
import { outputPointer } from '../../../policy/assembly/output';
import {
  proxy_get_buffer_bytes,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_set_buffer_bytes,
} from '../../../sdk/assembly/abi';
import { arenaReset } from '../../../sdk/assembly/arena';
import { BufferType, HeaderMapType, Status } from '../../../sdk/assembly/types';
import * as L from '../../../../packages/policy-image/src/layout';
import { ENDPOINT_CHAT, ENDPOINT_COMPLETIONS } from '../endpoints';
import { CALL_ASKED_USAGE, CALL_STREAMING, Stream, usageOf } from '../streams';
import { endEvents, readEvents } from './events';
import { JSON_BROKEN, JSON_END } from './json-states';
import { walk } from './json-walk';
import {
  BROKEN,
  ENDED,
  FINISHED,
  FORM_EVENTS,
  FORM_JSON,
  FORM_OPAQUE,
  FORM_UNKNOWN,
  SAYS_EVENTS,
  TAKES_OUT,
  UsageState,
} from './state';
import { beginTakeOut, bytesTakenOver, endTakeOut, passOpen } from './take-out';

/** Copied at once: what the fixed arena gives, so that no body makes the VM's memory grow. */
const PIECE_BYTES: u32 = 16384;
const CONTENT_TYPE = ascii('content-type');
const CONTENT_LENGTH = ascii('content-length');
const EVENT_STREAM = ascii('text/event-stream');
const result: usize = memory.data(16, 8);

/** To be called with the response headers of an LLM call. */
export function beginResponse(stream: Stream, isComplete: bool): void {
  const state = changetype<UsageState>(usageOf(stream));
  state.endpoint = stream.endpoint;
  if (isComplete) state.flags |= ENDED;
  if (!isEventStream()) return;
  state.flags |= SAYS_EVENTS;
  // With an event taken out the body is shorter than a content-length says.
  if (takesOut(stream) && removeContentLength()) state.flags |= TAKES_OUT;
}

/** Whether the gateway asks the provider for usage that the client did not ask for. */
function takesOut(stream: Stream): bool {
  if (stream.endpoint != ENDPOINT_CHAT && stream.endpoint != ENDPOINT_COMPLETIONS) return false;
  if ((stream.callFlags & (CALL_STREAMING | CALL_ASKED_USAGE)) != CALL_STREAMING) return false;
  return stream.route != 0 && (load<u32>(stream.route + L.ROUTE_FLAGS) & L.ROUTE_ADDS_USAGE) != 0;
}

function isEventStream(): bool {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_header_map_value(
    HeaderMapType.HttpResponseHeaders,
    CONTENT_TYPE,
    asciiLength(CONTENT_TYPE),
    result,
    result + 8,
  );
  const length = asciiLength(EVENT_STREAM);
  if (status != Status.Ok || load<usize>(result + 8) < length) return false;
  return equalsIgnoringCase(load<usize>(result), EVENT_STREAM, length);
}

function removeContentLength(): bool {
  const length = asciiLength(CONTENT_LENGTH);
  return (
    proxy_remove_header_map_value(HeaderMapType.HttpResponseHeaders, CONTENT_LENGTH, length) == Status.Ok
  );
}

/**
 * To be called with each piece of the body; `size` counts from the start of what the host holds. False: bytes that were
 * held could not be given back, so the stream must not go on.
 */
export function readResponse(stream: Stream, size: u32, isLast: bool): bool {
  const state = changetype<UsageState>(usageOf(stream));
  // A host that holds less than what was read holds something new.
  if (size < state.seen) state.seen = 0;
  state.bytes += size - state.seen;
  if (isLast) state.flags |= ENDED;
  if ((state.flags & TAKES_OUT) != 0) return rewrite(state, size, isLast);
  if (state.form != FORM_OPAQUE && (state.flags & BROKEN) == 0) readPieces(stream, state, size);
  state.seen = size;
  if (isLast) endBody(state, 0);
  return true;
}

/** To be called when the body has gone on, so that the host holds nothing of it. */
export function bodyPassed(stream: Stream): void {
  changetype<UsageState>(usageOf(stream)).seen = 0;
}

/** To be called when trailers end the body. */
export function endWithTrailers(stream: Stream): void {
  const state = changetype<UsageState>(usageOf(stream));
  state.flags |= ENDED;
  endBody(state, 0);
}

function readPieces(stream: Stream, state: UsageState, size: u32): void {
  let seen = state.seen;
  while (seen < size) {
    const wanted = min(size - seen, PIECE_BYTES);
    const piece = copyBody(seen, wanted);
    if (piece == 0) {
      state.flags |= BROKEN;
      return;
    }
    read(stream, state, piece, piece + wanted);
    seen += wanted;
  }
}

/** Address of bytes of the body, valid until the next ones; 0 when the host does not give them. */
function copyBody(start: u32, length: u32): usize {
  arenaReset();
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_buffer_bytes(BufferType.HttpResponseBody, start, length, result, result + 8);
  return status == Status.Ok && load<usize>(result + 8) == length ? load<usize>(result) : 0;
}

/** Reads a piece of a stream from which events are taken out, and puts what goes on in its place. */
function rewrite(state: UsageState, size: u32, isLast: bool): bool {
  // Nothing is copied of an empty end; any address will do.
  const buffer = size == 0 ? result : copyBody(0, size);
  if (buffer == 0) return false;
  const from = buffer + state.seen;
  const to = buffer + size;
  beginTakeOut(buffer, from);
  readForm(state, true, from, to);
  if (isLast) endBody(state, to);
  state.seen = size;
  if (!endTakeOut(state, to)) return true;
  state.seen = bytesTakenOver();
  return (
    proxy_set_buffer_bytes(BufferType.HttpResponseBody, 0, size, outputPointer(), state.seen) == Status.Ok
  );
}

function read(stream: Stream, state: UsageState, from: usize, to: usize): void {
  readForm(state, (stream.callFlags & CALL_STREAMING) != 0, from, to);
}

function readForm(state: UsageState, isStreaming: bool, from: usize, to: usize): void {
  let at = from;
  if (state.form == FORM_UNKNOWN) {
    at = findForm(state, isStreaming, from, to);
    if (at == to) return;
  }
  if (state.form == FORM_EVENTS) {
    readEvents(state, at, to);
  } else if (state.form == FORM_JSON) {
    walk(state, at, to);
    if (state.json == JSON_BROKEN) state.flags = (state.flags | BROKEN) & ~FINISHED;
    else if (state.json == JSON_END) state.flags |= FINISHED;
  }
}

/**
 * Tells the form by the first byte that is not of a byte order mark, nor a space unless the content type says events; returns
 * where it is.
 */
function findForm(state: UsageState, isStreaming: bool, from: usize, to: usize): usize {
  const saysEvents = (state.flags & SAYS_EVENTS) != 0;
  for (let at = from; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if ((byte <= 0x20 && !saysEvents) || byte == 0xef || byte == 0xbb || byte == 0xbf) continue;
    if (byte == 0x7b || byte == 0x5b) state.form = FORM_JSON;
    else if (isStreaming || saysEvents) state.form = FORM_EVENTS;
    else state.form = FORM_OPAQUE;
    return at;
  }
  return to;
}

function endBody(state: UsageState, to: usize): void {
  if (state.form == FORM_EVENTS) endEvents(state, to);
  else if (state.form == FORM_JSON && state.json != JSON_END) state.flags |= BROKEN;
  // Nothing may stay behind.
  passOpen(state);
}

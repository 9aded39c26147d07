// Ending a stream whose consumer has nothing left: with an error in the protocol's words when that can be said, then closed.

import { ascii } from '../../../policy/assembly/ascii';
import { outputLength, outputPointer, outputStart, putAscii, putBytes } from '../../../policy/assembly/output';
import { wakeActive } from '../../../policy/assembly/wake';
import {
  proxy_close_stream,
  proxy_get_buffer_bytes,
  proxy_set_buffer_bytes,
  proxy_set_effective_context,
} from '../../../sdk/assembly/abi';
import { Action, BufferType, Status, StreamType } from '../../../sdk/assembly/types';
import { ENDPOINT_GEMINI_STREAM, ENDPOINT_MESSAGES, ENDPOINT_RESPONSES } from '../endpoints';
import { reasonCode, reasonText } from '../reasons';
import { holdOf, Stream, usageOf } from '../streams';
import { noteCut } from '../usage/progress';
import { EVENT_OPEN, FORM_EVENTS, UsageState } from '../usage/state';
import { sendOn } from './flush';
import { HOLD_BETWEEN, HOLD_CUT, HOLD_STATE } from './hold';

const LF: u32 = 0x0a;
const CR: u32 = 0x0d;
/** An event that is longer is not waited for: the stream ends within it. */
const LONGEST_REST: u32 = 16384;

const OPENAI_START = ascii('data: {"error":{"message":"');
const OPENAI_TYPE = ascii('","type":"insufficient_quota","param":null,"code":"');
const ANTHROPIC_START = ascii(
  'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"',
);
const RESPONSES_START = ascii('event: error\ndata: {"type":"error","code":"');
const RESPONSES_MESSAGE = ascii('","message":"');
const RESPONSES_END = ascii('","param":null}\n\n');
const GEMINI_START = ascii('data: {"error":{"code":429,"message":"');
const GEMINI_END = ascii('","status":"RESOURCE_EXHAUSTED"}}\n\n');
const END = ascii('"}}\n\n');

const result: usize = memory.data(16, 8);

/** Whether what was read of the response so far ends between two events. */
export function isBetweenEvents(state: UsageState): bool {
  return state.form == FORM_EVENTS && state.line == 0 && (state.flags & EVENT_OPEN) == 0;
}

/**
 * Puts an error in the place of the `size` bytes that the host holds of the response, and has the stream closed soon
 * after. Continue, or HOLD_PIECE: that may go on. Pause: the stream is closed already, because nothing could be said.
 */
export function cutResponse(stream: Stream, size: u32, reason: u32): u32 {
  store<u32>(holdOf(stream) + HOLD_STATE, HOLD_CUT);
  noteCut(stream);
  if (changetype<UsageState>(usageOf(stream)).form == FORM_EVENTS && putError(stream, size, reason)) {
    const woken = wakeActive();
    if (proxy_set_effective_context(stream.context) == Status.Ok && woken) return sendOn(stream);
  }
  proxy_close_stream(StreamType.HttpResponse);
  return Action.Pause;
}

function putError(stream: Stream, size: u32, reason: u32): bool {
  const isBetween = load<u32>(holdOf(stream) + HOLD_BETWEEN) != 0;
  outputStart();
  if (!isBetween && !putRest(size)) return false;
  putEvent(stream.endpoint, reason);
  const status = proxy_set_buffer_bytes(
    BufferType.HttpResponseBody,
    0,
    size,
    outputPointer(),
    outputLength(),
  );
  return status == Status.Ok;
}

/** Puts the end of the event that the client has the start of; false when it is not among the bytes held. */
function putRest(size: u32): bool {
  store<usize>(result, 0);
  store<usize>(result + 4, 0);
  const wanted = min(size, LONGEST_REST);
  const status = proxy_get_buffer_bytes(BufferType.HttpResponseBody, 0, wanted, result, result + 4);
  const start = load<usize>(result);
  const end = start + load<usize>(result + 4);
  if (status != Status.Ok || start == 0) return false;
  let isLineEmpty = false;
  for (let at = start; at < end; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == CR) continue;
    if (byte != LF) {
      isLineEmpty = false;
    } else if (isLineEmpty) {
      putBytes(start, at + 1 - start);
      return true;
    } else {
      isLineEmpty = true;
    }
  }
  return false;
}

function putEvent(endpoint: u32, reason: u32): void {
  if (endpoint == ENDPOINT_RESPONSES) {
    putAscii(RESPONSES_START);
    putAscii(reasonCode(reason));
    putAscii(RESPONSES_MESSAGE);
    putAscii(reasonText(reason));
    putAscii(RESPONSES_END);
  } else if (endpoint == ENDPOINT_MESSAGES) {
    putAscii(ANTHROPIC_START);
    putAscii(reasonText(reason));
    putAscii(END);
  } else if (endpoint == ENDPOINT_GEMINI_STREAM) {
    putAscii(GEMINI_START);
    putAscii(reasonText(reason));
    putAscii(GEMINI_END);
  } else {
    putAscii(OPENAI_START);
    putAscii(reasonText(reason));
    putAscii(OPENAI_TYPE);
    putAscii(reasonCode(reason));
    putAscii(END);
  }
}

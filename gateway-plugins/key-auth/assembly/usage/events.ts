// Server-sent events, in pieces of any size. https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream

import { endDocument } from './findings';
import { findLineEnd } from './json-skip';
import { JSON_BROKEN, JSON_END } from './json-states';
import { startWalk, walk } from './json-walk';
import {
  AFTER_CR,
  DOCUMENT_CHOICES,
  DOCUMENT_DELTA,
  DOCUMENT_ERROR,
  DOCUMENT_FAILURE,
  DOCUMENT_LAST,
  DOCUMENT_USAGE,
  EVENT_DATA,
  EVENT_OPEN,
  EVENT_PASSES,
  FINISHED,
  HAS_DATA,
  TAKES_LF,
  UsageState,
} from './state';
import { isUndecided, openHere, passOpen, removeBytes, removeOpen } from './take-out';

// Where in a line reading stands. From LINE_START on to LINE_NAMED, as many bytes of `data` have been matched.
const LINE_START: u32 = 0;
const LINE_NAMED: u32 = 4;
/** After the colon: one blank is no part of the data. */
const LINE_BLANK: u32 = 5;
const LINE_DATA: u32 = 6;
const LINE_OTHER: u32 = 7;

const DATA: u32 = 0x61746164;
const DONE: u64 = 0x005d454e4f445b;
const DONE_LENGTH: u32 = 6;
const NOT_DONE: u32 = 0xff;
const LF: u32 = 0x0a;
const CR: u32 = 0x0d;
const newline: usize = memory.data<u8>([0x0a]);

/** Reads the next bytes. Those of events that are to be taken out are told to take-out.ts. */
export function readEvents(state: UsageState, from: usize, to: usize): void {
  let at = from;
  while (at < to) {
    if (state.line >= LINE_DATA) {
      const end = findLineEnd(at, to);
      if (state.line == LINE_DATA) readData(state, at, end);
      at = end;
      if (at == to) return;
    }
    at = step(state, at);
  }
}

/** The end of the stream, which may come within an event: what is there of it counts. */
export function endEvents(state: UsageState, to: usize): void {
  if ((state.flags & EVENT_OPEN) != 0) endEvent(state, to);
}

/** Reads one byte that is not data. */
function step(state: UsageState, at: usize): usize {
  const byte: u32 = load<u8>(at);
  const line = state.line;
  if (byte == LF || byte == CR) {
    endLine(state, byte, at);
    return at + 1;
  }
  if (line == LINE_BLANK) {
    state.line = LINE_DATA;
    return byte == 0x20 ? at + 1 : at;
  }
  if (line == LINE_START) {
    state.flags &= ~(AFTER_CR | TAKES_LF);
    // A comment alone keeps a connection alive and must not wait.
    if (byte != 0x3a) openEvent(state, at);
  }
  if (line == LINE_NAMED) {
    if (byte != 0x3a) state.line = LINE_OTHER;
    else beginData(state);
  } else {
    state.line = byte == ((DATA >> (line << 3)) & 0xff) ? line + 1 : LINE_OTHER;
  }
  return at + 1;
}

function openEvent(state: UsageState, at: usize): void {
  if ((state.flags & EVENT_OPEN) != 0) return;
  state.flags |= EVENT_OPEN;
  if (isUndecided(state)) openHere(at);
}

function beginData(state: UsageState): void {
  state.line = LINE_BLANK;
  if ((state.flags & EVENT_DATA) != 0) {
    walk(state, newline, newline + 1);
    state.done = NOT_DONE;
    return;
  }
  state.flags |= EVENT_DATA | HAS_DATA;
  state.done = 0;
  startWalk(state);
}

function readData(state: UsageState, from: usize, to: usize): void {
  for (let at = from; state.done != NOT_DONE && at < to; at++) {
    const isNext = state.done < DONE_LENGTH && load<u8>(at) == <u8>(DONE >> (state.done << 3));
    state.done = isNext ? state.done + 1 : NOT_DONE;
  }
  walk(state, from, to);
  if (isUndecided(state) && isNormal(state)) {
    state.flags |= EVENT_PASSES;
    passOpen(state);
  }
}

/** Whether the event, as far as it has come, is no event of usage alone. */
function isNormal(state: UsageState): bool {
  return (state.document & (DOCUMENT_CHOICES | DOCUMENT_ERROR | DOCUMENT_FAILURE)) != 0 || state.json == JSON_BROKEN;
}

function endLine(state: UsageState, byte: u32, at: usize): void {
  const isEmpty = state.line == LINE_START;
  // A `data` line without a colon has empty data.
  if (state.line == LINE_NAMED) beginData(state);
  state.line = LINE_START;
  if (isEmpty && byte == LF && (state.flags & AFTER_CR) != 0) {
    if ((state.flags & TAKES_LF) != 0) removeBytes(at, at + 1);
    state.flags &= ~(AFTER_CR | TAKES_LF);
    return;
  }
  state.flags &= ~(AFTER_CR | TAKES_LF);
  if (byte == CR) state.flags |= AFTER_CR;
  if (isEmpty) endEvent(state, at + 1);
}

function endEvent(state: UsageState, end: usize): void {
  const flags = state.flags;
  let isTakenOut = false;
  if ((flags & EVENT_DATA) != 0) {
    if (state.done == DONE_LENGTH) state.flags |= FINISHED;
    if (state.json == JSON_END) {
      endDocument(state);
      isTakenOut = (state.document & ~(DOCUMENT_LAST | DOCUMENT_DELTA)) == DOCUMENT_USAGE;
    }
  }
  if (isUndecided(state)) {
    if (isTakenOut) {
      removeOpen(state, end);
      if ((flags & AFTER_CR) != 0) state.flags |= TAKES_LF;
    } else {
      passOpen(state);
    }
  }
  state.flags &= ~(EVENT_OPEN | EVENT_DATA | EVENT_PASSES);
}

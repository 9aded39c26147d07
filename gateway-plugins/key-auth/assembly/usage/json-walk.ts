// Walks through a JSON document in pieces of any size, and looks only at what keys.ts names. Structure is checked as far as
// needed to tell a key from text: what the model writes stands in strings, and can never be taken for usage.

import {
  beginFindings,
  endDocument,
  findNoCount,
  findNothing,
  startDocument,
  withdrawFindings,
} from './findings';
import { kindOf, pushKind } from './json-kinds';
import { beginNumber, readNumber } from './json-number';
import { findStructure, findTextEnd } from './json-skip';
import * as J from './json-states';
import {
  beginText,
  countContent,
  readEscape,
  readHex,
  readText,
  TEXT_COUNTED,
  TEXT_KEY,
  TEXT_SKIPPED,
  TEXT_TYPE,
} from './json-text';
import * as K from './keys';
import { DOCUMENT_CHOICES, DOCUMENT_ERROR, FORM_JSON, KINDS_MAX, UsageState } from './state';

const QUOTE: u32 = 0x22;
const COMMA: u32 = 0x2c;
const COLON: u32 = 0x3a;
const OPEN_ARRAY: u32 = 0x5b;
const CLOSE_ARRAY: u32 = 0x5d;
const OPEN_OBJECT: u32 = 0x7b;
const CLOSE_OBJECT: u32 = 0x7d;

/** Begins anew. */
export function startWalk(state: UsageState): void {
  state.json = J.JSON_START;
  state.depth = 0;
  startDocument(state);
}

/** Reads the next bytes. */
export function walk(state: UsageState, from: usize, to: usize): void {
  let at = from;
  while (at < to) {
    switch (state.json) {
      case J.JSON_TEXT:
        at = readText(state, at, to);
        break;
      case J.JSON_ESCAPE:
        at = readEscape(state, at);
        break;
      case J.JSON_HEX:
        at = readHex(state, at);
        break;
      case J.JSON_NUMBER:
        at = readNumber(state, at, to);
        break;
      case J.JSON_SCALAR:
        at = skipScalar(state, at, to);
        break;
      case J.JSON_SKIP:
      case J.JSON_SKIP_TEXT:
      case J.JSON_SKIP_ESCAPE:
        at = skipContainer(state, at, to);
        break;
      case J.JSON_BROKEN:
        return;
      default:
        step(state, load<u8>(at++));
    }
  }
}

/** A byte between values. */
function step(state: UsageState, byte: u32): void {
  if (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) return;
  switch (state.json) {
    case J.JSON_START:
      if (byte == OPEN_OBJECT || byte == OPEN_ARRAY) open(state, byte, K.KIND_DOCUMENT);
      else state.json = J.JSON_BROKEN;
      return;
    case J.JSON_FIRST_KEY:
      if (byte == CLOSE_OBJECT) close(state, byte);
      else beginKey(state, byte);
      return;
    case J.JSON_KEY:
      beginKey(state, byte);
      return;
    case J.JSON_COLON:
      state.json = byte == COLON ? J.JSON_VALUE : J.JSON_BROKEN;
      return;
    case J.JSON_FIRST_ELEMENT:
      if (byte == CLOSE_ARRAY) close(state, byte);
      else beginValue(state, byte);
      return;
    case J.JSON_VALUE:
      beginValue(state, byte);
      return;
    case J.JSON_AFTER:
      if (byte == COMMA) next(state);
      else close(state, byte);
      return;
    default:
      state.json = J.JSON_BROKEN;
  }
}

function beginKey(state: UsageState, byte: u32): void {
  if (byte == QUOTE) beginText(state, TEXT_KEY);
  else state.json = J.JSON_BROKEN;
}

function next(state: UsageState): void {
  const kind = kindOf(state);
  if ((kind & K.KIND_ARRAY) == 0) {
    state.json = J.JSON_KEY;
    return;
  }
  state.json = J.JSON_VALUE;
  state.meaning = K.meaningOfElement(kind & K.MEANS_KIND);
}

function open(state: UsageState, byte: u32, kind: u32): void {
  if (byte == OPEN_OBJECT) {
    // The elements of an array at the top are documents of their own: Gemini streams them so.
    if (kind == K.KIND_DOCUMENT) startDocument(state);
    if (kind == K.KIND_IMAGE) state.contentEvents++;
    pushKind(state, kind);
    state.json = J.JSON_FIRST_KEY;
  } else {
    pushKind(state, kind | K.KIND_ARRAY);
    state.json = J.JSON_FIRST_ELEMENT;
    state.meaning = K.meaningOfElement(kind);
  }
}

function close(state: UsageState, byte: u32): void {
  const kind = kindOf(state);
  if (byte != ((kind & K.KIND_ARRAY) != 0 ? CLOSE_ARRAY : CLOSE_OBJECT)) {
    state.json = J.JSON_BROKEN;
    return;
  }
  const depth = state.depth - 1;
  state.depth = depth;
  state.json = depth == 0 ? J.JSON_END : J.JSON_AFTER;
  // An event's data is done with its last line only.
  if (kind == K.KIND_DOCUMENT && (depth == 1 || state.form == FORM_JSON)) endDocument(state);
}

function beginValue(state: UsageState, byte: u32): void {
  const meaning = state.meaning;
  if (byte == QUOTE) {
    beginString(state, meaning);
  } else if (byte == OPEN_OBJECT || byte == OPEN_ARRAY) {
    beginContainer(state, byte, meaning);
  } else if (byte == 0x2d || byte - 0x30 < 10) {
    noteScalar(state, meaning);
    if ((meaning & K.MEANS_COUNT) == 0) {
      state.json = J.JSON_SCALAR;
      return;
    }
    beginNumber(state);
    readFirst(state, byte);
  } else if (byte == 0x74 || byte == 0x66) {
    if (byte == 0x74 || (meaning & K.MEANS_ERROR) == 0) noteScalar(state, meaning);
    if ((meaning & K.MEANS_COUNT) != 0) findNoCount(state, meaning >> K.MEANS_SHIFT);
    state.json = J.JSON_SCALAR;
  } else if (byte == 0x6e) {
    if ((meaning & K.MEANS_USAGE) != 0) withdrawFindings(state, meaning >> K.MEANS_SHIFT);
    if ((meaning & K.MEANS_COUNT) != 0) findNothing(state, meaning >> K.MEANS_SHIFT);
    state.json = J.JSON_SCALAR;
  } else {
    state.json = J.JSON_BROKEN;
  }
}

const first: usize = memory.data(1);

function readFirst(state: UsageState, byte: u32): void {
  store<u8>(first, byte);
  readNumber(state, first, first + 1);
}

/** What any value but null tells where it stands. */
function noteScalar(state: UsageState, meaning: u32): void {
  if ((meaning & K.MEANS_ERROR) != 0) state.document |= DOCUMENT_ERROR;
  if ((meaning & K.MEANS_CHOICES) != 0) state.document |= DOCUMENT_CHOICES;
  if ((meaning & K.MEANS_USAGE) != 0) withdrawFindings(state, meaning >> K.MEANS_SHIFT);
  noteElement(state);
}

/** Whatever stands in an array of choices is one. */
function noteElement(state: UsageState): void {
  if (kindOf(state) == (K.KIND_CHOICE | K.KIND_ARRAY)) state.document |= DOCUMENT_CHOICES;
}

function beginString(state: UsageState, meaning: u32): void {
  noteScalar(state, meaning);
  if ((meaning & K.MEANS_COUNT) != 0) findNoCount(state, meaning >> K.MEANS_SHIFT);
  if ((meaning & K.MEANS_TYPE) != 0) beginText(state, TEXT_TYPE);
  else beginText(state, (meaning & K.MEANS_TEXT) != 0 ? TEXT_COUNTED : TEXT_SKIPPED);
}

function beginContainer(state: UsageState, byte: u32, meaning: u32): void {
  if ((meaning & K.MEANS_ERROR) != 0) state.document |= DOCUMENT_ERROR;
  if ((meaning & K.MEANS_CHOICES) != 0 && byte == OPEN_OBJECT) state.document |= DOCUMENT_CHOICES;
  if ((meaning & K.MEANS_COUNT) != 0) findNoCount(state, meaning >> K.MEANS_SHIFT);
  noteElement(state);
  let kind = meaning & K.MEANS_KIND;
  if ((meaning & K.MEANS_USAGE) != 0) {
    const rank = meaning >> K.MEANS_SHIFT;
    if (byte == OPEN_ARRAY) {
      withdrawFindings(state, rank);
      kind = 0;
    } else if (!beginFindings(state, rank)) {
      kind = 0;
    }
  }
  if (kind == 0 || state.depth == KINDS_MAX) {
    state.json = J.JSON_SKIP;
    state.skipped = 1;
    if ((meaning & K.MEANS_RAW) != 0) countContent(state, 1);
  } else {
    open(state, byte, kind);
  }
}

function skipScalar(state: UsageState, at: usize, to: usize): usize {
  for (; at < to; at++) {
    const byte: u32 = load<u8>(at);
    if (byte == COMMA || byte == CLOSE_OBJECT || byte == CLOSE_ARRAY || byte <= 0x20) {
      state.json = J.JSON_AFTER;
      return at;
    }
  }
  return to;
}

/** Goes over a container of which only the end matters, or how long it is. */
function skipContainer(state: UsageState, from: usize, to: usize): usize {
  let at = from;
  let json = state.json;
  let skipped = state.skipped;
  while (at < to) {
    if (json == J.JSON_SKIP_ESCAPE) {
      json = J.JSON_SKIP_TEXT;
      at++;
      continue;
    }
    at = json == J.JSON_SKIP_TEXT ? findTextEnd(at, to) : findStructure(at, to);
    if (at == to) break;
    const byte: u32 = load<u8>(at++);
    if (json == J.JSON_SKIP_TEXT) {
      json = byte == QUOTE ? J.JSON_SKIP : J.JSON_SKIP_ESCAPE;
    } else if (byte == QUOTE) {
      json = J.JSON_SKIP_TEXT;
    } else if ((byte & 0xdf) == 0x5b) {
      skipped++;
    } else if (--skipped == 0) {
      json = J.JSON_AFTER;
      break;
    }
  }
  state.json = json;
  state.skipped = skipped;
  if ((state.meaning & K.MEANS_RAW) != 0) countContent(state, at - from);
  return at;
}

// Edits of request bodies that are under way: what an attempt changes, from its headers until its body has gone by.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import {
  outputLength,
  outputPointer,
  outputStart,
  putAscii,
  putBytes,
  putJson,
} from '../../policy/assembly/output';
import * as L from '../../../packages/policy-image/src/layout';
import { hasEdit } from './call';

// A block: the next block, then u32 context, u32 length of the body as the client sent it, u32 bytes of it that went by,
// u32 number of edits, then MOST edits of u32 offset, u32 bytes replaced, u32 bytes put there, u32 where those stand in
// the block.
const NEXT: usize = 0;
const CONTEXT: usize = 4;
const LENGTH: usize = 8;
const PASSED: usize = 12;
const COUNT: usize = 16;
const EDITS: usize = 20;
const EDIT: usize = 16;
const MOST: u32 = 2;
const TEXTS: usize = EDITS + <usize>MOST * EDIT;

const MEMBER = ascii('"stream_options":{"include_usage":true},');
const ONLY = ascii('"include_usage":true');
const FIRST = ascii('"include_usage":true,');
const VALUE = ascii('true');
const OPTIONS = ascii('{"include_usage":true}');

/** Nearly always empty: a body follows its headers at once, and whole. */
let first: usize = 0;

/** What is changed in one body, in the order in which it stands there. */
const planned: usize = memory.data(2 * 16, 8);
let count: u32 = 0;

/**
 * Plans the edits of a body: the model, when there is one, and the request for usage. False when they overlap. The texts
 * to be put there stand in the output.
 */
export function planEdits(call: usize, model: usize, modelLength: usize, addsUsage: bool): bool {
  count = 0;
  outputStart();
  if (modelLength != 0) planModel(call, model, modelLength);
  if (addsUsage && hasEdit(call, L.CALL_EDIT_USAGE)) {
    const start = outputLength();
    putAscii(usageText(load<u32>(call + L.CALL_USAGE_FORM)));
    plan(load<u32>(call + L.CALL_USAGE_OFFSET), load<u32>(call + L.CALL_USAGE_LENGTH), start);
  }
  if (count < 2) return true;
  if (load<u32>(planned) > load<u32>(planned + EDIT)) swapPlanned();
  return load<u32>(planned) + load<u32>(planned + 4) <= load<u32>(planned + EDIT);
}

function planModel(call: usize, model: usize, length: usize): void {
  const isJson = hasEdit(call, L.CALL_EDIT_JSON_MODEL);
  if (!isJson && !hasEdit(call, L.CALL_EDIT_MULTIPART_MODEL)) return;
  const start = outputLength();
  if (isJson) putJson(model, length);
  else putBytes(model, length);
  plan(load<u32>(call + L.CALL_MODEL_OFFSET), load<u32>(call + L.CALL_MODEL_LENGTH), start);
}

function usageText(form: u32): usize {
  switch (form) {
    case L.CALL_USAGE_MEMBER:
      return MEMBER;
    case L.CALL_USAGE_ONLY:
      return ONLY;
    case L.CALL_USAGE_FIRST:
      return FIRST;
    case L.CALL_USAGE_VALUE:
      return VALUE;
    default:
      return OPTIONS;
  }
}

function plan(offset: u32, replaced: u32, start: usize): void {
  const edit = planned + <usize>count * EDIT;
  count++;
  store<u32>(edit, offset);
  store<u32>(edit + 4, replaced);
  store<u32>(edit + 8, <u32>(outputLength() - start));
  store<u32>(edit + 12, <u32>start);
}

function swapPlanned(): void {
  for (let at: usize = 0; at < EDIT; at += 8) {
    const earlier = load<u64>(planned + EDIT + at);
    store<u64>(planned + EDIT + at, load<u64>(planned + at));
    store<u64>(planned + at, earlier);
  }
}

/** Length that the body will have. */
export function plannedLength(call: usize): u64 {
  let length = <u64>load<u32>(call + L.CALL_BODY_LENGTH);
  for (let i: u32 = 0; i < count; i++) {
    const edit = planned + <usize>i * EDIT;
    length += <u64>load<u32>(edit + 8) - <u64>load<u32>(edit + 4);
  }
  return length;
}

/** Remembers what was planned, when it was anything, until the body has gone by. */
export function keepPlanned(context: u32, call: usize): void {
  if (count == 0) return;
  const block = heap.alloc(TEXTS + outputLength());
  store<usize>(block + NEXT, first);
  store<u32>(block + CONTEXT, context);
  store<u32>(block + LENGTH, load<u32>(call + L.CALL_BODY_LENGTH));
  store<u32>(block + PASSED, 0);
  store<u32>(block + COUNT, count);
  memory.copy(block + EDITS, planned, <usize>count * EDIT);
  memory.copy(block + TEXTS, outputPointer(), outputLength());
  first = block;
}

/** The edits of the body of this stream that has not gone by yet; 0: none. */
export function editsOf(context: u32): usize {
  let block = first;
  while (block != 0 && load<u32>(block + CONTEXT) != context) block = load<usize>(block + NEXT);
  return block;
}

export function forgetEdits(context: u32): void {
  let link: usize = 0;
  for (let block = first; block != 0; block = load<usize>(block + NEXT)) {
    if (load<u32>(block + CONTEXT) == context) {
      if (link == 0) first = load<usize>(block + NEXT);
      else store<usize>(link + NEXT, load<usize>(block + NEXT));
      heap.free(block);
      return;
    }
    link = block;
  }
}

/** Counts a piece of the body as gone by. False when the body is longer than it was, or ends before it should. */
export function passPiece(block: usize, size: u32, isLast: bool): bool {
  const length = load<u32>(block + LENGTH);
  const passed = load<u32>(block + PASSED);
  if (size > length - passed) return false;
  store<u32>(block + PASSED, passed + size);
  return !isLast || passed + size == length;
}

export function passedOf(block: usize): u32 {
  return load<u32>(block + PASSED);
}

export function editCount(block: usize): u32 {
  return load<u32>(block + COUNT);
}

/** Where the edit begins in the body as the client sent it. */
export function editStart(block: usize, index: u32): u32 {
  return load<u32>(block + EDITS + <usize>index * EDIT);
}

/** Where what it replaces ends; not before its start. */
export function editEnd(block: usize, index: u32): u32 {
  return editStart(block, index) + load<u32>(block + EDITS + <usize>index * EDIT + 4);
}

/** What it puts there. */
export function editText(block: usize, index: u32): usize {
  return block + TEXTS + load<u32>(block + EDITS + <usize>index * EDIT + 12);
}

export function editTextLength(block: usize, index: u32): u32 {
  return load<u32>(block + EDITS + <usize>index * EDIT + 8);
}

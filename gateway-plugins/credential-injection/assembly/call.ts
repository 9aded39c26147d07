// What key-auth says of a request to an LLM route: where in it stands what an attempt may have to change.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { proxy_get_property } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';
import * as L from '../../../packages/policy-image/src/layout';

const CALL = ascii('hiclaw.call');
const MODEL_EDITS: u32 = L.CALL_EDIT_JSON_MODEL | L.CALL_EDIT_MULTIPART_MODEL | L.CALL_EDIT_PATH_MODEL;
const KNOWN_EDITS: u32 = MODEL_EDITS | L.CALL_EDIT_PATH | L.CALL_EDIT_USAGE;
const SLASH: u32 = 0x2f;

/** `readCall` found nothing. */
export const NO_CALL: usize = 0;
/** `readCall` found what cannot be. */
export const DAMAGED_CALL: usize = 1;

const result: usize = memory.data(16, 8);

/** The record of the active stream, with every offset and length verified; NO_CALL or DAMAGED_CALL. */
export function readCall(): usize {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_property(CALL, asciiLength(CALL), result, result + 8);
  if (status == Status.NotFound) return NO_CALL;
  const call = load<usize>(result);
  return status == Status.Ok && callHolds(call, load<usize>(result + 8)) ? call : DAMAGED_CALL;
}

function callHolds(call: usize, size: usize): bool {
  if (size < <usize>L.CALL_PATH) return false;
  if (<usize>load<u32>(call + L.CALL_PATH_LENGTH) != size - L.CALL_PATH) return false;
  const edits = load<u32>(call + L.CALL_EDITS);
  if ((edits & ~KNOWN_EDITS) != 0 || popcnt<u32>(edits & MODEL_EDITS) > 1) return false;
  return pathHolds(call, edits) && modelHolds(call, edits) && usageHolds(call, edits);
}

/** The prefix ends before a slash of the path. */
function pathHolds(call: usize, edits: u32): bool {
  if ((edits & L.CALL_EDIT_PATH) == 0) return (edits & L.CALL_EDIT_PATH_MODEL) == 0;
  const prefix = load<u32>(call + L.CALL_PREFIX_LENGTH);
  if (prefix >= load<u32>(call + L.CALL_PATH_LENGTH)) return false;
  return load<u8>(call + L.CALL_PATH + prefix) == SLASH;
}

function modelHolds(call: usize, edits: u32): bool {
  if ((edits & MODEL_EDITS) == 0) return true;
  const offset = load<u32>(call + L.CALL_MODEL_OFFSET);
  const length = load<u32>(call + L.CALL_MODEL_LENGTH);
  if ((edits & L.CALL_EDIT_PATH_MODEL) != 0) {
    const prefix = load<u32>(call + L.CALL_PREFIX_LENGTH);
    return offset > prefix && within(offset, length, load<u32>(call + L.CALL_PATH_LENGTH));
  }
  const least: u32 = (edits & L.CALL_EDIT_JSON_MODEL) != 0 ? 2 : 0;
  return length >= least && within(offset, length, load<u32>(call + L.CALL_BODY_LENGTH));
}

function usageHolds(call: usize, edits: u32): bool {
  if ((edits & L.CALL_EDIT_USAGE) == 0) return true;
  const form = load<u32>(call + L.CALL_USAGE_FORM);
  const length = load<u32>(call + L.CALL_USAGE_LENGTH);
  const replaces = form == L.CALL_USAGE_VALUE || form == L.CALL_USAGE_OPTIONS;
  const isKnown = form >= <u32>L.CALL_USAGE_MEMBER && form <= <u32>L.CALL_USAGE_OPTIONS;
  if (!isKnown || (length != 0) != replaces) return false;
  return within(load<u32>(call + L.CALL_USAGE_OFFSET), length, load<u32>(call + L.CALL_BODY_LENGTH));
}

/** Something always follows: a brace, a boundary, a method. */
function within(offset: u32, length: u32, size: u32): bool {
  return offset < size && length < size - offset;
}

export function hasEdit(call: usize, edit: u32): bool {
  return (load<u32>(call + L.CALL_EDITS) & edit) != 0;
}

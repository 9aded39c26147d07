// The path of an attempt, made from the path that the client sent: an earlier attempt may have left another one.

import { outputLength, outputPointer, outputStart, putBytes, reserve } from '../../policy/assembly/output';
import { arenaAllocate } from '../../sdk/assembly/arena';
import * as L from '../../../packages/policy-image/src/layout';
import { hasEdit } from './call';
import { percentLength, writePercent } from './encoding';

/** Where `rebasePath` left the path, and its length. */
export let rebasedPath: usize = 0;
export let rebasedLength: usize = 0;

/**
 * Puts the base path of the upstream in the place of the route's prefix, and the model, when there is one, in the place
 * of the model in the path. False when there is no memory for it.
 */
export function rebasePath(
  call: usize,
  base: usize,
  baseLength: usize,
  model: usize,
  modelLength: usize,
): bool {
  const path = call + L.CALL_PATH;
  const end = path + load<u32>(call + L.CALL_PATH_LENGTH);
  let rest = path + load<u32>(call + L.CALL_PREFIX_LENGTH);
  outputStart();
  putBytes(base, baseLength);
  if (modelLength != 0 && hasEdit(call, L.CALL_EDIT_PATH_MODEL)) {
    const from = path + load<u32>(call + L.CALL_MODEL_OFFSET);
    putBytes(rest, from - rest);
    putPercent(model, modelLength);
    rest = from + load<u32>(call + L.CALL_MODEL_LENGTH);
  }
  putBytes(rest, end - rest);
  // A credential in the query is written by way of the output again.
  rebasedLength = outputLength();
  rebasedPath = arenaAllocate(rebasedLength);
  if (rebasedPath == 0) return false;
  memory.copy(rebasedPath, outputPointer(), rebasedLength);
  return true;
}

function putPercent(text: usize, length: usize): void {
  reserve(percentLength(length));
  const start = arenaAllocate(percentLength(length));
  if (start == 0) unreachable();
  putBytes(start, writePercent(text, length, start) - start);
}

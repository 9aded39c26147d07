import { proxy_get_buffer_bytes, proxy_set_buffer_bytes } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, BufferType, Status } from '../../sdk/assembly/types';
import {
  editCount,
  editEnd,
  editsOf,
  editStart,
  editText,
  editTextLength,
  forgetEdits,
  passedOf,
  passPiece,
} from './body-edits';
import { INTERNAL, refuse } from './refusal';

const result: usize = memory.data(16, 8);

/** Changes what is to be changed in the body, piece by piece as it comes. Spec: #proxy_on_request_body */
export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): u32 {
  const edits = editsOf(context);
  if (edits == 0) return Action.Continue;
  arenaReset();
  const from = passedOf(edits);
  const isSound = passPiece(edits, size, endOfStream != 0) && editPiece(edits, from, size);
  if (endOfStream != 0 || !isSound) forgetEdits(context);
  if (isSound) return Action.Continue;
  refuse(INTERNAL);
  return Action.Pause;
}

/** Spec: #proxy_on_delete */
export function proxy_on_delete(context: u32): void {
  forgetEdits(context);
}

/**
 * Edits the piece that begins at `from` of the body. The host replaces only at the start of a piece, so all up to the end
 * of the last edit is taken out and put back in parts, the last one first; what comes after it is not touched.
 */
function editPiece(edits: usize, from: u32, size: u32): bool {
  const until = from + size;
  let index = editCount(edits);
  while (index > 0 && editStart(edits, index - 1) >= until) index--;
  if (index == 0 || !touches(edits, index - 1, from)) return true;
  let end = min<u32>(editEnd(edits, index - 1), until);
  const head = fetch(end - from);
  if (head == 0) return false;
  let drained = end - from;
  while (index-- > 0 && touches(edits, index, from)) {
    const keptFrom = max<u32>(min<u32>(editEnd(edits, index), until), from);
    if (end > keptFrom) {
      if (!putFirst(drained, head + (keptFrom - from), end - keptFrom)) return false;
      drained = 0;
    }
    const start = editStart(edits, index);
    // What an edit puts there goes with the piece in which it begins.
    const isHere = start >= from;
    if (!putFirst(drained, editText(edits, index), isHere ? editTextLength(edits, index) : 0)) return false;
    drained = 0;
    end = isHere ? start : from;
  }
  return end == from || putFirst(0, head, end - from);
}

/** Whether the edit, which begins before the end of the piece that begins at `from`, changes anything in it. */
function touches(edits: usize, index: u32, from: u32): bool {
  return editStart(edits, index) >= from || editEnd(edits, index) > from;
}

/** The first bytes of the piece; 0 when the host does not give them all. */
function fetch(length: u32): usize {
  // An address that is not 0: there is nothing to be read.
  if (length == 0) return result;
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_buffer_bytes(BufferType.HttpRequestBody, 0, length, result, result + 8);
  if (status != Status.Ok || load<usize>(result + 8) != length) return 0;
  return load<usize>(result);
}

/** Puts a text at the start of the piece, in the place of as many bytes as `drained` says. */
function putFirst(drained: u32, text: usize, length: u32): bool {
  return proxy_set_buffer_bytes(BufferType.HttpRequestBody, 0, drained, text, length) == Status.Ok;
}

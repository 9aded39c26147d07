import {
  closeSync,
  copyFileSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hasErrorCode } from '../error-code.js';

const CHUNK_BYTES = 1 << 16;

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return 0;
    throw error;
  }
}

/** Appends what came into the open file `from` after its first `offset` bytes. */
function copyRest(from: number, to: number, offset: number): void {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let position = offset;
  for (;;) {
    const bytes = readSync(from, chunk, 0, chunk.length, position);
    if (bytes === 0) return;
    for (let written = 0; written < bytes;) written += writeSync(to, chunk, written, bytes - written);
    position += bytes;
  }
}

/**
 * Moves the content of a large log to `<path>.1`, that to `<path>.2` and so on, and empties the file in place: its
 * writers hold it open with O_APPEND and go on, whoever started them. What is written in the moment between the last
 * look and the emptying is lost.
 *
 * @param keep number of older files, at least 1
 * @returns whether the file was larger than `maxBytes`
 */
export function rotateIfLarge(path: string, maxBytes: number, keep: number): boolean {
  if (sizeOf(path) <= maxBytes) return false;
  const copy = `${path}.0`;
  copyFileSync(path, copy, constants.COPYFILE_FICLONE);
  for (let index = keep - 1; index >= 1; index -= 1) {
    try {
      renameSync(`${path}.${index}`, `${path}.${index + 1}`);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    }
  }
  const from = openSync(path, 'r+');
  const to = openSync(copy, 'a');
  try {
    copyRest(from, to, fstatSync(to).size);
    ftruncateSync(from, 0);
  } finally {
    closeSync(from);
    closeSync(to);
  }
  renameSync(copy, `${path}.1`);
  rmSync(`${path}.${keep + 1}`, { force: true });
  return true;
}

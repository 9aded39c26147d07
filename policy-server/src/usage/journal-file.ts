import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MAX_LINE_BYTES } from './journal-lines.js';

/** Bytes that are read, decoded and stored at once. */
const CHUNK_BYTES = 16_384;
const OTHERS = 0o077;
const OWNER_ONLY = 0o600;
const DIGEST_BYTES = 16;
const LINE_END = 0x0a;

/** What follows a position. */
export interface Chunk {
  /** Whole lines, or with `overlong` what must be skipped. */
  readonly bytes: Buffer;
  /** There is no line end in as many bytes as are read at once. */
  readonly overlong: boolean;
}

/** A journal that is open for reading. */
export class JournalFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly inode: string;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** Changes with each write. */
  readonly changedNs: bigint;

  private constructor(handle: FileHandle, inode: string, size: number, changedNs: bigint) {
    this.#handle = handle;
    this.inode = inode;
    this.size = size;
    this.changedNs = changedNs;
  }

  /** Null: it is not there, or is no file. Others lose their rights on it. */
  static async open(path: string): Promise<JournalFile | null> {
    let handle: FileHandle;
    try {
      handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return null;
      throw error;
    }
    try {
      const status = await handle.stat({ bigint: true });
      if (!status.isFile()) {
        await handle.close();
        return null;
      }
      if ((Number(status.mode) & OTHERS) !== 0) await handle.chmod(OWNER_ONLY);
      return new JournalFile(handle, `${status.dev}:${status.ino}`, Number(status.size), status.mtimeNs);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Digest of its first line, by which it is known under whatever name: the line holds an id that no other has. Null: it
   * has none yet.
   */
  async head(): Promise<Buffer | null> {
    const bytes = await this.#read(0, MAX_LINE_BYTES);
    const end = bytes.indexOf(LINE_END);
    if (end === -1 && bytes.length < MAX_LINE_BYTES) return null;
    const line = end === -1 ? bytes : bytes.subarray(0, end);
    return createHash('sha256').update(line).digest().subarray(0, DIGEST_BYTES);
  }

  /** Whole lines from `position` on; none: the end, or the beginning of a line. */
  async chunk(position: number): Promise<Chunk> {
    const bytes = await this.#read(position, CHUNK_BYTES);
    const end = bytes.lastIndexOf(LINE_END);
    if (end !== -1) return { bytes: bytes.subarray(0, end + 1), overlong: false };
    const overlong = bytes.length === CHUNK_BYTES;
    return { bytes: overlong ? bytes : Buffer.alloc(0), overlong };
  }

  /** Everything from `position` on, as far as it may be the rest of one line. */
  rest(position: number): Promise<Buffer> {
    return this.#read(position, CHUNK_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }
}

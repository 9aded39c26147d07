import type { ByteString } from './bytes.js';
import type { WasmMemory } from './webassembly.js';

/** A pointer outside the VM's memory: a status for a lenient host, an AbiViolation for a strict one. */
export class InvalidPointer extends Error {
  override readonly name = 'InvalidPointer';
}

/** Bounds-checked access to the VM's memory. Views are made anew when the memory has grown. */
export class GuestMemory {
  readonly #memory: WasmMemory;
  #buffer: ArrayBuffer;
  #bytes: Buffer;

  constructor(memory: WasmMemory) {
    this.#memory = memory;
    this.#buffer = memory.buffer;
    this.#bytes = Buffer.from(memory.buffer);
  }

  /** Bytes of linear memory. */
  get size(): number {
    return this.#view().length;
  }

  /** A copy: the guest may change or free the original. */
  bytes(pointer: number, length: number, what: string): Uint8Array {
    const start = this.check(pointer, length, what);
    return Uint8Array.prototype.slice.call(this.#bytes, start, start + (length >>> 0));
  }

  text(pointer: number, length: number, what: string): ByteString {
    const start = this.check(pointer, length, what);
    return this.#bytes.toString('latin1', start, start + (length >>> 0));
  }

  u32(pointer: number, what: string): number {
    const start = this.check(pointer, 4, what);
    return this.#bytes.readUInt32LE(start);
  }

  write(pointer: number, bytes: Uint8Array, what: string): void {
    const start = this.check(pointer, bytes.length, what);
    this.#bytes.set(bytes, start);
  }

  writeText(pointer: number, text: ByteString, what: string): void {
    const start = this.check(pointer, text.length, what);
    this.#bytes.write(text, start, 'latin1');
  }

  writeU32(pointer: number, value: number, what: string): void {
    const start = this.check(pointer, 4, what);
    this.#bytes.writeUInt32LE(value >>> 0, start);
  }

  writeU64(pointer: number, value: bigint, what: string): void {
    const start = this.check(pointer, 8, what);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), start);
  }

  // Callers look at #bytes only after this: growth replaces it.
  /** @throws InvalidPointer unless all of the range lies in memory. Returns the start as an unsigned number. */
  check(pointer: number, length: number, what: string): number {
    const view = this.#view();
    const start = pointer >>> 0;
    const end = start + (length >>> 0);
    if (end > view.length) {
      throw new InvalidPointer(
        `${what} [${start}, ${end}) lies outside the VM's memory of ${view.length} bytes`,
      );
    }
    return start;
  }

  #view(): Buffer {
    const { buffer } = this.#memory;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#bytes = Buffer.from(buffer);
    }
    return this.#bytes;
  }
}

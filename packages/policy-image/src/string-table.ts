import { PolicyImageError } from './policy-image-error.js';

const LONE_SURROGATE = /\p{Surrogate}/u;
const INITIAL_BYTES = 4096;
const UTF8_BYTES_PER_UNIT = 3;

/** The STRINGS section while it grows: text and bytes one after the other in the order they are added. */
export class StringTable {
  #bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Where the next string will start. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /**
   * Appends text as UTF-8 and returns its length in bytes; it starts at what `length` was before.
   *
   * @throws PolicyImageError when the text holds half a surrogate pair, which has no UTF-8 form.
   */
  addText(text: string): number {
    this.#reserve(text.length * UTF8_BYTES_PER_UNIT);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return this.#addWideText(text);
      bytes[start + i] = unit;
    }
    this.#length = start + text.length;
    return text.length;
  }

  addBytes(bytes: Uint8Array): number {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return bytes.length;
  }

  #addWideText(text: string): number {
    if (LONE_SURROGATE.test(text)) {
      throw new PolicyImageError(`${JSON.stringify(text)} is not well-formed Unicode`);
    }
    const written = this.#bytes.write(text, this.#length, 'utf8');
    this.#length += written;
    return written;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

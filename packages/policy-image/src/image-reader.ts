import { checksumHolds } from './checksum.js';
import { aligned } from './image-frame.js';
import { HEADER_FORMAT, HEADER_MAGIC, HEADER_POLICY_VERSION, HEADER_SIZE } from './layout.js';
import { PolicyImageError } from './policy-image-error.js';

interface ExpectedSection {
  readonly name: string;
  readonly header: number;
  readonly entryBytes: number;
}

export interface ExpectedImage {
  readonly magic: number;
  readonly format: number;
  readonly headerBytes: number;
  /** In file order; the last one is STRINGS. */
  readonly sections: readonly ExpectedSection[];
}

interface Section {
  readonly name: string;
  readonly offset: number;
  readonly count: number;
  readonly entryBytes: number;
}

/**
 * Checked access to the bytes of an image. The constructor verifies size, magic, format, checksum and that the sections
 * follow the header one after the other with zeros between them.
 */
export class ImageReader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly policyVersion: bigint;
  readonly #sections: ReadonlyMap<number, Section>;
  readonly #strings: Section;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Where the next string must start; strings stand in the order in which they are referred to. */
  #nextString = 0;

  constructor(bytes: Uint8Array, expected: ExpectedImage) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < expected.headerBytes)
      throw new PolicyImageError(`image has only ${bytes.length} bytes`);
    const magic = this.view.getUint32(HEADER_MAGIC, true);
    if (magic !== expected.magic) throw new PolicyImageError(`magic is 0x${magic.toString(16)}`);
    const format = this.view.getUint32(HEADER_FORMAT, true);
    if (format !== expected.format) throw new PolicyImageError(`format is ${format}, not ${expected.format}`);
    const size = this.view.getUint32(HEADER_SIZE, true);
    if (size !== bytes.length) throw new PolicyImageError(`image of ${size} bytes has ${bytes.length}`);
    if (size !== aligned(size)) throw new PolicyImageError(`size ${size} is no multiple of 8`);
    if (!checksumHolds(bytes)) throw new PolicyImageError('checksum does not match');
    this.policyVersion = this.view.getBigUint64(HEADER_POLICY_VERSION, true);

    const sections = new Map<number, Section>();
    let next = expected.headerBytes;
    let last: Section | undefined;
    for (const { name, header, entryBytes } of expected.sections) {
      const offset = this.view.getUint32(header, true);
      const count = this.view.getUint32(header + 4, true);
      if (offset !== next) throw new PolicyImageError(`section ${name} starts at ${offset}, not ${next}`);
      const end = offset + count * entryBytes;
      if (end > size)
        throw new PolicyImageError(`section ${name} ends at ${end}, beyond the image's ${size}`);
      next = aligned(end);
      if (bytes.subarray(end, next).some((byte) => byte !== 0)) {
        throw new PolicyImageError(`padding after section ${name} is not zero`);
      }
      last = { name, offset, count, entryBytes };
      sections.set(header, last);
    }
    if (last === undefined || next !== size)
      throw new PolicyImageError(`sections end at ${next}, image at ${size}`);
    this.#sections = sections;
    this.#strings = last;
  }

  count(header: number): number {
    return this.#section(header).count;
  }

  /** Offset in the image of one entry. The index must be less than the section's count. */
  entry(header: number, index: number): number {
    const section = this.#section(header);
    if (index >= section.count) throw new PolicyImageError(`section ${section.name} has no entry ${index}`);
    return section.offset + index * section.entryBytes;
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  /** The bytes of the next string, whose reference stands at `at`. */
  nextBytes(at: number): Uint8Array {
    const offset = this.u32(at);
    const length = this.u32(at + 4);
    if (offset !== this.#nextString)
      throw new PolicyImageError(`string at ${at} starts at ${offset}, not in order`);
    this.#nextString = offset + length;
    if (this.#nextString > this.#strings.count)
      throw new PolicyImageError(`string at ${at} ends beyond STRINGS`);
    return this.#slice(offset, length);
  }

  nextText(at: number): string {
    return this.#decode(this.nextBytes(at), at);
  }

  /** Text whose place was verified before. */
  text(at: number): string {
    return this.#decode(this.#slice(this.u32(at), this.u32(at + 4)), at);
  }

  /** To be called when every string was visited. */
  endOfStrings(): void {
    if (this.#nextString !== this.#strings.count)
      throw new PolicyImageError('STRINGS holds more than is referred to');
  }

  #slice(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(this.#strings.offset + offset, this.#strings.offset + offset + length);
  }

  #decode(bytes: Uint8Array, at: number): string {
    try {
      return this.#decoder.decode(bytes);
    } catch (cause) {
      throw new PolicyImageError(`string at ${at} is not UTF-8`, { cause });
    }
  }

  #section(header: number): Section {
    const section = this.#sections.get(header);
    if (section === undefined) throw new PolicyImageError(`no section at header position ${header}`);
    return section;
  }
}

/** Throws unless `holds`, saying what is wrong. */
export function verify(holds: boolean, problem: () => string): asserts holds {
  if (!holds) throw new PolicyImageError(problem());
}

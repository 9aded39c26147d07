import { ModuleRejected } from './errors.js';

/** Signature as text: one letter per value, `i` for i32, `I` for i64, `f`/`F` for floats; `ii>i`. */
export type Signature = string;

export interface ModuleShape {
  readonly imports: readonly {
    readonly module: string;
    readonly name: string;
    readonly signature: Signature | null;
  }[];
  readonly functions: ReadonlyMap<string, Signature>;
  readonly memories: readonly string[];
}

const TYPE_LETTERS: Readonly<Record<number, string>> = { 0x7f: 'i', 0x7e: 'I', 0x7d: 'f', 0x7c: 'F' };

class Reader {
  readonly #bytes: Uint8Array;
  at: number;
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }
  get done(): boolean {
    return this.at >= this.#bytes.length;
  }
  byte(): number {
    const value = this.#bytes[this.at++];
    if (value === undefined) throw new ModuleRejected('module ends in the middle of a section');
    return value;
  }
  u32(): number {
    let result = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      result |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return result >>> 0;
    }
    throw new ModuleRejected('module has an overlong number');
  }
  take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new ModuleRejected('module ends in the middle of a section');
    const part = this.#bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }
  name(): string {
    return Buffer.from(this.take(this.u32())).toString('utf8');
  }
  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }
  limits(): void {
    const flags = this.byte();
    this.u32();
    if ((flags & 1) !== 0) this.u32();
  }
}

/** Reads types, imports and exports: the JavaScript API tells names but no signatures. */
export function readModuleShape(bytes: Uint8Array): ModuleShape {
  const reader = new Reader(bytes, 8);
  const types: Signature[] = [];
  const functionTypes: number[] = [];
  const imports: { module: string; name: string; signature: Signature | null }[] = [];
  const functions = new Map<string, Signature>();
  const memories: string[] = [];
  while (!reader.done) {
    const id = reader.byte();
    const section = new Reader(reader.take(reader.u32()));
    if (id === 1) types.push(...section.list(() => readType(section)));
    if (id === 2) {
      section.list(() => {
        const [module, name] = [section.name(), section.name()];
        const kind = section.byte();
        let signature: Signature | null = null;
        if (kind === 0) {
          const type = section.u32();
          functionTypes.push(type);
          signature = types[type] ?? '?';
        } else if (kind === 1) {
          section.byte();
          section.limits();
        } else if (kind === 2) section.limits();
        else section.take(2);
        imports.push({ module, name, signature });
      });
    }
    if (id === 3) functionTypes.push(...section.list(() => section.u32()));
    if (id === 7) {
      section.list(() => {
        const name = section.name();
        const kind = section.byte();
        const index = section.u32();
        if (kind === 0) functions.set(name, types[functionTypes[index] ?? -1] ?? '?');
        if (kind === 2) memories.push(name);
      });
    }
  }
  return { imports, functions, memories };
}

function readType(section: Reader): Signature {
  section.byte();
  const letters = (): string => section.list(() => TYPE_LETTERS[section.byte()] ?? '?').join('');
  const parameters = letters();
  return `${parameters}>${letters()}`;
}

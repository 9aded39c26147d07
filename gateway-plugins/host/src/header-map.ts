import { toByteString, type ByteString, type BytesInit } from './bytes.js';
import { isJoined, type HeaderMapKind } from './joined-headers.js';

/** Headers given by a test: an object (a list gives several values) or pairs. Names in any case. */
export type HeadersInit =
  | Readonly<Record<string, BytesInit | readonly BytesInit[]>>
  | Iterable<readonly [string, BytesInit]>
  | HeaderMap;

/** Headers as Envoy holds them: lower-case names, several values in order, pseudo headers first. */
export class HeaderMap implements Iterable<readonly [string, ByteString]> {
  readonly kind: HeaderMapKind;
  #entries: (readonly [string, ByteString])[] = [];

  constructor(kind: HeaderMapKind, init: HeadersInit = []) {
    this.kind = kind;
    if (Symbol.iterator in init) {
      for (const [name, value] of init) this.add(name, toByteString(value));
      return;
    }
    for (const [name, value] of Object.entries(init)) {
      const values: readonly BytesInit[] =
        typeof value === 'string' || value instanceof Uint8Array ? [value] : value;
      for (const one of values) this.add(name, toByteString(one));
    }
  }

  /** A map of this kind as it is, as Envoy's filters share one; anything else becomes a new map. */
  static of(kind: HeaderMapKind, init: HeadersInit): HeaderMap {
    return init instanceof HeaderMap && init.kind === kind ? init : new HeaderMap(kind, init);
  }

  /** Number of entries; a name with two values counts twice. */
  get size(): number {
    return this.#entries.length;
  }

  /** Sum of the lengths of names and values. */
  get byteSize(): number {
    return this.#entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  }

  /** The first value. */
  get(name: string): ByteString | undefined {
    const key = this.#key(name);
    for (const entry of this.#entries) if (entry[0] === key) return entry[1];
    return undefined;
  }

  getAll(name: string): ByteString[] {
    const key = this.#key(name);
    return this.#entries.filter((entry) => entry[0] === key).map((entry) => entry[1]);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  add(name: string, value: ByteString): void {
    const key = this.#key(name);
    if (isJoined(this.kind, key)) {
      const at = this.#entries.findIndex((entry) => entry[0] === key);
      const existing = this.#entries[at];
      if (existing !== undefined) {
        this.#entries[at] = [
          key,
          existing[1] === '' ? value : value === '' ? existing[1] : `${existing[1]},${value}`,
        ];
        return;
      }
    }
    if (!key.startsWith(':')) {
      this.#entries.push([key, value]);
      return;
    }
    const firstRegular = this.#entries.findIndex((entry) => !entry[0].startsWith(':'));
    this.#entries.splice(firstRegular < 0 ? this.#entries.length : firstRegular, 0, [key, value]);
  }

  /** Replaces all values of the name by one. */
  set(name: string, value: ByteString): void {
    this.remove(name);
    this.add(name, value);
  }

  remove(name: string): void {
    const key = this.#key(name);
    this.#entries = this.#entries.filter((entry) => entry[0] !== key);
  }

  clear(): void {
    this.#entries = [];
  }

  clone(): HeaderMap {
    return new HeaderMap(this.kind, this);
  }

  [Symbol.iterator](): Iterator<readonly [string, ByteString]> {
    return this.#entries[Symbol.iterator]();
  }

  /** One property per name; several values become a list. For assertions. */
  toJSON(): Record<string, string | string[]> {
    const names = new Set(this.#entries.map((entry) => entry[0]));
    return Object.fromEntries(
      [...names].map((name) => {
        const [first = '', ...rest] = this.getAll(name);
        return [name, rest.length === 0 ? first : [first, ...rest]];
      }),
    );
  }

  #key(name: string): string {
    const key = name.toLowerCase();
    return key === 'host' && this.kind === 'request' ? ':authority' : key;
  }
}

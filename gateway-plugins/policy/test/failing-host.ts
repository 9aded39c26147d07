import { readFileSync } from 'node:fs';
import { instantiate } from './web-assembly.js';

/** What the smallest host answers; everything else succeeds and returns nothing. */
export interface Answers {
  readonly configuration: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
  /** By path, its parts joined with a dot. */
  readonly properties?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A host whose hostcalls fail on demand, which the strict host has no reason to do. */
export class FailingHost {
  /** Status by name of the hostcall. */
  readonly failing = new Map<string, number>();
  /** Hostcalls made, with the address of their arguments left out. */
  readonly calls: string[] = [];
  readonly replies: number[] = [];
  readonly #instance: ReturnType<typeof instantiate>;
  readonly #answers: Answers;

  constructor(wasm: string, answers: Answers) {
    this.#answers = answers;
    this.#instance = instantiate(
      readFileSync(wasm),
      (name) =>
        (...args) =>
          this.#hostcall(name, args),
    );
    this.run('_initialize');
  }

  run(callback: string, ...args: readonly number[]): number {
    return this.#instance.call(callback, ...args);
  }

  configure(): boolean {
    return this.run('proxy_on_configure', 1, this.#answers.configuration.length) === 1;
  }

  #hostcall(name: string, args: readonly number[]): number {
    this.calls.push(name);
    const status = this.failing.get(name) ?? 0;
    if (status !== 0) return status;
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = args;
    switch (name) {
      case 'proxy_get_buffer_bytes': {
        const bytes = a === 7 ? this.#answers.configuration : Buffer.from(this.#answers.body ?? '');
        return this.#give(bytes.subarray(b, b + c), d, e);
      }
      case 'proxy_get_header_map_pairs':
        return this.#give(pairs(this.#answers.headers), b, c);
      case 'proxy_get_header_map_value': {
        const wanted = this.#text(b, c);
        return this.#give(
          Buffer.from(this.#answers.headers.find(([key]) => key === wanted)?.[1] ?? ''),
          d,
          e,
        );
      }
      case 'proxy_get_property': {
        const value = this.#answers.properties?.[this.#text(a, b).replaceAll('\0', '.')];
        return value === undefined ? 1 : this.#give(Buffer.from(value), c, d);
      }
      case 'environ_sizes_get':
        this.#word(a, Object.keys(this.#answers.environment ?? {}).length);
        this.#word(b, this.#variables().length);
        return 0;
      case 'environ_get':
        this.#environment(a, b);
        return 0;
      case 'proxy_send_local_response':
        this.replies.push(a);
        return 0;
      default:
        return 0;
    }
  }

  #variables(): Buffer {
    const texts = Object.entries(this.#answers.environment ?? {}).map(
      ([name, value]) => `${name}=${value}\0`,
    );
    return Buffer.from(texts.join(''));
  }

  #environment(pointers: number, texts: number): void {
    let at = texts;
    for (const [index, [name, value]] of Object.entries(this.#answers.environment ?? {}).entries()) {
      this.#word(pointers + index * 4, at);
      at += name.length + value.length + 2;
    }
    new Uint8Array(this.#instance.memory.buffer).set(this.#variables(), texts);
  }

  #text(pointer: number, length: number): string {
    return Buffer.from(this.#instance.memory.buffer, pointer, length).toString('latin1');
  }

  #word(pointer: number, value: number): void {
    new DataView(this.#instance.memory.buffer).setUint32(pointer, value, true);
  }

  #give(bytes: Uint8Array, pointerAt: number, lengthAt: number): number {
    const pointer = this.run('proxy_on_memory_allocate', bytes.length);
    new Uint8Array(this.#instance.memory.buffer).set(bytes, pointer);
    this.#word(pointerAt, pointer);
    this.#word(lengthAt, bytes.length);
    return 0;
  }
}

function pairs(headers: readonly (readonly [string, string])[]): Buffer {
  const sizes = Buffer.alloc(4 + headers.length * 8);
  sizes.writeUInt32LE(headers.length, 0);
  for (const [index, [name, value]] of headers.entries()) {
    sizes.writeUInt32LE(name.length, 4 + index * 8);
    sizes.writeUInt32LE(value.length, 8 + index * 8);
  }
  return Buffer.concat([
    sizes,
    Buffer.from(headers.map(([name, value]) => `${name}\0${value}\0`).join(''), 'latin1'),
  ]);
}

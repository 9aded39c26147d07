import { concatBytes } from './bytes.js';
import { Status } from './abi.js';

/** A growing body: appends are cheap, reads join the pieces once. */
export class Body {
  #chunks: Uint8Array[];
  #length: number;

  constructor(bytes?: Uint8Array) {
    this.#chunks = bytes === undefined || bytes.length === 0 ? [] : [bytes];
    this.#length = bytes?.length ?? 0;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    const joined = concatBytes(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  append(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Empties the body and returns what it held. */
  take(): Uint8Array {
    const { bytes } = this;
    this.#chunks = [];
    this.#length = 0;
    return bytes;
  }

  replace(bytes: Uint8Array): void {
    this.#chunks = [bytes];
    this.#length = bytes.length;
  }
}

/** What `proxy_get_buffer_bytes` and its siblings see: a body that may be changed, or bytes that may not. */
export interface GuestBuffer {
  readonly length: number;
  slice(start: number, end: number): Uint8Array;
  /** `proxy_set_buffer_bytes`, with Envoy's rules: replace at the start, append at the end, nothing between. */
  write(start: number, length: number, data: Uint8Array): Status;
}

export function bodyBuffer(body: Body): GuestBuffer {
  return {
    length: body.length,
    slice: (start, end) => body.bytes.subarray(start, end),
    write(start, length, data) {
      if (start === 0) {
        // Draining more than there is removes everything, as Envoy's buffer does.
        const rest = body.bytes.subarray(Math.min(length, body.length));
        body.replace(Buffer.concat([data, rest]));
        return Status.Ok;
      }
      if (start < body.length) return Status.BadArgument;
      body.append(data.slice());
      return Status.Ok;
    },
  };
}

export function constantBuffer(bytes: Uint8Array): GuestBuffer {
  return {
    length: bytes.length,
    slice: (start, end) => bytes.subarray(start, end),
    write: () => Status.BadArgument,
  };
}

/** Envoy answers for a body that is not there with an empty buffer, not with NotFound. */
export const EMPTY_BUFFER = constantBuffer(new Uint8Array(0));

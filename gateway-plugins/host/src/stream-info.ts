import { byteStringToBytes, toBytes, toByteString, type BytesInit } from './bytes.js';
import type { Attributes } from './attributes.js';

/**
 * What Envoy keeps per request and all filters of the request share: filter state and attributes. Give the same
 * object to streams of two plugins to chain them, as a downstream and an upstream filter.
 */
export class StreamInfo {
  /** Keys as Envoy names them: `wasm.` and the path given to `proxy_set_property`. */
  readonly filterState = new Map<string, Uint8Array>();
  /** Attributes for `proxy_get_property`, such as `{ xds: { upstream_host_metadata: … } }`. May be replaced at any time. */
  attributes: Attributes;
  /** How often a filter made Envoy choose the route anew. */
  routeCacheClears = 0;
  /** Why the response is what it is, as in `%RESPONSE_CODE_DETAILS%`. */
  responseCodeDetails: string | null = null;

  constructor(attributes: Attributes = {}) {
    this.attributes = attributes;
  }

  /** What `proxy_set_property(path, …)` stored, as text; undefined when nothing did. */
  property(path: string): string | undefined {
    const value = this.filterState.get(`wasm.${toByteString(path)}`);
    return value === undefined ? undefined : Buffer.from(value).toString('utf8');
  }

  setProperty(path: string, value: BytesInit): void {
    this.filterState.set(`wasm.${toByteString(path)}`, toBytes(value));
  }

  /** The filter state as text by key, for assertions. */
  filterStateText(): Record<string, string> {
    return Object.fromEntries(
      [...this.filterState].map(([key, value]) => [key, Buffer.from(value).toString('utf8')]),
    );
  }
}

/** Splits a property path at NUL, as Envoy does: a trailing NUL adds no empty part. */
export function splitPath(path: string): string[] {
  const parts = path.split('\0');
  if (parts.at(-1) === '') parts.pop();
  return parts.map((part) => Buffer.from(byteStringToBytes(part)).toString('utf8'));
}

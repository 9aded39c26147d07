import { HeaderMap, type HttpStream, StreamInfo } from '@hiclaw/proxy-wasm-host';
import { expect } from 'vitest';
import * as L from '../../../../packages/policy-image/src/layout.js';
import type { Replica } from './replica.js';

/** What key-auth found in a request; offsets and lengths in bytes. */
export interface CallFacts {
  readonly path?: string;
  readonly prefix?: string;
  readonly model?: { readonly edit: number; readonly offset: number; readonly length: number };
  readonly usage?: { readonly form: number; readonly offset: number; readonly length: number };
}

const DEFAULT_PATH = '/v1/chat/completions';

/** The record that key-auth leaves for credential-injection. */
export function callRecord(body: Uint8Array, facts: CallFacts = {}): Buffer {
  const { path = DEFAULT_PATH, prefix = '/v1', model, usage } = facts;
  const record = Buffer.alloc(L.CALL_PATH + Buffer.byteLength(path));
  record.writeUInt32LE(body.length, L.CALL_BODY_LENGTH);
  const edits = L.CALL_EDIT_PATH | (model?.edit ?? 0) | (usage === undefined ? 0 : L.CALL_EDIT_USAGE);
  record.writeUInt32LE(edits, L.CALL_EDITS);
  record.writeUInt32LE(model?.offset ?? 0, L.CALL_MODEL_OFFSET);
  record.writeUInt32LE(model?.length ?? 0, L.CALL_MODEL_LENGTH);
  record.writeUInt32LE(usage?.offset ?? 0, L.CALL_USAGE_OFFSET);
  record.writeUInt32LE(usage?.length ?? 0, L.CALL_USAGE_LENGTH);
  record.writeUInt32LE(usage?.form ?? 0, L.CALL_USAGE_FORM);
  record.writeUInt32LE(prefix.length, L.CALL_PREFIX_LENGTH);
  record.writeUInt32LE(Buffer.byteLength(path), L.CALL_PATH_LENGTH);
  record.write(path, L.CALL_PATH);
  return record;
}

/** Where the JSON string `value` stands in a body, as the value of the model. */
export function jsonModel(body: Uint8Array, value: string): NonNullable<CallFacts['model']> {
  const text = JSON.stringify(value);
  const offset = Buffer.from(body).indexOf(text);
  return { edit: L.CALL_EDIT_JSON_MODEL, offset, length: Buffer.byteLength(text) };
}

/** A request whose attempts share headers and filter state, as the attempts of Envoy's router do. */
export class LlmRequest {
  readonly #replica: Replica;
  readonly #info = new StreamInfo();
  readonly #body: Uint8Array;
  #headers: HeaderMap;

  constructor(
    replica: Replica,
    body: Uint8Array,
    call: Uint8Array | null,
    headers: readonly (readonly [string, string])[] = [],
  ) {
    this.#replica = replica;
    this.#body = body;
    const all: [string, string][] = [
      [':authority', 'gateway'],
      [':method', 'POST'],
      [':path', DEFAULT_PATH],
      [':scheme', 'http'],
      ['content-length', String(body.length)],
    ];
    for (const [name, value] of headers) all.push([name, value]);
    this.#headers = HeaderMap.of('request', all);
    this.#info.setProperty('hiclaw.consumer', 'worker-alice');
    if (call !== null) this.#info.setProperty('hiclaw.call', call);
  }

  /**
   * One attempt to the endpoint with this metadata.
   *
   * @param cuts where one piece of the body ends and the next begins
   * @param isWhole whether the last piece comes too
   */
  attempt(metadata: string, cuts: readonly number[] = [], isWhole = true): HttpStream {
    this.#info.attributes = {
      xds: { upstream_host_metadata: { filter_metadata: { hiclaw: { upstream: metadata } } } },
    };
    const stream = this.#replica.plugin.createStream({ info: this.#info, upstreamFilter: true });
    stream.requestHeaders(this.#headers.clone());
    const pieces = [0, ...cuts].map((from, index) => this.#body.subarray(from, cuts[index]));
    for (const [index, piece] of pieces.entries()) {
      const endStream = index === cuts.length;
      if (stream.localResponse === null && (isWhole || !endStream)) stream.requestBody(piece, { endStream });
    }
    const { headers } = stream.forwardedRequest;
    if (headers !== null) this.#headers = headers.clone();
    return stream;
  }
}

/** The body as it went upstream, which must be as long as its headers say. */
export function bodyOf(stream: HttpStream): string {
  const { headers, body, ended } = stream.forwardedRequest;
  expect(stream.localResponse).toBeNull();
  expect(ended).toBe(true);
  expect(headers?.get('content-length')).toBe(String(body.length));
  return Buffer.from(body).toString('utf8');
}

import type { Body } from './body.js';
import { bodyBuffer, EMPTY_BUFFER, type GuestBuffer } from './body.js';
import {
  FilterPath,
  type BodyStatus,
  type HeadersStatus,
  type PathFilter,
  type TrailersStatus,
} from './filter-path.js';
import type { HeaderMap } from './header-map.js';
import type { CallbackResult, HttpStream } from './http-stream.js';

const REQUEST = {
  headers: 'proxy_on_request_headers',
  body: 'proxy_on_request_body',
  trailers: 'proxy_on_request_trailers',
} as const;
const RESPONSE = {
  headers: 'proxy_on_response_headers',
  body: 'proxy_on_response_body',
  trailers: 'proxy_on_response_trailers',
} as const;

const HEADERS_STATUS: readonly HeadersStatus[] = [
  'continue', 'stop-iteration', 'continue', 'stop-all-and-buffer', 'stop-all-and-watermark',
]; // prettier-ignore
const BODY_STATUS: readonly BodyStatus[] = [
  'continue',
  'stop-and-buffer',
  'stop-and-watermark',
  'stop-no-buffer',
];

/** Request or response side of a stream: what hostcalls see of it in which phase, and how results are understood. */
export class StreamDirection implements PathFilter {
  readonly path: FilterPath;
  /** Bytes of held body at which Envoy answers 413 (request) or 500 (response). */
  readonly limitBytes: number;
  readonly #stream: HttpStream;
  readonly #callbacks: typeof REQUEST | typeof RESPONSE;
  /** Maps that hostcalls see: from the callback's start until it, or a later one, returns Continue. */
  visibleHeaders: HeaderMap | null = null;
  visibleTrailers: HeaderMap | null = null;
  #visibleBody: Body | null = null;
  #buffering = false;

  constructor(stream: HttpStream, side: 'request' | 'response', limitBytes: number) {
    this.#stream = stream;
    this.#callbacks = side === 'request' ? REQUEST : RESPONSE;
    this.limitBytes = limitBytes;
    this.path = new FilterPath(this);
  }

  finished(): boolean {
    return this.#stream.deleted;
  }

  headers(headers: HeaderMap, endStream: boolean): HeadersStatus {
    this.visibleHeaders = headers;
    this.#stream.endOfStream = endStream;
    const result = this.#stream.run(this.#callbacks.headers, headers.size, endStream ? 1 : 0);
    const status = this.#headersStatus(result);
    if (result === null || status === 'continue') this.visibleHeaders = null;
    return status;
  }

  data(data: Body, endStream: boolean): BodyStatus {
    if (this.#buffering) {
      this.path.hold(data);
      if (this.#overLimit()) return 'stop-and-buffer';
    }
    this.#visibleBody = data;
    this.#stream.endOfStream = endStream;
    const result = this.#stream.run(this.#callbacks.body, this.buffer().length, endStream ? 1 : 0);
    const status = bodyStatus(result);
    this.#buffering = status === 'stop-and-buffer';
    if (status === 'continue') this.#visibleBody = null;
    if (status === 'stop-and-buffer' && this.path.buffered === null) {
      this.path.hold(data);
      this.#overLimit();
    }
    return status;
  }

  trailers(trailers: HeaderMap): TrailersStatus {
    this.visibleTrailers = trailers;
    const result = this.#stream.run(this.#callbacks.trailers, trailers.size);
    const stops = result !== null && (result.stopped || result.value !== 0);
    if (!stops) this.visibleTrailers = null;
    return stops ? 'stop-iteration' : 'continue';
  }

  /** The body that hostcalls see: all that is held when the last callback asked to buffer, else this piece. */
  buffer(): GuestBuffer {
    const body = this.#buffering ? this.path.buffered : this.#visibleBody;
    return body === null ? EMPTY_BUFFER : bodyBuffer(body);
  }

  /** Trailers that may be changed: Envoy adds them when the plugin asks in the last body callback. */
  mutableTrailers(): HeaderMap | null {
    if (this.visibleTrailers === null && this.#visibleBody !== null && this.#stream.endOfStream) {
      this.visibleTrailers = this.path.addTrailers();
    }
    return this.visibleTrailers;
  }

  /** `proxy_continue_stream` hides the request from later callbacks. */
  hide(): void {
    this.visibleHeaders = null;
    this.visibleTrailers = null;
    this.#visibleBody = null;
  }

  #headersStatus(result: CallbackResult | null): HeadersStatus {
    if (result === null) return 'continue';
    if (result.stopped) return 'stop-all-and-watermark';
    if (result.value === 1 && !this.#stream.plugin.allowOnHeadersStopIteration)
      return 'stop-all-and-watermark';
    return HEADERS_STATUS[result.value] ?? 'stop-all-and-watermark';
  }

  #overLimit(): boolean {
    if ((this.path.buffered?.length ?? 0) <= this.limitBytes) return false;
    this.#stream.answerTooLarge(this.#callbacks === REQUEST ? 'request' : 'response');
    return true;
  }
}

function bodyStatus(result: CallbackResult | null): BodyStatus {
  if (result === null) return 'continue';
  return result.stopped ? 'stop-no-buffer' : (BODY_STATUS[result.value] ?? 'stop-no-buffer');
}

import { Body } from './body.js';
import { concatBytes } from './bytes.js';
import { HeaderMap } from './header-map.js';

/** What a headers callback made Envoy do. */
export type HeadersStatus = 'continue' | 'stop-iteration' | 'stop-all-and-buffer' | 'stop-all-and-watermark';
/** What a body callback made Envoy do. */
export type BodyStatus = 'continue' | 'stop-and-buffer' | 'stop-and-watermark' | 'stop-no-buffer';
export type TrailersStatus = 'continue' | 'stop-iteration';

/** What went on to the next filter. */
export interface Forwarded {
  readonly headers: HeaderMap | null;
  readonly body: Uint8Array;
  /** The pieces in which the body went on. */
  readonly chunks: readonly Uint8Array[];
  readonly trailers: HeaderMap | null;
  /** The last piece went on. */
  readonly ended: boolean;
}

/** One filter's callbacks for one direction. */
export interface PathFilter {
  headers(headers: HeaderMap, endStream: boolean): HeadersStatus;
  data(data: Body, endStream: boolean): BodyStatus;
  trailers(trailers: HeaderMap): TrailersStatus;
  /** The stream is over, whatever the callback returned. */
  finished(): boolean;
}

/** One direction of Envoy's filter chain around one filter: pausing, buffering, going on. */
export class FilterPath {
  readonly #filter: PathFilter;
  #state: 'continue' | 'stopped' | 'stopped-all' = 'continue';
  #observedEnd = false;
  #headersForwarded = false;
  #chunks: Uint8Array[] = [];
  #forwardedTrailers: HeaderMap | null = null;
  #ended = false;
  headers: HeaderMap | null = null;
  trailers: HeaderMap | null = null;
  /** Body held back; null when there is none. */
  buffered: Body | null = null;
  /** The filter holds the body itself in Envoy's buffer, whose limit then answers 413 instead of slowing down. */
  streamingBuffer = true;

  constructor(filter: PathFilter) {
    this.#filter = filter;
  }

  /** Nothing goes on until the plugin continues the stream or a later callback returns Continue. */
  get paused(): boolean {
    return this.#state !== 'continue';
  }

  get observedEnd(): boolean {
    return this.#observedEnd;
  }

  get forwarded(): Forwarded {
    return {
      headers: this.#headersForwarded ? this.headers : null,
      body: concatBytes(this.#chunks),
      chunks: this.#chunks,
      trailers: this.#forwardedTrailers,
      ended: this.#ended,
    };
  }

  onHeaders(headers: HeaderMap, endStream: boolean): HeadersStatus {
    this.headers = headers;
    this.#observedEnd = endStream;
    const status = this.#filter.headers(headers, endStream);
    if (this.#filter.finished()) return status;
    if (status === 'continue') this.#forwardHeaders(endStream);
    else if (status === 'stop-iteration') this.#state = 'stopped';
    else {
      this.#state = 'stopped-all';
      this.streamingBuffer = status === 'stop-all-and-watermark';
    }
    return status;
  }

  onData(bytes: Uint8Array, endStream: boolean): BodyStatus | 'held' {
    if (endStream) this.#observedEnd = true;
    const data = new Body(bytes);
    if (this.#state === 'stopped-all') {
      this.hold(data);
      return 'held';
    }
    const status = this.#filter.data(data, endStream);
    if (!this.#filter.finished()) this.#afterData(status, data, endStream);
    return status;
  }

  onTrailers(trailers: HeaderMap): TrailersStatus | 'held' {
    this.#observedEnd = true;
    this.trailers = trailers;
    if (this.#state === 'stopped-all') return 'held';
    return this.#runTrailers(trailers);
  }

  /** `continueDecoding` or `continueEncoding`. */
  resume(): void {
    const fromThisFilter = this.#state === 'stopped-all';
    this.#state = 'continue';
    if (!this.#headersForwarded) {
      this.#forwardHeaders(this.#observedEnd && this.buffered === null && this.trailers === null);
    }
    const hadTrailers = this.trailers !== null;
    if (this.buffered !== null)
      this.#resumeData(this.buffered, this.#observedEnd && !hadTrailers, fromThisFilter);
    if (!hadTrailers || this.trailers === null || this.paused || this.#filter.finished()) return;
    if (fromThisFilter) this.#runTrailers(this.trailers);
    else this.#forwardTrailers(this.trailers);
  }

  /** Sends a whole message on, past the filter; what it held is dropped. */
  replace(message: { readonly headers: HeaderMap; readonly body: Uint8Array }): void {
    this.headers = message.headers;
    this.buffered = null;
    this.#observedEnd = true;
    this.#forwardHeaders(message.body.length === 0);
    if (message.body.length > 0) this.#forwardData(message.body, true);
  }

  /** Moves data into the held body. */
  hold(data: Body): void {
    this.buffered ??= new Body();
    if (this.buffered !== data && data.length > 0) this.buffered.append(data.take());
  }

  /** Trailers that the filter adds in the last body callback. */
  addTrailers(): HeaderMap {
    return (this.trailers ??= new HeaderMap('trailers'));
  }

  #resumeData(buffered: Body, endStream: boolean, fromThisFilter: boolean): void {
    if (fromThisFilter) {
      const status = this.#filter.data(buffered, endStream);
      if (!this.#filter.finished()) this.#afterData(status, buffered, endStream);
      return;
    }
    this.buffered = null;
    this.#forwardData(buffered.take(), endStream);
  }

  #afterData(status: BodyStatus, data: Body, endStream: boolean): void {
    if (status === 'continue') {
      if (this.#state === 'stopped') {
        this.hold(data);
        this.resume();
        return;
      }
      if (this.buffered === data) this.buffered = null;
      const trailersAdded = endStream && this.trailers !== null;
      this.#forwardData(data.take(), endStream && !trailersAdded);
      if (trailersAdded && this.trailers !== null) this.#forwardTrailers(this.trailers);
      return;
    }
    this.#state = 'stopped';
    if (status === 'stop-no-buffer') {
      if (endStream && this.buffered === null) this.buffered = new Body();
      return;
    }
    this.streamingBuffer = status === 'stop-and-watermark';
    this.hold(data);
  }

  #runTrailers(trailers: HeaderMap): TrailersStatus {
    const status = this.#filter.trailers(trailers);
    if (this.#filter.finished()) return status;
    if (status !== 'continue') {
      if (this.#state === 'continue') this.#state = 'stopped';
    } else if (this.#state === 'continue') this.#forwardTrailers(trailers);
    else this.resume();
    return status;
  }

  #forwardHeaders(endStream: boolean): void {
    this.#headersForwarded = true;
    if (endStream) this.#ended = true;
  }

  #forwardData(bytes: Uint8Array, endStream: boolean): void {
    if (bytes.length > 0) this.#chunks.push(bytes);
    if (endStream) this.#ended = true;
  }

  #forwardTrailers(trailers: HeaderMap): void {
    this.#forwardedTrailers = trailers;
    this.#ended = true;
  }
}

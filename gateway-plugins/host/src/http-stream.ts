import { BufferType, HeaderMapType, Status, StreamType } from './abi.js';
import type { Attributes } from './attributes.js';
import type { GuestBuffer } from './body.js';
import { toBytes, type BytesInit } from './bytes.js';
import { Context, type LocalResponse } from './context.js';
import { AbiViolation, HostMisuse } from './errors.js';
import type { Forwarded } from './filter-path.js';
import { HeaderMap, type HeadersInit } from './header-map.js';
import { renderLocalReply } from './local-reply.js';
import type { PluginContext } from './plugin-context.js';
import type { CallbackName } from './signatures.js';
import { StreamDirection } from './stream-direction.js';
import { StreamInfo } from './stream-info.js';

export interface StreamOptions {
  /** Share one between the plugins that a request passes. Default: a new one. */
  readonly info?: StreamInfo;
  /** Attributes of a new `info`. */
  readonly attributes?: Attributes;
  /** The plugin runs as an upstream HTTP filter: no log callback, and it does not see its own local responses. Default: false. */
  readonly upstreamFilter?: boolean;
  /** Envoy's buffer limit: a longer held body is answered 413 or 500. Bytes. Default: none. */
  readonly bufferLimitBytes?: number;
}

/** What one step did. */
export interface StreamStep {
  /** `held`: an earlier callback stopped everything, the plugin was not called. */
  readonly status: string;
  /** Hostcalls made in this step. */
  readonly hostcalls: number;
  /** The response of the plugin, once there is one. */
  readonly localResponse: LocalResponse | null;
}

/** What a callback returned. */
export interface CallbackResult {
  readonly value: number;
  /** A local response was sent: Envoy stops whatever the value is. */
  readonly stopped: boolean;
}

export interface EndFlag {
  /** This was the last piece. Default: false. */
  readonly endStream?: boolean;
}

/** One HTTP request through one plugin (the spec's stream context), driven as Envoy's filter manager drives it. */
export class HttpStream extends Context {
  override readonly plugin: PluginContext;
  override readonly info: StreamInfo;
  endOfStream = false;
  readonly #upstreamFilter: boolean;
  readonly #request: StreamDirection;
  readonly #response: StreamDirection;
  #created = false;
  #deleted = false;
  #inRequestCallback = false;
  #localResponse: LocalResponse | null = null;
  #pendingReply: LocalResponse | null = null;
  #closedBy: string | null = null;

  constructor(plugin: PluginContext, options: StreamOptions) {
    super(plugin.vm, plugin.vm.allocateContextId());
    this.plugin = plugin;
    this.info = options.info ?? new StreamInfo(options.attributes);
    this.#upstreamFilter = options.upstreamFilter ?? false;
    const limit = options.bufferLimitBytes ?? Infinity;
    this.#request = new StreamDirection(this, 'request', limit);
    this.#response = new StreamDirection(this, 'response', limit);
    plugin.vm.contexts.set(this.id, this);
    plugin.streams.add(this);
  }

  /** The response that the plugin sent with `proxy_send_local_response`. */
  get localResponse(): LocalResponse | null {
    return this.#localResponse;
  }

  /** What went upstream. */
  get forwardedRequest(): Forwarded {
    return this.#request.path.forwarded;
  }

  /** What went to the client: the upstream's response, or the local one with Envoy's headers. */
  get forwardedResponse(): Forwarded {
    return this.#response.path.forwarded;
  }

  get requestPaused(): boolean {
    return this.#request.path.paused;
  }

  get responsePaused(): boolean {
    return this.#response.path.paused;
  }

  /** Why the stream was reset: `wasm_close_stream` when the plugin did it; null while it was not. */
  get closedBy(): string | null {
    return this.#closedBy;
  }

  get deleted(): boolean {
    return this.#deleted;
  }

  requestHeaders(headers: HeadersInit, { endStream = false }: EndFlag = {}): StreamStep {
    return this.#step(() => {
      if (this.#request.path.headers !== null) throw new HostMisuse('request headers came already');
      this.#create();
      return this.#inRequest(() => this.#request.path.onHeaders(HeaderMap.of('request', headers), endStream));
    });
  }

  requestBody(chunk: BytesInit, { endStream = false }: EndFlag = {}): StreamStep {
    return this.#step(() => {
      this.#assertOpen(this.#request, 'request body');
      return this.#inRequest(() => this.#request.path.onData(toBytes(chunk), endStream));
    });
  }

  requestTrailers(trailers: HeadersInit): StreamStep {
    return this.#step(() => {
      this.#assertOpen(this.#request, 'request trailers');
      return this.#inRequest(() => this.#request.path.onTrailers(HeaderMap.of('trailers', trailers)));
    });
  }

  responseHeaders(headers: HeadersInit, { endStream = false }: EndFlag = {}): StreamStep {
    return this.#step(() => {
      if (this.#response.path.headers !== null) throw new HostMisuse('response headers came already');
      return this.#response.path.onHeaders(HeaderMap.of('response', headers), endStream);
    });
  }

  responseBody(chunk: BytesInit, { endStream = false }: EndFlag = {}): StreamStep {
    return this.#step(() => {
      this.#assertOpen(this.#response, 'response body');
      return this.#response.path.onData(toBytes(chunk), endStream);
    });
  }

  responseTrailers(trailers: HeadersInit): StreamStep {
    return this.#step(() => {
      this.#assertOpen(this.#response, 'response trailers');
      return this.#response.path.onTrailers(HeaderMap.of('trailers', trailers));
    });
  }

  /** A whole request in one go, as a client would send it. Stops when the plugin answered. */
  request(headers: HeadersInit, body?: BytesInit): StreamStep {
    const first = this.requestHeaders(headers, { endStream: body === undefined });
    if (body === undefined || this.#localResponse !== null || this.#deleted) return first;
    const second = this.requestBody(body, { endStream: true });
    return { ...second, hostcalls: first.hostcalls + second.hostcalls };
  }

  /** The request is over, or the client went away: `proxy_on_log`, `proxy_on_done`, `proxy_on_delete`. */
  end(): void {
    if (this.#deleted) return;
    this.#log();
    // A log callback may have closed the stream, which ends it.
    if (this.isDeleted()) return;
    this.#deleted = true;
    if (this.#created) {
      this.run('proxy_on_done');
      this.run('proxy_on_delete');
    }
    this.vm.contexts.delete(this.id);
    this.plugin.streams.delete(this);
    this.plugin.endWhenIdle();
  }

  /** Calls a callback of this stream; null when the plugin has none. Put-off actions ran when it returns. */
  run(name: CallbackName, ...args: number[]): CallbackResult | null {
    const value = this.vm.invoke(this, name, this.id, ...args);
    const { stopIteration } = this.vm;
    this.vm.finishCall();
    return value === null ? null : { value, stopped: stopIteration };
  }

  override mutableMap(type: number): HeaderMap | null {
    switch (type) {
      case HeaderMapType.HttpRequestHeaders:
        return this.#request.visibleHeaders;
      case HeaderMapType.HttpRequestTrailers:
        return this.#request.mutableTrailers();
      case HeaderMapType.HttpResponseHeaders:
        return this.#response.visibleHeaders;
      case HeaderMapType.HttpResponseTrailers:
        return this.#response.mutableTrailers();
      default:
        return null;
    }
  }

  override readableMap(type: number): HeaderMap | null {
    const log = this.inAccessLog;
    switch (type) {
      case HeaderMapType.HttpRequestHeaders:
        return log ? this.#request.path.headers : this.#request.visibleHeaders;
      case HeaderMapType.HttpRequestTrailers:
        return log ? null : this.#request.visibleTrailers;
      case HeaderMapType.HttpResponseHeaders:
        return log ? this.#response.path.headers : this.#response.visibleHeaders;
      case HeaderMapType.HttpResponseTrailers:
        return log ? this.#response.path.trailers : this.#response.visibleTrailers;
      default:
        return super.readableMap(type);
    }
  }

  override buffer(type: number): GuestBuffer | null {
    if (type === BufferType.HttpRequestBody) return this.#request.buffer();
    if (type === BufferType.HttpResponseBody) return this.#response.buffer();
    return super.buffer(type);
  }

  override continueStream(streamType: number): number {
    if (streamType === StreamType.Downstream) return Status.Ok;
    if (streamType === StreamType.Upstream) return Status.Unimplemented;
    const direction = streamType === StreamType.HttpRequest ? this.#request : this.#response;
    // Envoy would send the headers twice, or hold the stream for ever when the callback then pauses.
    if (this.vm.host.strict && !direction.path.paused) {
      throw new AbiViolation('proxy_continue_stream: the stream is not paused');
    }
    this.vm.defer(() => {
      if (!this.#deleted && this.#localResponse === null) direction.path.resume();
    });
    // Envoy forgets the request for both directions.
    this.#request.hide();
    return Status.Ok;
  }

  override closeStream(streamType: number): number {
    if (streamType === StreamType.HttpRequest || streamType === StreamType.HttpResponse) {
      this.info.responseCodeDetails ??= 'wasm_close_stream';
      this.vm.defer(() => {
        this.#reset('wasm_close_stream');
      });
    }
    return Status.Ok;
  }

  override sendLocalResponse(response: LocalResponse): void {
    if (this.#localResponse !== null && this.vm.host.strict) {
      throw new AbiViolation('proxy_send_local_response: the stream was answered already');
    }
    this.vm.defer(() => {
      this.#answer(response);
    });
    this.#localResponse ??= response;
  }

  /** Envoy's own answer when a held body is longer than its limit. */
  answerTooLarge(side: 'request' | 'response'): void {
    const request = side === 'request';
    this.#answer({
      status: request ? 413 : 500,
      details: request ? 'request_payload_too_large' : 'response_payload_too_large',
      headers: new HeaderMap('response'),
      body: toBytes(request ? 'Payload Too Large' : 'Internal Server Error'),
      grpcStatus: null,
    });
  }

  isDeleted(): boolean {
    return this.#deleted;
  }

  #create(): void {
    if (this.#created) return;
    this.#created = true;
    this.vm.invoke(this, 'proxy_on_context_create', this.id, this.plugin.id);
    this.vm.finishCall();
  }

  #log(): void {
    if (this.#upstreamFilter) return;
    this.#create();
    this.inAccessLog = true;
    this.run('proxy_on_log');
    this.inAccessLog = false;
  }

  #step(action: () => string): StreamStep {
    if (this.#deleted) throw new HostMisuse(`stream ${this.id} was deleted`);
    const before = this.stats.total;
    const status = this.vm.host.during(action);
    return { status, hostcalls: this.stats.total - before, localResponse: this.#localResponse };
  }

  #inRequest(action: () => string): string {
    this.#inRequestCallback = true;
    const status = action();
    this.#inRequestCallback = false;
    const reply = this.#pendingReply;
    this.#pendingReply = null;
    if (reply !== null && !this.#deleted) this.#encode(reply);
    return status;
  }

  #answer(response: LocalResponse): void {
    if (this.#deleted) return;
    this.info.responseCodeDetails ??= response.details;
    this.#localResponse ??= response;
    if (this.#response.path.headers !== null) {
      if (this.#response.path.forwarded.headers !== null)
        this.#reset('local response after response headers');
      // The response is still in the filter chain: Envoy answers past the filters.
      else this.#response.path.replace(renderLocalReply(response, this.#request.path.headers));
      return;
    }
    // Within a request callback Envoy first lets the filter chain unwind.
    if (this.#inRequestCallback) this.#pendingReply = response;
    else this.#encode(response);
  }

  #encode(response: LocalResponse): void {
    const reply = renderLocalReply(response, this.#request.path.headers);
    if (this.#upstreamFilter) {
      this.#response.path.replace(reply);
      return;
    }
    const { headers, body } = reply;
    this.#response.path.onHeaders(headers, body.length === 0);
    if (body.length > 0 && !this.#deleted) this.#response.path.onData(body, true);
  }

  #reset(reason: string): void {
    if (this.#deleted) return;
    this.#closedBy = reason;
    this.end();
  }

  #assertOpen(direction: StreamDirection, what: string): void {
    if (direction.path.headers === null) throw new HostMisuse(`${what} before the headers`);
    if (direction.path.observedEnd) throw new HostMisuse(`${what} after the end`);
    if (this.#localResponse !== null) throw new HostMisuse(`${what} after the plugin answered`);
  }
}

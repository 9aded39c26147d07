import { toBytes, type BytesInit } from './bytes.js';
import { HostMisuse } from './errors.js';
import { HeaderMap, type HeadersInit } from './header-map.js';
import type { PluginContext } from './plugin-context.js';

export type CalloutState = 'pending' | 'answered' | 'failed' | 'cancelled';

export interface CalloutResponse {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: HeadersInit;
  /** Default: empty. */
  readonly body?: BytesInit;
  readonly trailers?: HeadersInit;
}

/** Envoy's answer when a callout takes too long. */
const TIMEOUT_RESPONSE: CalloutResponse = {
  status: 504,
  headers: { 'content-length': '24', 'content-type': 'text/plain' },
  body: 'upstream request timeout',
};

/** One `proxy_http_call`. Answer it with `respond` or `fail`; `host.advance` past its timeout answers 504. */
export class HttpCallout {
  readonly plugin: PluginContext;
  readonly token: number;
  readonly cluster: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | null;
  /** Milliseconds; 0 is no timeout. */
  readonly timeoutMs: number;
  #state: CalloutState = 'pending';
  readonly #stopTimer: () => void;

  constructor(
    plugin: PluginContext,
    token: number,
    request: Pick<HttpCallout, 'cluster' | 'headers' | 'body' | 'trailers' | 'timeoutMs'>,
  ) {
    this.plugin = plugin;
    this.token = token;
    this.cluster = request.cluster;
    this.headers = request.headers;
    this.body = request.body;
    this.trailers = request.trailers;
    this.timeoutMs = request.timeoutMs;
    const { clock } = plugin.vm.host;
    this.#stopTimer =
      request.timeoutMs === 0
        ? () => undefined
        : clock.after(request.timeoutMs, () => {
            this.respond(TIMEOUT_RESPONSE);
          });
  }

  get state(): CalloutState {
    return this.#state;
  }

  respond(response: CalloutResponse = {}): void {
    this.#settle('answered');
    const headers = new HeaderMap('response', { ':status': String(response.status ?? 200) });
    for (const [name, value] of new HeaderMap('response', response.headers ?? {})) headers.add(name, value);
    const trailers = response.trailers === undefined ? null : new HeaderMap('trailers', response.trailers);
    this.plugin.receiveHttp(this.token, { headers, body: toBytes(response.body ?? ''), trailers });
  }

  /** The connection broke, or there was no healthy host. */
  fail(): void {
    this.#settle('failed');
    this.plugin.receiveHttp(this.token, null);
  }

  cancel(): void {
    if (this.#state === 'pending') this.#settle('cancelled');
  }

  #settle(state: CalloutState): void {
    if (this.#state !== 'pending')
      throw new HostMisuse(`HTTP callout ${this.token} is ${this.#state} already`);
    this.#state = state;
    this.#stopTimer();
  }
}

const GRPC_DEADLINE_EXCEEDED = 4;

/** One `proxy_grpc_call` or `proxy_grpc_stream`, and what the test lets the server do. */
export class GrpcCallout {
  readonly plugin: PluginContext;
  readonly token: number;
  readonly kind: 'call' | 'stream';
  /** Cluster name, or a serialized `GrpcService`. */
  readonly service: Uint8Array;
  readonly serviceName: string;
  readonly methodName: string;
  readonly initialMetadata: HeaderMap;
  /** Messages that the plugin sent, oldest first. */
  readonly sent: Uint8Array[] = [];
  /** The plugin said that it sends no more. */
  localClosed = false;
  #remoteClosed = false;
  #state: CalloutState = 'pending';
  readonly #stopTimer: () => void;

  constructor(
    plugin: PluginContext,
    token: number,
    request: Pick<GrpcCallout, 'kind' | 'service' | 'serviceName' | 'methodName' | 'initialMetadata'> & {
      readonly timeoutMs: number;
    },
  ) {
    this.plugin = plugin;
    this.token = token;
    this.kind = request.kind;
    this.service = request.service;
    this.serviceName = request.serviceName;
    this.methodName = request.methodName;
    this.initialMetadata = request.initialMetadata;
    const expire = (): void => {
      this.close(GRPC_DEADLINE_EXCEEDED, '');
    };
    this.#stopTimer =
      request.timeoutMs === 0 ? () => undefined : plugin.vm.host.clock.after(request.timeoutMs, expire);
  }

  get state(): CalloutState {
    return this.#state;
  }

  receiveInitialMetadata(headers: HeadersInit): void {
    this.#assertPending();
    this.plugin.receiveGrpcMetadata('initial', this.token, new HeaderMap('response', headers));
  }

  /** A message. It ends a unary call. */
  respond(message: BytesInit): void {
    this.#assertPending();
    if (this.kind === 'call') this.#settle('answered');
    this.plugin.receiveGrpcMessage(this.token, toBytes(message));
  }

  receiveTrailingMetadata(trailers: HeadersInit): void {
    this.#assertPending();
    this.plugin.receiveGrpcMetadata('trailing', this.token, new HeaderMap('trailers', trailers));
  }

  /** Ends a stream, or fails a call, with a gRPC status. */
  close(status: number, message = ''): void {
    this.#assertPending();
    this.#remoteClosed = true;
    if (this.kind === 'call' || this.localClosed) this.#settle(status === 0 ? 'answered' : 'failed');
    this.plugin.receiveGrpcClose(this.token, status, message);
  }

  /** `proxy_grpc_close` of the plugin. */
  closeLocally(): void {
    this.localClosed = true;
    if (this.kind === 'call' || this.#remoteClosed) this.cancel();
  }

  cancel(): void {
    if (this.#state === 'pending') this.#settle('cancelled');
  }

  #assertPending(): void {
    if (this.#state !== 'pending')
      throw new HostMisuse(`gRPC callout ${this.token} is ${this.#state} already`);
  }

  #settle(state: CalloutState): void {
    this.#state = state;
    this.#stopTimer();
  }
}

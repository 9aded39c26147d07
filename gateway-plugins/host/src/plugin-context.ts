import { Status, StreamType } from './abi.js';
import { toBytes, type BytesInit } from './bytes.js';
import { Context } from './context.js';
import { HostMisuse } from './errors.js';
import type { HeaderMap } from './header-map.js';
import { HttpStream, type StreamOptions } from './http-stream.js';
import type { Vm } from './vm.js';

export interface PluginOptions {
  /** What `PluginConfiguration` holds in `proxy_on_configure`. Default: empty. */
  readonly configuration?: BytesInit;
  readonly name?: string;
  readonly rootId?: string;
  /** Envoy's `allow_on_headers_stop_iteration`: headers callbacks may pause while body callbacks go on. Default: false. */
  readonly allowOnHeadersStopIteration?: boolean;
}

/** What hostcalls can read during a callout's callback. */
interface Received {
  httpHeaders: HeaderMap | null;
  httpBody: Uint8Array | null;
  httpTrailers: HeaderMap | null;
  grpcInitialMetadata: HeaderMap | null;
  grpcTrailingMetadata: HeaderMap | null;
  grpcMessage: Uint8Array | null;
  callData: Uint8Array | null;
  statusCode: number;
  statusMessage: string;
}

interface HttpResponse {
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | null;
}

const BROKEN_CONNECTION = Status.BrokenConnection;

/** A plugin with one configuration in a VM (the spec's plugin context). Make it with `vm.createPlugin`. */
export class PluginContext extends Context {
  override readonly plugin = this;
  override readonly info = null;
  readonly name: string;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  readonly allowOnHeadersStopIteration: boolean;
  readonly received: Received = {
    httpHeaders: null,
    httpBody: null,
    httpTrailers: null,
    grpcInitialMetadata: null,
    grpcTrailingMetadata: null,
    grpcMessage: null,
    callData: null,
    statusCode: 0,
    statusMessage: '',
  };
  /** Configuration while a callback may read it; Envoy answers NotFound at other times. */
  readableConfiguration: Uint8Array | null = null;
  /** Living streams. */
  readonly streams = new Set<HttpStream>();
  #accepted = false;
  #tickPeriodMs = 0;
  #stopTicking: () => void = () => undefined;
  #state: 'open' | 'closing' | 'pending-done' | 'deleted' = 'open';

  private constructor(vm: Vm, options: PluginOptions) {
    super(vm, vm.allocateContextId());
    this.name = options.name ?? '';
    this.rootId = options.rootId ?? '';
    this.configuration = toBytes(options.configuration ?? '');
    this.allowOnHeadersStopIteration = options.allowOnHeadersStopIteration ?? false;
    vm.contexts.set(this.id, this);
  }

  /** Creates, starts and configures, as Envoy does on each thread for each configuration. */
  static create(vm: Vm, options: PluginOptions): PluginContext {
    const plugin = new PluginContext(vm, options);
    plugin.readableConfiguration = plugin.configuration;
    vm.invoke(plugin, 'proxy_on_context_create', plugin.id, 0);
    plugin.readableConfiguration = null;
    // Envoy calls it for every new plugin context, also in a VM that runs already.
    const started = vm.invoke(plugin, 'proxy_on_vm_start', plugin.id, vm.configuration.length) !== 0;
    vm.finishCall();
    if (!started) return plugin;
    plugin.readableConfiguration = plugin.configuration;
    plugin.#accepted = vm.invoke(plugin, 'proxy_on_configure', plugin.id, plugin.configuration.length) !== 0;
    vm.finishCall();
    plugin.readableConfiguration = null;
    return plugin;
  }

  /** False when the plugin refused to start or refused its configuration: Envoy then keeps the previous one. */
  get accepted(): boolean {
    return this.#accepted;
  }

  /** Milliseconds between ticks; 0 is none. */
  get tickPeriodMs(): number {
    return this.#tickPeriodMs;
  }

  get deleted(): boolean {
    return this.#state === 'deleted';
  }

  /** A request through this plugin. Nothing is called until its first headers. */
  createStream(options: StreamOptions = {}): HttpStream {
    this.#assertUsable();
    if (!this.#accepted)
      throw new HostMisuse('plugin did not accept its configuration, Envoy gives it no requests');
    return new HttpStream(this, options);
  }

  /** Lets `count` tick periods pass. Everything else that is due fires too. */
  tick(count = 1): void {
    for (let i = 0; i < count; i++) {
      this.#assertUsable();
      if (this.#tickPeriodMs === 0) throw new HostMisuse('plugin has set no tick period');
      this.vm.host.advance(this.#tickPeriodMs);
    }
  }

  /**
   * Envoy has a newer configuration: the context ends when its last stream has ended. A plugin that answers
   * `proxy_on_done` with false stays until it calls `proxy_done`.
   */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.endWhenIdle();
  }

  endWhenIdle(): void {
    if (this.#state !== 'closing' || this.streams.size > 0) return;
    const done = this.vm.invoke(this, 'proxy_on_done', this.id) !== 0;
    this.#state = 'pending-done';
    this.vm.finishCall();
    if (done) this.#delete();
  }

  /** `proxy_done` of the plugin. */
  finishPending(): Status {
    if (this.#state !== 'pending-done') return Status.NotFound;
    this.vm.defer(() => {
      this.#delete();
    });
    return Status.Ok;
  }

  setTickPeriod(periodMs: number): void {
    this.#stopTicking();
    this.#tickPeriodMs = periodMs;
    this.#armTimer();
  }

  receiveHttp(token: number, response: HttpResponse | null): void {
    const { received } = this;
    if (response === null) {
      received.statusCode = BROKEN_CONNECTION;
      received.statusMessage = 'reset';
    } else {
      received.httpHeaders = response.headers;
      received.httpBody = response.body;
      received.httpTrailers = response.trailers;
    }
    const sizes = [
      response?.headers.size ?? 0,
      response?.body.length ?? 0,
      response?.trailers?.size ?? 0,
    ] as const;
    this.vm.invoke(this, 'proxy_on_http_call_response', this.id, token, ...sizes);
    received.httpHeaders = received.httpBody = received.httpTrailers = null;
    received.statusMessage = '';
    this.vm.finishCall();
  }

  receiveGrpcMetadata(which: 'initial' | 'trailing', token: number, metadata: HeaderMap): void {
    const initial = which === 'initial';
    this.received[initial ? 'grpcInitialMetadata' : 'grpcTrailingMetadata'] = metadata;
    const callback = initial
      ? 'proxy_on_grpc_receive_initial_metadata'
      : 'proxy_on_grpc_receive_trailing_metadata';
    this.vm.invoke(this, callback, this.id, token, metadata.size);
    this.vm.finishCall();
    this.received[initial ? 'grpcInitialMetadata' : 'grpcTrailingMetadata'] = null;
  }

  receiveGrpcMessage(token: number, message: Uint8Array): void {
    this.received.grpcMessage = message;
    this.vm.invoke(this, 'proxy_on_grpc_receive', this.id, token, message.length);
    this.received.grpcMessage = null;
    this.vm.finishCall();
  }

  receiveGrpcClose(token: number, status: number, message: string): void {
    this.received.statusCode = status;
    this.received.statusMessage = message;
    this.vm.invoke(this, 'proxy_on_grpc_close', this.id, token, status);
    this.received.statusMessage = '';
    this.vm.finishCall();
  }

  /** Calls `proxy_on_foreign_function`. */
  callForeign(functionId: number, argument: BytesInit): void {
    this.#assertUsable();
    this.received.callData = toBytes(argument);
    this.vm.invoke(this, 'proxy_on_foreign_function', this.id, functionId, this.received.callData.length);
    this.received.callData = null;
    this.vm.finishCall();
  }

  queueReady(token: number): void {
    this.vm.host.post(() => {
      if (this.#state === 'deleted') return;
      this.vm.invoke(this, 'proxy_on_queue_ready', this.id, token);
      this.vm.finishCall();
    });
  }

  override mutableMap(): null {
    return null;
  }

  override continueStream(streamType: number): number {
    return streamType === StreamType.Upstream ? Status.Unimplemented : Status.Ok;
  }

  override closeStream(): number {
    return Status.Ok;
  }

  override sendLocalResponse(): void {
    // Outside a request there is nothing to answer: Envoy says Ok.
  }

  #armTimer(): void {
    if (this.#tickPeriodMs === 0 || this.#state === 'deleted') return;
    this.#stopTicking = this.vm.host.clock.after(this.#tickPeriodMs, () => {
      let rearmed = false;
      const before = this.#stopTicking;
      this.vm.invoke(this, 'proxy_on_tick', this.id);
      rearmed = this.#stopTicking !== before;
      this.vm.finishCall();
      if (!rearmed) this.#armTimer();
    });
  }

  #delete(): void {
    if (this.#state === 'deleted') return;
    this.vm.invoke(this, 'proxy_on_delete', this.id);
    this.#state = 'deleted';
    this.#stopTicking();
    this.#tickPeriodMs = 0;
    for (const callout of [...this.vm.host.httpCallouts, ...this.vm.host.grpcCallouts]) {
      if (callout.plugin === this) callout.cancel();
    }
    this.vm.contexts.delete(this.id);
    this.vm.finishCall();
  }

  #assertUsable(): void {
    if (this.#state === 'deleted') throw new HostMisuse(`plugin context ${this.id} was deleted`);
  }
}

import { BufferType, HeaderMapType } from './abi.js';
import { constantBuffer, EMPTY_BUFFER, type GuestBuffer } from './body.js';
import { CallStats } from './call-stats.js';
import type { HeaderMap } from './header-map.js';
import type { PluginContext } from './plugin-context.js';
import type { StreamInfo } from './stream-info.js';
import type { Vm } from './vm.js';

/** What a hostcall acts on: the VM itself, a plugin or a stream. */
export abstract class Context {
  readonly vm: Vm;
  /** Context id as the plugin sees it. */
  readonly id: number;
  readonly stats = new CallStats();
  /** The plugin context; null for the VM's own context, which exists only while the module starts. */
  abstract readonly plugin: PluginContext | null;
  /** Per-request state; null outside a request. */
  abstract readonly info: StreamInfo | null;
  /** In `proxy_on_log`, an absent map answers NotFound instead of BadArgument. */
  inAccessLog = false;

  constructor(vm: Vm, id: number) {
    this.vm = vm;
    this.id = id;
  }

  /** The map that a change would go to; null when the phase has none (BadArgument). */
  abstract mutableMap(type: number): HeaderMap | null;

  /** The map that a read sees. Callout maps live in the plugin context. */
  readableMap(type: number): HeaderMap | null {
    const callouts = this.plugin?.received;
    if (type === HeaderMapType.GrpcReceiveInitialMetadata) return callouts?.grpcInitialMetadata ?? null;
    if (type === HeaderMapType.GrpcReceiveTrailingMetadata) return callouts?.grpcTrailingMetadata ?? null;
    if (type === HeaderMapType.HttpCallResponseHeaders) return callouts?.httpHeaders ?? null;
    if (type === HeaderMapType.HttpCallResponseTrailers) return callouts?.httpTrailers ?? null;
    return null;
  }

  /** Null is NotFound. */
  buffer(type: number): GuestBuffer | null {
    switch (type) {
      case BufferType.VmConfiguration:
        return constantBuffer(this.vm.configuration);
      case BufferType.PluginConfiguration: {
        const configuration = this.plugin?.readableConfiguration ?? null;
        return configuration === null ? null : constantBuffer(configuration);
      }
      case BufferType.HttpCallResponseBody: {
        const body = this.plugin?.received.httpBody ?? null;
        return body === null ? null : constantBuffer(body);
      }
      case BufferType.GrpcReceiveBuffer: {
        const message = this.plugin?.received.grpcMessage ?? null;
        return message === null ? EMPTY_BUFFER : constantBuffer(message);
      }
      case BufferType.CallData:
        return constantBuffer(this.plugin?.received.callData ?? new Uint8Array(0));
      default:
        return EMPTY_BUFFER;
    }
  }

  /** `proxy_continue_stream`; takes effect when the callback has returned. */
  abstract continueStream(streamType: number): number;
  /** `proxy_close_stream`; takes effect when the callback has returned. */
  abstract closeStream(streamType: number): number;
  /** `proxy_send_local_response`; outside a request Envoy answers Ok and does nothing. */
  abstract sendLocalResponse(response: LocalResponse): void;
  /** Envoy's reaction to changed request headers under ABI 0.2.1. */
  clearRouteCache(): void {
    if (this.info !== null) this.info.routeCacheClears++;
  }
}

/** A response made by the plugin, as it asked for it. */
export interface LocalResponse {
  readonly status: number;
  /** For `%RESPONSE_CODE_DETAILS%`; Envoy replaces white space by `_`. */
  readonly details: string;
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  /** Null when the plugin gave none (-1). */
  readonly grpcStatus: number | null;
}

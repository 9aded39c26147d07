import type { RequestFacts } from '@hiclaw/policy-image';
import {
  createHost,
  loadModule,
  type Host,
  type HostOptions,
  type HttpStream,
  type PluginContext,
  type PluginModule,
  type Vm,
} from '@hiclaw/proxy-wasm-host';
import { builtPlugin } from '../../../policy/test/built-plugin.js';

let loaded: Promise<PluginModule> | null = null;

/** The plugin as it is shipped. */
export function keyAuthModule(): Promise<PluginModule> {
  loaded ??= builtPlugin('key-auth').then(loadModule);
  return loaded;
}

/** One worker thread with one key-auth VM. */
export class Gateway {
  readonly host: Host;
  readonly vm: Vm;
  plugin: PluginContext;

  /** @param options `host`: the process that it is a thread of; default: one of its own */
  constructor(
    module: PluginModule,
    image: Uint8Array | null,
    { host, ...options }: HostOptions & { readonly host?: Host } = {},
  ) {
    this.host = host ?? createHost({ node: { id: 'replica-1' }, ...options });
    this.vm = this.host.createVm(module, { vmId: 'key-auth' });
    this.plugin = this.#configure(image);
  }

  /** A new configuration, as ECDS brings it; the context before it ends with its streams. False: it was refused. */
  push(image: Uint8Array | null): boolean {
    const before = this.plugin;
    const next = this.#configure(image);
    if (!next.accepted) {
      next.close();
      return false;
    }
    this.plugin = next;
    before.close();
    return true;
  }

  /** Sends a request as far as the plugin lets it go. */
  send({ method, path: target, headers, body }: Omit<RequestFacts, 'now'>): HttpStream {
    const stream = this.plugin.createStream();
    const list: [string, Uint8Array][] = [
      [':authority', Buffer.from('gateway')],
      [':method', Buffer.from(method, 'latin1')],
      [':path', Buffer.from(target, 'latin1')],
      [':scheme', Buffer.from('http')],
    ];
    for (const [name, value] of headers) list.push([name.toLowerCase(), Buffer.from(value, 'latin1')]);
    stream.requestHeaders(list, { endStream: body.length === 0 });
    for (const [index, piece] of body.entries()) {
      if (stream.localResponse !== null || stream.deleted) break;
      stream.requestBody(piece, { endStream: index === body.length - 1 });
    }
    return stream;
  }

  #configure(image: Uint8Array | null): PluginContext {
    return this.vm.createPlugin({
      configuration: image ?? '',
      name: 'key-auth',
      rootId: 'key-auth',
      allowOnHeadersStopIteration: true,
    });
  }
}

/** What the outside sees of a stream that was sent whole. */
export function observe(stream: HttpStream): object {
  const reply = stream.localResponse;
  if (reply !== null) {
    const headers = Object.fromEntries([...reply.headers].map(([name, value]) => [name, value]));
    return {
      kind: 'reply',
      status: reply.status,
      headers,
      body: JSON.parse(Buffer.from(reply.body).toString()) as unknown,
    };
  }
  return {
    kind: stream.requestPaused ? 'paused' : 'admit',
    consumer: stream.info.property('hiclaw.consumer'),
    route: stream.forwardedRequest.headers?.get('x-hiclaw-route'),
  };
}

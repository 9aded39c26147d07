import { findEnvoy } from '@hiclaw/install';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 20_000;
const POLL_MS = 5;
const TYPE = 'type.googleapis.com/envoy.extensions';

/** Waits until `probe` gives a value; `what` says what did not come true. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`timed out waiting for ${what}`);
    await delay(POLL_MS);
  }
}

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** Sends a request with a body in pieces, and with trailers when given. */
export async function fetchAnswer(
  target: { readonly port: number } | { readonly socketPath: string },
  options: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string | string[]>>;
    readonly pieces?: readonly string[];
    readonly trailers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Answer> {
  const { pieces = [], trailers } = options;
  const call = request({
    ...target,
    host: '127.0.0.1',
    path: options.path ?? '/sink?q=1',
    method: options.method ?? (pieces.length === 0 ? 'GET' : 'POST'),
    headers: { ...options.headers, ...(pieces.length === 0 ? {} : { 'transfer-encoding': 'chunked' }) },
    agent: false,
  });
  const answered = once(call, 'response');
  for (const piece of pieces) {
    call.write(piece);
    // One piece for each read of Envoy.
    await delay(POLL_MS);
  }
  if (trailers !== undefined) call.addTrailers(trailers);
  call.end();
  const [response] = (await answered) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body, trailers: response.trailers };
}

/** A filter chain with one plugin in front of an upstream. */
export interface PluginListener {
  readonly wasm: string;
  readonly configuration?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly allowOnHeadersStopIteration?: boolean;
  /** A filter of TCP connections to cluster `upstream` instead of HTTP requests. */
  readonly tcp?: boolean;
  /** The configuration can be changed by `push`. */
  readonly dynamic?: boolean;
}

export interface EnvoyOptions {
  readonly listeners: Readonly<Record<string, PluginListener>>;
  /** Ports on 127.0.0.1 of clusters; `upstream` gets the requests. Names that start with `grpc` speak HTTP/2. */
  readonly clusters: Readonly<Record<string, number>>;
  readonly concurrency?: number;
  readonly wasmLogLevel?: string;
}

/** A real Envoy. */
export class Envoy {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ports = new Map<string, number>();
  #log = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
  }

  static async start(options: EnvoyOptions): Promise<Envoy> {
    const folder = await mkdtemp(join(tmpdir(), 'hiclaw-sdk-'));
    await writeFile(join(folder, 'envoy.json'), JSON.stringify(bootstrap(options, folder)));
    for (const [name, plugin] of Object.entries(options.listeners)) {
      if (plugin.dynamic === true) await writeFile(ecdsFile(folder, name), discovery(name, plugin, '0'));
    }
    const flags = ['-c', join(folder, 'envoy.json'), '--use-dynamic-base-id', '-l', 'warning'];
    const child = spawn(
      await findEnvoy(),
      [...flags, '--component-log-level', `wasm:${options.wasmLogLevel ?? 'warning'}`, '--concurrency',
        String(options.concurrency ?? 1), '--log-format', '%l %v'], // prettier-ignore
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const envoy = new Envoy(child, folder);
    try {
      await envoy.#ready(Object.keys(options.listeners).length);
    } catch (error) {
      await envoy.stop();
      throw error;
    }
    return envoy;
  }

  async #ready(listeners: number): Promise<void> {
    await until('Envoy to listen', async () => {
      if (this.#child.exitCode !== null) throw new Error(`Envoy ended:\n${this.#log}`);
      const text = await this.admin('/listeners?format=json').catch(() => undefined);
      if (text === undefined) return undefined;
      const { listener_statuses: list = [] } = JSON.parse(text) as {
        listener_statuses?: { name: string; local_address: { socket_address: { port_value: number } } }[];
      };
      for (const { name, local_address: address } of list) {
        this.#ports.set(name, address.socket_address.port_value);
      }
      return list.length === listeners && (await this.admin('/ready')).startsWith('LIVE') ? true : undefined;
    });
  }

  port(listener: string): number {
    const port = this.#ports.get(listener);
    if (port === undefined) throw new Error(`no listener ${listener}`);
    return port;
  }

  get log(): string {
    return this.#log;
  }

  async admin(path: string, method = 'GET'): Promise<string> {
    const answer = await fetchAnswer({ socketPath: join(this.#folder, 'admin.sock') }, { path, method });
    return answer.body;
  }

  /** Value of a counter or gauge. */
  async stat(name: string): Promise<string | undefined> {
    const text = await this.admin(`/stats?filter=${name}`);
    return text
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  }

  /** Replaces the plugin of a dynamic listener. */
  async push(listenerName: string, plugin: PluginListener, version: string): Promise<void> {
    const file = ecdsFile(this.#folder, listenerName);
    await writeFile(`${file}.new`, discovery(listenerName, plugin, version));
    await rename(`${file}.new`, file);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function bootstrap(options: EnvoyOptions, folder: string): object {
  return {
    node: { id: 'sdk-test', cluster: 'sdk-test' },
    admin: { address: { pipe: { path: join(folder, 'admin.sock'), mode: 0o600 } } },
    static_resources: {
      listeners: Object.entries(options.listeners).map(([name, plugin]) => listener(name, plugin, folder)),
      clusters: Object.entries(options.clusters).map(([name, port]) => cluster(name, port)),
    },
  };
}

function ecdsFile(folder: string, name: string): string {
  return join(folder, `${name}.ecds.json`);
}

function discovery(name: string, plugin: PluginListener, version: string): string {
  const type = 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig';
  return JSON.stringify({
    version_info: version,
    resources: [{ '@type': type, name: 'plugin', typed_config: wasm(name, plugin) }],
  });
}

function listener(name: string, plugin: PluginListener, folder: string): object {
  const discovered = {
    name: 'plugin',
    config_discovery: {
      config_source: { path_config_source: { path: ecdsFile(folder, name) } },
      type_urls: [`${TYPE}.filters.http.wasm.v3.Wasm`],
    },
  };
  const address = { socket_address: { address: '127.0.0.1', port_value: 0 } };
  if (plugin.tcp === true) {
    const proxy = {
      '@type': `${TYPE}.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: name,
      cluster: 'upstream',
    };
    const filters = [
      { name: 'plugin', typed_config: wasm(name, plugin, 'network') },
      { name: 'proxy', typed_config: proxy },
    ];
    return { name, address, filter_chains: [{ filters }] };
  }
  return {
    name,
    address,
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config: {
              '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              http_protocol_options: { enable_trailers: true },
              route_config: {
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [
                      { name: 'special', match: { prefix: '/special' }, route: { cluster: 'upstream' } },
                      { match: { prefix: '/' }, route: { cluster: 'upstream' } },
                    ],
                  },
                ],
              },
              http_filters: [
                plugin.dynamic === true ? discovered : { name: 'plugin', typed_config: wasm(name, plugin) },
                { name: 'router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
              ],
            },
          },
        ],
      },
    ],
  };
}

function wasm(name: string, plugin: PluginListener, kind: 'http' | 'network' = 'http'): object {
  return {
    '@type': `${TYPE}.filters.${kind}.wasm.v3.Wasm`,
    config: {
      name,
      configuration: {
        '@type': 'type.googleapis.com/google.protobuf.StringValue',
        value: plugin.configuration ?? '',
      },
      allow_on_headers_stop_iteration: plugin.allowOnHeadersStopIteration ?? false,
      vm_config: {
        vm_id: name,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: plugin.wasm } },
        configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: 'of the vm' },
        environment_variables: { key_values: plugin.environment ?? {} },
      },
    },
  };
}

function cluster(name: string, port: number): object {
  const grpc = name.startsWith('grpc');
  const protocol = grpc
    ? { http2_protocol_options: {} }
    : { http_protocol_options: { enable_trailers: true } };
  return {
    name,
    type: 'STATIC',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: protocol,
      },
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            { endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } },
          ],
        },
      ],
    },
  };
}

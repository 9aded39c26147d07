import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 20_000;
const POLL_MS = 2;

/** Waits for a condition; the message says what did not come true. */
export async function until<T>(
  what: string | (() => string),
  probe: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadline)
      throw new Error(`timed out waiting for ${typeof what === 'string' ? what : what()}`);
    await delay(POLL_MS);
  }
}

/** A server that hands over raw connections. */
export class RawServer {
  readonly server: Server;
  readonly sockets: Socket[] = [];

  private constructor(onSocket: (socket: Socket) => void) {
    this.server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      this.sockets.push(socket);
      onSocket(socket);
    });
  }

  static async listen(onSocket: (socket: Socket) => void = () => undefined): Promise<RawServer> {
    const raw = new RawServer(onSocket);
    raw.server.listen(0, '127.0.0.1');
    await once(raw.server, 'listening');
    return raw;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('server does not listen');
    return address.port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

export interface ProbeListener {
  readonly name: string;
  readonly configuration: string;
  readonly allowOnHeadersStopIteration: boolean;
  /** Where requests go: `filtered` has the probe as an upstream filter too. Default: `upstream`. */
  readonly cluster?: 'upstream' | 'filtered';
  /** The filter's configuration comes from a file and can be replaced by `push`. Default: false. */
  readonly pushed?: boolean;
}

/** The probe as an upstream filter of the cluster `filtered`. */
export const UPSTREAM_FILTER: ProbeListener = {
  name: 'upstream-filter',
  configuration: '',
  allowOnHeadersStopIteration: false,
};

export interface ProbeOptions {
  readonly binary: string;
  readonly wasm: Uint8Array;
  readonly listeners: readonly ProbeListener[];
  readonly upstreamPort: number;
  readonly calloutPort: number;
}

/** A real Envoy with the probe module in each listener. */
export class EnvoyProbe {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #ports = new Map<string, number>();
  #log = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
  }

  static async start(options: ProbeOptions): Promise<EnvoyProbe> {
    const folder = await mkdtemp(join(tmpdir(), 'hiclaw-probe-'));
    await writeFile(join(folder, 'probe.wasm'), options.wasm);
    for (const listener of options.listeners)
      if (listener.pushed === true) await writePushed(listener, folder);
    await writeFile(join(folder, 'envoy.json'), JSON.stringify(bootstrap(options, folder)));
    const child = spawn(
      options.binary,
      ['-c', join(folder, 'envoy.json'), '--use-dynamic-base-id', '--concurrency', '1', '-l', 'warning',
        '--component-log-level', 'wasm:info', '--log-format', '%v'], // prettier-ignore
      { stdio: ['ignore', 'ignore', 'pipe'], env: { PROBE_ENV: 'from the process' } },
    );
    const probe = new EnvoyProbe(child, folder);
    await until(`Envoy to listen\n${probe.#log}`, async () => {
      if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${probe.#log}`);
      const answer = await probe.admin('/listeners?format=json').catch(() => undefined);
      if (answer === undefined) return undefined;
      const { listener_statuses: list = [] } = JSON.parse(answer) as {
        listener_statuses?: { name: string; local_address: { socket_address: { port_value: number } } }[];
      };
      for (const { name, local_address } of list)
        probe.#ports.set(name, local_address.socket_address.port_value);
      return list.length === options.listeners.length && (await probe.admin('/ready')) === 'LIVE\n'
        ? true
        : undefined;
    });
    return probe;
  }

  /** Replaces the configuration of a listener that takes it from a file. */
  async push(listener: ProbeListener): Promise<void> {
    await writePushed(listener, this.#folder);
  }

  port(listener: string): number {
    const port = this.#ports.get(listener);
    if (port === undefined) throw new Error(`no listener ${listener}`);
    return port;
  }

  /** Lines that the probe logged in this listener, from the `from`-th on. */
  lines(listener: string, from = 0): string[] {
    // Streams log with the plugin's name before its root id, plugin contexts without.
    const line = new RegExp(`^wasm log (?:probe )?probe-root ${listener}: (probe .*)\n`, 'gm');
    return [...this.#log.matchAll(line)].map((match) => match[1] ?? '').slice(from);
  }

  get log(): string {
    return this.#log;
  }

  async stat(name: string): Promise<number> {
    const text = await this.admin(`/stats?filter=^${name.replaceAll('.', '\\.')}$`);
    return Number(text.split(': ')[1] ?? 0);
  }

  async admin(path: string): Promise<string> {
    const call = request({ socketPath: join(this.#folder, 'admin.sock'), path: encodeURI(path) });
    call.end();
    const [response] = (await once(call, 'response')) as [import('node:http').IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    return text;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'exit');
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function bootstrap(options: ProbeOptions, folder: string): object {
  return {
    node: { id: 'probe-node', cluster: 'probe-cluster', metadata: { color: 'blue', size: 3 } },
    admin: { address: { pipe: { path: join(folder, 'admin.sock') } } },
    static_resources: {
      listeners: options.listeners.map((listener) => renderListener(listener, folder)),
      clusters: [
        renderCluster('upstream', options.upstreamPort),
        renderCluster('filtered', options.upstreamPort, [
          { name: 'probe', typed_config: renderProbe(UPSTREAM_FILTER, folder) },
          {
            name: 'envoy.filters.http.upstream_codec',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec',
            },
          },
        ]),
        renderCluster('callout', options.calloutPort),
      ],
    },
  };
}

function renderListener(listener: ProbeListener, folder: string): object {
  return {
    name: listener.name,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: listener.name,
              generate_request_id: false,
              http_protocol_options: { enable_trailers: true },
              route_config: {
                ...(listener.cluster === 'filtered' ? { request_headers_to_remove: ['authorization'] } : {}),
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [
                      {
                        name: 'only',
                        match: { prefix: '/' },
                        route: { cluster: listener.cluster ?? 'upstream', timeout: '0s' },
                      },
                    ],
                  },
                ],
              },
              http_filters: [
                {
                  name: 'probe',
                  ...(listener.pushed === true
                    ? {
                        config_discovery: {
                          config_source: { path_config_source: { path: pushedPath(listener, folder) } },
                          type_urls: [WASM_FILTER],
                        },
                      }
                    : { typed_config: renderProbe(listener, folder) }),
                },
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                    suppress_envoy_headers: true,
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

const WASM_FILTER = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

function pushedPath(listener: ProbeListener, folder: string): string {
  return join(folder, `${listener.name}.json`);
}

/** Envoy sees a new file only when it is moved into place. */
async function writePushed(listener: ProbeListener, folder: string): Promise<void> {
  const resource = {
    '@type': 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig',
    name: 'probe',
    typed_config: renderProbe(listener, folder),
  };
  const path = pushedPath(listener, folder);
  await writeFile(`${path}.new`, JSON.stringify({ resources: [resource] }));
  await rename(`${path}.new`, path);
}

function renderProbe(listener: ProbeListener, folder: string): object {
  return {
    '@type': WASM_FILTER,
    config: {
      name: 'probe',
      root_id: 'probe-root',
      allow_on_headers_stop_iteration: listener.allowOnHeadersStopIteration,
      configuration: {
        '@type': 'type.googleapis.com/google.protobuf.StringValue',
        value: listener.configuration,
      },
      vm_config: {
        vm_id: listener.name,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: join(folder, 'probe.wasm') } },
        environment_variables: { host_env_keys: ['PROBE_ENV'] },
      },
    },
  };
}

function renderCluster(name: string, port: number, filters: readonly object[] = []): object {
  return {
    name,
    connect_timeout: '2s',
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: [
            {
              metadata: { filter_metadata: { hiclaw: { upstream: 'providers/x 127.0.0.1:1' } } },
              endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
            },
          ],
        },
      ],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http_protocol_options: { enable_trailers: true } },
        // One request a connection keeps the byte counts of scenarios apart.
        common_http_protocol_options: { max_requests_per_connection: 1 },
        ...(filters.length === 0 ? {} : { http_filters: filters }),
      },
    },
  };
}

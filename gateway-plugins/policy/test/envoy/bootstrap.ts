import path from 'node:path';

export interface Route {
  /** Value of `x-hiclaw-route` and name of the cluster. */
  readonly key: string;
  readonly port: number;
  /** What the endpoint's metadata says. */
  readonly metadata: string;
}

export interface BootstrapOptions {
  readonly folder: string;
  readonly routes: readonly Route[];
}

const type = (name: string): string => `type.googleapis.com/${name}`;
const WASM = type('envoy.extensions.filters.http.wasm.v3.Wasm');

/** A plugin with a configuration (null: none), as the policy server renders it. */
export function plugin(name: string, wasm: string, configuration: Uint8Array | null): object {
  const isInjection = name === 'credential-injection';
  return {
    '@type': WASM,
    config: {
      name,
      root_id: name,
      failure_policy: 'FAIL_RELOAD',
      ...(isInjection ? {} : { allow_on_headers_stop_iteration: true }),
      vm_config: {
        vm_id: name,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: wasm } },
        ...(isInjection ? { environment_variables: { host_env_keys: ['HICLAW_GATEWAY_KEY'] } } : {}),
      },
      ...(configuration === null
        ? {}
        : {
            configuration: {
              '@type': type('google.protobuf.BytesValue'),
              value: Buffer.from(configuration).toString('base64'),
            },
          }),
    },
  };
}

/** A discovery response, as a file that Envoy watches. */
export function discovered(name: string, wasm: string, configuration: Uint8Array): object {
  return {
    resources: [
      {
        '@type': type('envoy.config.core.v3.TypedExtensionConfig'),
        name,
        typed_config: plugin(name, wasm, configuration),
      },
    ],
  };
}

function discovery(name: string, folder: string, wasm: string): object {
  return {
    name,
    config_discovery: {
      config_source: { path_config_source: { path: path.join(folder, `${name}.json`) } },
      default_config: plugin(name, wasm, null),
      apply_default_config_without_warming: true,
      type_urls: [WASM],
    },
  };
}

/** The gateway in small: one listener, key-auth, a cluster for each route with credential-injection. */
export function bootstrap(
  { folder, routes }: BootstrapOptions,
  wasm: Readonly<Record<string, string>>,
): object {
  return {
    node: { id: 'replica-1', cluster: 'test' },
    admin: { address: { pipe: { path: path.join(folder, 'admin.sock') } } },
    static_resources: {
      listeners: [listener(folder, routes, wasm['key-auth'] ?? '')],
      clusters: [
        ...routes.map((route) => cluster(route, folder, wasm['credential-injection'] ?? '')),
        {
          name: 'policy-server',
          type: 'STATIC',
          load_assignment: assignment('policy-server', {
            pipe: { path: path.join(folder, 'policy-server.sock') },
          }),
        },
      ],
    },
  };
}

function assignment(name: string, address: object, metadata?: string): object {
  const hiclaw =
    metadata === undefined ? {} : { metadata: { filter_metadata: { hiclaw: { upstream: metadata } } } };
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address }, ...hiclaw }] }] };
}

function listener(folder: string, routes: readonly Route[], wasm: string): object {
  return {
    name: 'gateway',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': type(
                'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              ),
              stat_prefix: 'gateway',
              http_protocol_options: { enable_trailers: true },
              normalize_path: true,
              access_log: [accessLog(folder)],
              http_filters: [
                discovery('key-auth', folder, wasm),
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': type('envoy.extensions.filters.http.router.v3.Router') },
                },
              ],
              route_config: {
                request_headers_to_remove: ['authorization', 'x-api-key', 'x-hiclaw-route'],
                virtual_hosts: [{ name: 'all', domains: ['*'], routes: [...routes.map(routeOf), NOTHING] }],
              },
            },
          },
        ],
      },
    ],
  };
}

const NOTHING = {
  match: { prefix: '/' },
  direct_response: { status: 404, body: { inline_string: 'no route' } },
};

function routeOf({ key }: Route): object {
  return {
    match: { prefix: '/', headers: [{ name: 'x-hiclaw-route', string_match: { exact: key } }] },
    route: { cluster: key, timeout: '0s', retry_policy: { retry_on: '5xx', num_retries: 1 } },
  };
}

function accessLog(folder: string): object {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': type('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
      path: path.join(folder, 'access.log'),
      log_format: {
        json_format: {
          status: '%RESPONSE_CODE%',
          details: '%RESPONSE_CODE_DETAILS%',
          consumer: '%FILTER_STATE(wasm.hiclaw.consumer:PLAIN)%',
          usage: '%FILTER_STATE(wasm.hiclaw.usage:PLAIN)%',
          case: '%REQ(X-CASE)%',
        },
      },
    },
  };
}

function cluster({ key, port, metadata }: Route, folder: string, wasm: string): object {
  return {
    name: key,
    type: 'STATIC',
    load_assignment: assignment(
      key,
      { socket_address: { address: '127.0.0.1', port_value: port } },
      metadata,
    ),
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http_protocol_options: { enable_trailers: true } },
        http_filters: [
          discovery('credential-injection', folder, wasm),
          {
            name: 'envoy.filters.http.upstream_codec',
            typed_config: { '@type': type('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec') },
          },
        ],
      },
    },
  };
}

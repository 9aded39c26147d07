/** Plain Envoy bootstraps as JSON, for the rows that we measure ourselves against. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = Readonly<Record<string, Json>>;

const TYPE = 'type.googleapis.com/envoy.';

/** A named extension with its typed configuration. */
export function extension(name: string, type: string, config: JsonObject = {}): JsonObject {
  return { name, typed_config: typed(type, config) };
}

function typed(type: string, config: JsonObject = {}): JsonObject {
  return { '@type': TYPE + type, ...config };
}

export interface EnvoyConfig {
  /** Path of the admin interface's Unix socket. */
  readonly adminSocket: string;
  readonly listenPort: number;
  /** HTTP filters before the router. */
  readonly filters: readonly Json[];
  readonly routes: readonly Json[];
  /** More fields of the HTTP connection manager. */
  readonly connectionManager?: JsonObject;
  readonly clusters?: readonly Json[];
  readonly secrets?: readonly Json[];
}

export function envoyConfig(config: EnvoyConfig): JsonObject {
  const manager = typed('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'main',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: config.routes }] },
    http_filters: [
      ...config.filters,
      extension('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router'),
    ],
    ...config.connectionManager,
  });
  return {
    admin: { address: { pipe: { path: config.adminSocket, mode: 0o600 } } },
    static_resources: {
      listeners: [
        {
          name: 'main',
          address: { socket_address: { address: '127.0.0.1', port_value: config.listenPort } },
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
          ],
        },
      ],
      clusters: config.clusters ?? [],
      secrets: config.secrets ?? [],
    },
  };
}

export interface ClusterOptions {
  readonly http2?: boolean;
  /** Open a new connection after so many requests. Default: never. */
  readonly requestsPerConnection?: number;
}

/** One static endpoint on loopback. */
export function cluster(name: string, port: number, options: ClusterOptions = {}): JsonObject {
  const protocol = options.http2 === true ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  const limit: JsonObject =
    options.requestsPerConnection === undefined
      ? {}
      : { common_http_protocol_options: { max_requests_per_connection: options.requestsPerConnection } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    circuit_breakers: {
      thresholds: [{ max_connections: 4096, max_pending_requests: 4096, max_requests: 4096 }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          explicit_http_config: protocol,
          ...limit,
        },
      ),
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

/** All paths to one cluster, without a time limit. */
export function routeTo(clusterName: string): JsonObject {
  return { match: { prefix: '/' }, route: { cluster: clusterName, timeout: '0s' } };
}

import { ADS_CLUSTER, CALLBACK_CLUSTER } from './names.js';
import { otlpCluster, parseOtlpEndpoint, type TracingOptions } from './otlp.js';
import type { NodeTracing } from './settings.js';
import { STATS_CONFIG } from './stats.js';

export { parseOtlpEndpoint, type TracingOptions } from './otlp.js';

/** Options of `renderBootstrap`. Paths are absolute. */
export interface BootstrapOptions {
  /** Unique among the gateways of a policy server: letters, digits, `.`, `_`, `:`, `-`. */
  readonly nodeId: string;
  /** IP address and port of the listener, which the policy server renders from them. */
  readonly bind: string;
  readonly port: number;
  /** Worker threads; the same as Envoy's `--concurrency`. */
  readonly concurrency: number;
  readonly sockets: {
    /** Where it offers its admin interface. */
    readonly admin: string;
    /** Where the policy server offers ADS. */
    readonly ads: string;
    /** Where the policy server hears what plugins confirm. */
    readonly gateway: string;
  };
  /** Absent: no access log. */
  readonly accessLog?: string;
  /**
   * File for what LLM calls use: `<node id>.jsonl` in the folder that the policy server reads. Absent: nobody sees it.
   */
  readonly usageJournal?: string;
  /** Absent: no spans. */
  readonly tracing?: TracingOptions;
  /** Default 10,000. */
  readonly maxConnections?: number;
}

const DEFAULT_MAX_CONNECTIONS = 10_000;

/**
 * What an Envoy needs to know before it can ask the policy server for the rest, as plain JSON: who it is, where the
 * policy server is, and an admin interface on a Unix socket only.
 *
 * @throws RangeError when `tracing` is not as it must be
 */
export function renderBootstrap(options: BootstrapOptions): object {
  const { nodeId, bind, port, concurrency, accessLog, usageJournal, tracing, sockets } = options;
  return {
    node: {
      id: nodeId,
      cluster: 'hiclaw',
      metadata: {
        bind,
        port,
        concurrency,
        adminSocket: sockets.admin,
        ...(accessLog === undefined ? {} : { accessLog }),
        ...(usageJournal === undefined ? {} : { usageJournal }),
        ...(tracing === undefined ? {} : { tracing: nodeTracing(tracing) }),
      },
    },
    admin: { address: { pipe: { path: sockets.admin, mode: 0o600 } } },
    stats_config: STATS_CONFIG,
    dynamic_resources: {
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: ADS_CLUSTER, retry_policy: RECONNECT } }],
      },
      cds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
      lds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '0s' },
    },
    static_resources: {
      clusters: [
        socketCluster(ADS_CLUSTER, sockets.ads, { http2_protocol_options: HTTP2 }),
        socketCluster(CALLBACK_CLUSTER, sockets.gateway, { http_protocol_options: {} }),
        ...(tracing === undefined ? [] : [otlpCluster(tracing)]),
      ],
    },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
          },
        },
      ],
    },
  };
}

function nodeTracing({ endpoint, service, percent }: TracingOptions): NodeTracing {
  return { service, percent, tracesUrl: parseOtlpEndpoint(endpoint).tracesUrl };
}

/** A gateway that lost the policy server must be back soon after it is: a revocation may be waiting there. */
const RECONNECT = { retry_back_off: { base_interval: '0.05s', max_interval: '0.25s' } };

/** The policy server may be busy compiling: a ping that is late must not end the stream at once. */
const HTTP2 = { connection_keepalive: { interval: '30s', timeout: '20s' } };

function socketCluster(name: string, path: string, protocol: object): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: protocol,
      },
    },
  };
}

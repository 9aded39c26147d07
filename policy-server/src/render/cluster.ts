import type { Upstream } from '../translate/state.js';
import { extensionDiscovery } from './extension.js';
import { any, type EnvoyMessage, seconds, textStruct, wrapped } from './json.js';
import { CLUSTER_TYPE, CREDENTIAL_INJECTION } from './names.js';
import type { RenderSettings } from './settings.js';

export const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const CONNECT_TIMEOUT_SECONDS = 5;
/** Below the idle timeouts of common servers and load balancers, so that we rarely write into a closing connection. */
const UPSTREAM_IDLE_SECONDS = 50;
/** Streams may last for hours and each holds a request: the limits only stop a runaway. */
const MAX_STREAMS = 100_000;
const MAX_PENDING = 10_000;
const MAX_RETRIES = 1_000;
const DNS_REFRESH_SECONDS = 30;
const DNS_FAILURE_BASE_SECONDS = 1;
const DNS_FAILURE_MAX_SECONDS = 10;
const HTTP2_PING_SECONDS = 30;
const HTTP2_PING_TIMEOUT_SECONDS = 10;
const TCP_KEEPALIVE_SECONDS = 30;

/** The cluster of one upstream: one endpoint, TLS verified by default, credential-injection on each attempt. */
export function renderCluster(upstream: Upstream, settings: RenderSettings): EnvoyMessage {
  const { key, secure, hostKind } = upstream;
  return {
    ...clusterFrame(key, settings),
    ...(hostKind === 'name' ? { cluster_type: dnsCluster(ALL_ADDRESSES) } : { type: 'STATIC' }),
    load_assignment: { cluster_name: key, endpoints: [{ lb_endpoints: [renderEndpoint(upstream)] }] },
    ...(secure ? { transport_socket: renderTls(upstream, settings) } : {}),
    typed_extension_protocol_options: { [HTTP_OPTIONS]: renderProtocol(secure, [], settings) },
  };
}

/** What all clusters have in common. */
export function clusterFrame(name: string, settings: RenderSettings): EnvoyMessage {
  return {
    ...any(CLUSTER_TYPE),
    name,
    connect_timeout: seconds(CONNECT_TIMEOUT_SECONDS),
    per_connection_buffer_limit_bytes: wrapped(settings.bufferBytes),
    upstream_connection_options: {
      tcp_keepalive: {
        keepalive_time: wrapped(TCP_KEEPALIVE_SECONDS),
        keepalive_interval: wrapped(TCP_KEEPALIVE_SECONDS / 3),
        keepalive_probes: wrapped(3),
      },
    },
    circuit_breakers: {
      thresholds: [
        {
          max_connections: wrapped(MAX_STREAMS),
          max_pending_requests: wrapped(MAX_PENDING),
          max_requests: wrapped(MAX_STREAMS),
          max_retries: wrapped(MAX_RETRIES),
        },
      ],
    },
  };
}

/** One endpoint with all addresses: an answer with other ones does not cut the connections to those before. */
const ALL_ADDRESSES: EnvoyMessage = {
  all_addresses_in_single_endpoint: true,
  // Both address families: Envoy then races them (RFC 8305).
  dns_lookup_family: 'ALL',
};

/** A cluster whose endpoints are found by DNS. */
export function dnsCluster(options: EnvoyMessage): EnvoyMessage {
  return {
    name: 'envoy.clusters.dns',
    typed_config: {
      ...any('envoy.extensions.clusters.dns.v3.DnsCluster'),
      ...options,
      respect_dns_ttl: true,
      dns_refresh_rate: seconds(DNS_REFRESH_SECONDS),
      dns_failure_refresh_rate: {
        base_interval: seconds(DNS_FAILURE_BASE_SECONDS),
        max_interval: seconds(DNS_FAILURE_MAX_SECONDS),
      },
    },
  };
}

function bareHost({ host, hostKind }: Upstream): string {
  return hostKind === 'ipv6' ? host.slice(1, -1) : host;
}

function renderEndpoint(upstream: Upstream): EnvoyMessage {
  return {
    endpoint: { address: renderAddress(upstream) },
    metadata: { filter_metadata: { hiclaw: textStruct({ upstream: upstreamMetadata(upstream) }) } },
  };
}

export function renderAddress(upstream: Upstream): EnvoyMessage {
  return { socket_address: { address: bareHost(upstream), port_value: upstream.port } };
}

/** What credential-injection reads to know where an attempt goes. */
export function upstreamMetadata({ key, host, port }: Upstream): string {
  return `${key} ${host}:${port}`;
}

/** TLS to this upstream and nobody else. */
export function renderTls(upstream: Upstream, settings: RenderSettings): EnvoyMessage {
  const name = bareHost(upstream);
  const isName = upstream.hostKind === 'name';
  const trusted =
    upstream.caCertificates === null
      ? { filename: settings.caBundlePath }
      : { inline_string: upstream.caCertificates };
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      ...any('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
      ...(isName ? { sni: name } : {}),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        validation_context: {
          trusted_ca: trusted,
          match_typed_subject_alt_names: [
            { san_type: isName ? 'DNS' : 'IP_ADDRESS', matcher: { exact: name } },
          ],
        },
      },
    },
  };
}

/**
 * How requests are sent.
 *
 * @param secure whether each endpoint is reached over TLS
 * @param filters of the cluster's own, nearer to the router than credential-injection
 */
export function renderProtocol(
  secure: boolean,
  filters: readonly EnvoyMessage[],
  settings: RenderSettings,
): EnvoyMessage {
  const http2 = {
    connection_keepalive: {
      interval: seconds(HTTP2_PING_SECONDS),
      timeout: seconds(HTTP2_PING_TIMEOUT_SECONDS),
    },
  };
  return {
    ...any(HTTP_OPTIONS),
    common_http_protocol_options: { idle_timeout: seconds(UPSTREAM_IDLE_SECONDS) },
    // Over TLS the upstream chooses by ALPN; in the clear HTTP/1.1 is what everything speaks.
    ...(secure
      ? { auto_config: { http_protocol_options: {}, http2_protocol_options: http2 } }
      : { explicit_http_config: { http_protocol_options: {} } }),
    http_filters: [
      ...filters,
      { name: CREDENTIAL_INJECTION, config_discovery: extensionDiscovery(CREDENTIAL_INJECTION, settings) },
      {
        name: 'envoy.filters.http.upstream_codec',
        typed_config: any('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'),
      },
    ],
  };
}

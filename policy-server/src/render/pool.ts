import type { Pool, PoolTarget, Upstream } from '../translate/state.js';
import {
  clusterFrame,
  dnsCluster,
  HTTP_OPTIONS,
  renderAddress,
  renderProtocol,
  renderTls,
  upstreamMetadata,
} from './cluster.js';
import { any, type EnvoyMessage, seconds, textStruct, wrapped } from './json.js';
import { HEED_RETRY_AFTER } from './retry-after.js';
import type { RenderSettings } from './settings.js';

/** Metadata by which Envoy picks the transport socket of an endpoint. */
const SOCKET_MATCH = 'envoy.transport_socket_match';

const EJECT_AFTER = 5;
const EJECTION_SECONDS = 30;
const EJECTION_MAX_SECONDS = 300;
const EJECTION_SWEEP_SECONDS = 5;
/** So much that a priority counts as whole as long as one of its targets is left. */
const OVERPROVISIONING_PERCENT = 10_000;

/**
 * The cluster of a route's own: a locality for each target, so that its weight holds however many addresses DNS gives it.
 */
export function renderPool(pool: Pool, settings: RenderSettings): EnvoyMessage {
  const { key, targets, waits } = pool;
  const secure = targets.every(({ upstream }) => upstream.secure);
  const named = targets.some(({ upstream }) => upstream.hostKind === 'name');
  return {
    ...clusterFrame(key, settings),
    // Each address is an endpoint here, and one family is preferred: an unreachable one would cost an attempt.
    ...(named ? { cluster_type: dnsCluster({ dns_lookup_family: 'V4_PREFERRED' }) } : { type: 'STATIC' }),
    load_assignment: {
      cluster_name: key,
      policy: { overprovisioning_factor: wrapped(OVERPROVISIONING_PERCENT) },
      endpoints: targets.map(renderTarget),
    },
    common_lb_config: { locality_weighted_lb_config: {} },
    transport_socket: never(settings),
    transport_socket_matches: distinctUpstreams(targets).map((upstream) => ({
      name: upstream.key,
      match: textStruct({ hiclaw: upstream.key }),
      transport_socket: upstream.secure ? renderTls(upstream, settings) : CLEAR,
    })),
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: renderProtocol(secure, waits ? [HEED_RETRY_AFTER] : [], settings),
    },
    ...(targets.length > 1 ? { outlier_detection: OUTLIERS } : {}),
  };
}

function renderTarget(target: PoolTarget): EnvoyMessage {
  const { index, upstream, hostHeader, model, priority, weight } = target;
  const metadata = { upstream: `${upstreamMetadata(upstream)} ${model ?? ''}`, target: String(index) };
  return {
    priority,
    locality: { zone: `target-${index}` },
    load_balancing_weight: wrapped(weight),
    lb_endpoints: [
      {
        endpoint: { hostname: hostHeader, address: renderAddress(upstream) },
        metadata: {
          filter_metadata: {
            hiclaw: textStruct(metadata),
            [SOCKET_MATCH]: textStruct({ hiclaw: upstream.key }),
          },
        },
      },
    ],
  };
}

function distinctUpstreams(targets: readonly PoolTarget[]): readonly Upstream[] {
  const byKey = new Map(targets.map(({ upstream }) => [upstream.key, upstream]));
  return [...byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

const CLEAR: EnvoyMessage = {
  name: 'envoy.transport_sockets.raw_buffer',
  typed_config: any('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer'),
};

/** Of an endpoint that matches none: TLS to a name that no certificate can bear (RFC 6761), so that nothing is ever sent. */
function never({ caBundlePath }: RenderSettings): EnvoyMessage {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      ...any('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
      sni: 'none.invalid',
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: caBundlePath },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'none.invalid' } }],
        },
      },
    },
  };
}

/**
 * A target that failed so often in a row, by 5xx or before it answered, is left out for a while that grows. All may be
 * left out: then Envoy tries them all the same.
 */
const OUTLIERS: EnvoyMessage = {
  consecutive_5xx: wrapped(EJECT_AFTER),
  interval: seconds(EJECTION_SWEEP_SECONDS),
  base_ejection_time: seconds(EJECTION_SECONDS),
  max_ejection_time: seconds(EJECTION_MAX_SECONDS),
  max_ejection_percent: wrapped(100),
  enforcing_success_rate: wrapped(0),
};

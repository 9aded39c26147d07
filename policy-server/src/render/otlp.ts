import { isIP } from 'node:net';
import { OTLP_CLUSTER } from './names.js';

/** Where and how a gateway sends its spans. */
export interface TracingOptions {
  /** Base URL of an OTLP/HTTP receiver, such as `http://127.0.0.1:4318`; `/v1/traces` is added to its path. */
  readonly endpoint: string;
  /** `service.name` of the spans. */
  readonly service: string;
  /** How many of a hundred traces are kept, 1 to 100. */
  readonly percent: number;
  /** PEM file of the certificates that an `https` receiver is verified against; required for one. */
  readonly caBundle?: string;
}

/** An OTLP/HTTP receiver. */
export interface OtlpEndpoint {
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** Where spans are posted to. Spec: https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
  readonly tracesUrl: string;
}

const MAX_ENDPOINT_LENGTH = 1024;

/**
 * @throws RangeError when it is not the base URL of a receiver, without quoting it: people put keys into URLs
 */
export function parseOtlpEndpoint(text: string): OtlpEndpoint {
  const url = text.length <= MAX_ENDPOINT_LENGTH && URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new RangeError('must be a URL such as http://127.0.0.1:4318');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new RangeError(
      'must be a URL without user, password, query and fragment; let a collector next to the gateway add keys',
    );
  }
  const secure = url.protocol === 'https:';
  const path = url.pathname.replace(/\/+$/, '');
  return {
    secure,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    tracesUrl: `${url.origin}${path}/v1/traces`,
  };
}

const CONNECT_TIMEOUT = '2s';

/**
 * The static cluster of the receiver, as plain JSON.
 *
 * @throws RangeError for an endpoint that is not one, or an `https` one without `caBundle`
 */
export function otlpCluster({ endpoint, caBundle }: TracingOptions): object {
  const { secure, host, port } = parseOtlpEndpoint(endpoint);
  if (secure && caBundle === undefined) throw new RangeError('an https receiver needs a CA bundle');
  return {
    name: OTLP_CLUSTER,
    // Both address families: Envoy then races them (RFC 8305).
    ...(isIP(host) === 0 ? { type: 'LOGICAL_DNS', dns_lookup_family: 'ALL' } : { type: 'STATIC' }),
    connect_timeout: CONNECT_TIMEOUT,
    load_assignment: {
      cluster_name: OTLP_CLUSTER,
      endpoints: [
        {
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: host, port_value: port } } } }],
        },
      ],
    },
    ...(secure && caBundle !== undefined ? { transport_socket: verifiedTls(host, caBundle) } : {}),
  };
}

function verifiedTls(host: string, caBundle: string): object {
  const isName = isIP(host) === 0;
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...(isName ? { sni: host } : {}),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        validation_context: {
          trusted_ca: { filename: caBundle },
          match_typed_subject_alt_names: [
            { san_type: isName ? 'DNS' : 'IP_ADDRESS', matcher: { exact: host } },
          ],
        },
      },
    },
  };
}

import { CONSUMER_STATE } from './filter-state.js';
import { any, type EnvoyMessage, seconds, wrapped } from './json.js';
import { OTLP_CLUSTER, REASON_HEADER } from './names.js';
import type { NodeTracing } from './settings.js';

const EXPORT_TIMEOUT_SECONDS = 5;

/**
 * Attributes of a request's span and of each of its attempts, beside those that Envoy always sets. As in the access log,
 * nothing that a client chose freely. Usage is not among them: spans end before key-auth knows it; the access log has it
 * beside the trace id.
 */
const ATTRIBUTES: readonly (readonly [name: string, format: string])[] = [
  ['hiclaw.consumer', `%FILTER_STATE(${CONSUMER_STATE}:PLAIN)%`],
  ['hiclaw.route', '%ROUTE_NAME%'],
  ['hiclaw.upstream', '%UPSTREAM_METADATA(hiclaw:upstream)%'],
  ['hiclaw.attempts', '%UPSTREAM_REQUEST_ATTEMPT_COUNT%'],
  ['hiclaw.reason', `%RESP(${REASON_HEADER})%`],
];

/** Attributes that Envoy fills with what the client sent, which may be a secret; after credential-injection the real one. */
const HIDDEN: readonly string[] = [
  'user_agent',
  'http.url',
  'grpc.path',
  'grpc.authority',
  'grpc.content_type',
  'grpc.timeout',
];

/** Headers that would become attributes too, and no upstream needs. */
const HEADERS_REMOVED: readonly string[] = ['x-client-trace-id', 'x-request-id'];

/**
 * Tracing of the connection manager. A client's trace goes on, its trace id with it; whether a trace is kept follows from
 * its id alone, because a client that can say "not sampled" could hide.
 */
export function renderTracing({ service, percent, tracesUrl }: NodeTracing): EnvoyMessage {
  return {
    tracing: {
      provider: {
        name: 'envoy.tracers.opentelemetry',
        typed_config: {
          ...any('envoy.config.trace.v3.OpenTelemetryConfig'),
          service_name: service,
          http_service: {
            http_uri: { uri: tracesUrl, cluster: OTLP_CLUSTER, timeout: seconds(EXPORT_TIMEOUT_SECONDS) },
          },
          sampler: {
            name: 'envoy.tracers.opentelemetry.samplers.trace_id_ratio_based',
            typed_config: {
              ...any('envoy.extensions.tracers.opentelemetry.samplers.v3.TraceIdRatioBasedSamplerConfig'),
              sampling_percentage: { numerator: percent, denominator: 'HUNDRED' },
            },
          },
        },
      },
      max_path_tag_length: wrapped(0),
      spawn_upstream_span: wrapped(true),
      custom_tags: [
        ...ATTRIBUTES.map(([tag, value]) => ({ tag, value })),
        ...HIDDEN.map((tag) => ({ tag, literal: { value: '-' } })),
      ],
    },
    early_header_mutation_extensions: [
      {
        name: 'envoy.http.early_header_mutation.header_mutation',
        typed_config: {
          ...any('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation'),
          mutations: HEADERS_REMOVED.map((remove) => ({ remove })),
        },
      },
    ],
    // Envoy's own sampling needs a request id header, which nobody else does.
    request_id_extension: {
      typed_config: {
        ...any('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig'),
        pack_trace_reason: wrapped(false),
        use_request_id_for_trace_sampling: wrapped(false),
      },
    },
  };
}

/** A family of Envoy's metrics that is passed on. */
export interface Family {
  /** As Envoy's Prometheus page calls it. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Labels that are kept, beside `le`; every value is one of a list that policy or Envoy's code bounds. */
  readonly labels: readonly string[];
  /** Regular expression of the whole name of Envoy's statistic, before labels are taken out of it. */
  readonly statistic: string;
}

const ROUTE = 'vhost\\.all\\.route\\..+\\.upstream_rq_';
const CLUSTER = 'cluster\\..+\\.';
const HTTP = 'http\\.gateway\\.';
const CLASS = 'envoy_response_code_class';

/** Envoy's labels: `envoy_route` is the key of a route, `envoy_cluster_name` that of an upstream, the class is 1 to 5. */
const ROUTE_LABELS = ['envoy_route'];
const CLUSTER_LABELS = ['envoy_cluster_name'];

function family(
  type: Family['type'],
  name: string,
  statistic: string,
  labels: readonly string[],
  help: string,
): Family {
  return { name, type, help, labels, statistic };
}

/**
 * All that is passed on, of thousands. Envoy's documentation has more of each:
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/upstream/cluster_manager/cluster_stats
 */
export const FAMILIES: readonly Family[] = [
  family(
    'counter',
    'hiclaw_refusals_total',
    'wasmcustom\\.hiclaw_refusals_total\\..+',
    ['reason'],
    'Requests that a plugin refused, by reason code.',
  ),

  family(
    'counter',
    'envoy_http_downstream_rq_total',
    `${HTTP}downstream_rq_total`,
    [],
    'Requests of clients.',
  ),
  family(
    'counter',
    'envoy_http_downstream_rq_xx',
    `${HTTP}downstream_rq_[1-5]xx`,
    [CLASS],
    'Answers to clients, by class of status.',
  ),
  family(
    'gauge',
    'envoy_http_downstream_rq_active',
    `${HTTP}downstream_rq_active`,
    [],
    'Requests that run now.',
  ),
  family(
    'counter',
    'envoy_http_downstream_rq_rx_reset',
    `${HTTP}downstream_rq_rx_reset`,
    [],
    'Requests that clients broke off.',
  ),
  family(
    'histogram',
    'envoy_http_downstream_rq_time',
    `${HTTP}downstream_rq_time`,
    [],
    'Milliseconds from a request to the end of its answer.',
  ),
  family(
    'counter',
    'envoy_http_downstream_cx_total',
    `${HTTP}downstream_cx_total`,
    [],
    'Connections of clients.',
  ),
  family(
    'gauge',
    'envoy_http_downstream_cx_active',
    `${HTTP}downstream_cx_active`,
    [],
    'Connections of clients that are open.',
  ),
  family(
    'counter',
    'envoy_http_downstream_cx_rx_bytes_total',
    `${HTTP}downstream_cx_rx_bytes_total`,
    [],
    'Bytes from clients.',
  ),
  family(
    'counter',
    'envoy_http_downstream_cx_tx_bytes_total',
    `${HTTP}downstream_cx_tx_bytes_total`,
    [],
    'Bytes to clients.',
  ),

  family(
    'counter',
    'envoy_vhost_route_upstream_rq_total',
    `${ROUTE}total`,
    ROUTE_LABELS,
    'Requests to upstreams, retries included, by route.',
  ),
  family(
    'counter',
    'envoy_vhost_route_upstream_rq_xx',
    `${ROUTE}[1-5]xx`,
    [...ROUTE_LABELS, CLASS],
    'Answers of upstreams that clients got, by route and class of status.',
  ),
  family(
    'counter',
    'envoy_vhost_route_upstream_rq_retry',
    `${ROUTE}retry`,
    ROUTE_LABELS,
    'Retries, by route.',
  ),
  family(
    'counter',
    'envoy_vhost_route_upstream_rq_retry_success',
    `${ROUTE}retry_success`,
    ROUTE_LABELS,
    'Retries that helped, by route.',
  ),
  family(
    'counter',
    'envoy_vhost_route_upstream_rq_timeout',
    `${ROUTE}timeout`,
    ROUTE_LABELS,
    'Requests that an upstream did not answer in time, by route.',
  ),

  family(
    'counter',
    'envoy_cluster_upstream_rq_total',
    `${CLUSTER}upstream_rq_total`,
    CLUSTER_LABELS,
    'Requests to an upstream.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_rq_xx',
    `${CLUSTER}upstream_rq_[1-5]xx`,
    [...CLUSTER_LABELS, CLASS],
    'Answers of an upstream, by class of status.',
  ),
  family(
    'gauge',
    'envoy_cluster_upstream_rq_active',
    `${CLUSTER}upstream_rq_active`,
    CLUSTER_LABELS,
    'Requests to an upstream that run now.',
  ),
  family(
    'histogram',
    'envoy_cluster_upstream_rq_time',
    `${CLUSTER}upstream_rq_time`,
    CLUSTER_LABELS,
    'Milliseconds from a request to the end of its answer, by upstream.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_rq_per_try_timeout',
    `${CLUSTER}upstream_rq_per_try_timeout`,
    CLUSTER_LABELS,
    'Attempts without a first byte in time, by upstream.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_rq_retry',
    `${CLUSTER}upstream_rq_retry`,
    CLUSTER_LABELS,
    'Retries after an attempt at this upstream.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_cx_total',
    `${CLUSTER}upstream_cx_total`,
    CLUSTER_LABELS,
    'Connections to an upstream.',
  ),
  family(
    'gauge',
    'envoy_cluster_upstream_cx_active',
    `${CLUSTER}upstream_cx_active`,
    CLUSTER_LABELS,
    'Connections to an upstream that are open.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_cx_connect_fail',
    `${CLUSTER}upstream_cx_connect_fail`,
    CLUSTER_LABELS,
    'Connections to an upstream that failed.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_cx_rx_bytes_total',
    `${CLUSTER}upstream_cx_rx_bytes_total`,
    CLUSTER_LABELS,
    'Bytes from an upstream.',
  ),
  family(
    'counter',
    'envoy_cluster_upstream_cx_tx_bytes_total',
    `${CLUSTER}upstream_cx_tx_bytes_total`,
    CLUSTER_LABELS,
    'Bytes to an upstream.',
  ),
  family(
    'gauge',
    'envoy_cluster_outlier_detection_ejections_active',
    `${CLUSTER}outlier_detection\\.ejections_active`,
    CLUSTER_LABELS,
    'Targets that are left out now because they failed.',
  ),
  family(
    'counter',
    'envoy_cluster_outlier_detection_ejections_enforced_total',
    `${CLUSTER}outlier_detection\\.ejections_enforced_total`,
    CLUSTER_LABELS,
    'Times that a target was left out because it failed.',
  ),

  family('gauge', 'envoy_wasm_wasm_vm_count', 'wasm\\.wasm_vm_count', [], 'Virtual machines of plugins.'),
  family(
    'counter',
    'envoy_wasm_envoy_wasm_runtime_v8_created',
    'wasm\\.envoy\\.wasm\\.runtime\\.v8\\.created',
    [],
    'Virtual machines of plugins that were started; it rises with each new plugin and after each crash.',
  ),
  family('gauge', 'envoy_server_live', 'server\\.live', [], '1: the gateway serves; 0: it is draining.'),
  family('gauge', 'envoy_server_uptime', 'server\\.uptime', [], 'Seconds since the gateway started.'),
  family(
    'gauge',
    'envoy_server_memory_allocated',
    'server\\.memory_allocated',
    [],
    'Bytes that the gateway uses.',
  ),
  family(
    'counter',
    'envoy_filesystem_write_failed',
    'filesystem\\.write_failed',
    [],
    'Failed writes of logs and usage journals.',
  ),
  family(
    'counter',
    'envoy_tracing_opentelemetry_spans_sent',
    'tracing\\.opentelemetry\\.spans_sent',
    [],
    'Spans given to the exporter; it does not tell which arrived.',
  ),
];

/** Matches the statistics of all families: Envoy then writes nothing else. */
export const STATISTICS_FILTER = `^(${FAMILIES.map(({ statistic }) => statistic).join('|')})$`;

import { CONSUMER_STATE, PATH_STATE, USAGE_STATE } from './filter-state.js';
import { any, type EnvoyMessage, textStruct } from './json.js';
import { REASON_HEADER } from './names.js';

/**
 * One JSON line per request. Holds nothing that a client chose freely but the path of an admitted request: a token in
 * the wrong place must not get into a log.
 */
export function accessLog(path: string): EnvoyMessage {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      ...any('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
      path,
      log_format: { json_format: textStruct(FIELDS), omit_empty_values: true },
    },
  };
}

const FIELDS = {
  time: '%START_TIME%',
  peer: '%DOWNSTREAM_REMOTE_ADDRESS%',
  protocol: '%PROTOCOL%',
  method: '%REQ(:METHOD):16%',
  path: `%FILTER_STATE(${PATH_STATE}:PLAIN)%`,
  consumer: `%FILTER_STATE(${CONSUMER_STATE}:PLAIN)%`,
  route: '%ROUTE_NAME%',
  upstream: '%UPSTREAM_CLUSTER_RAW%',
  upstreamHost: '%UPSTREAM_HOST%',
  target: '%UPSTREAM_METADATA(hiclaw:target)%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  status: '%RESPONSE_CODE%',
  reason: `%RESP(${REASON_HEADER})%`,
  details: '%RESPONSE_CODE_DETAILS%',
  flags: '%RESPONSE_FLAGS%',
  bytesReceived: '%BYTES_RECEIVED%',
  bytesSent: '%BYTES_SENT%',
  durationMs: '%DURATION%',
  upstreamMs: '%RESPONSE_DURATION%',
  usage: `%FILTER_STATE(${USAGE_STATE}:PLAIN)%`,
  traceId: '%TRACE_ID%',
};

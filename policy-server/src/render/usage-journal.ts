import { CONSUMER_STATE, USAGE_STATE } from './filter-state.js';
import { any, type EnvoyMessage, textStruct } from './json.js';

/**
 * One JSON line per LLM call that was forwarded: what it used, for the policy server to read.
 *
 * @param path file in a folder that only this user can enter; Envoy creates it readable for all
 */
export function usageJournal(path: string): EnvoyMessage {
  return {
    name: 'envoy.access_loggers.file',
    filter: HAS_USAGE,
    typed_config: {
      ...any('envoy.extensions.access_loggers.file.v3.FileAccessLog'),
      path,
      log_format: { json_format: textStruct(FIELDS), omit_empty_values: true },
    },
  };
}

const HAS_USAGE: EnvoyMessage = {
  extension_filter: {
    name: 'envoy.access_loggers.extension_filters.cel',
    typed_config: {
      ...any('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter'),
      expression: `'${USAGE_STATE}' in filter_state`,
    },
  },
};

const FIELDS = {
  // Not %STREAM_ID%: that is the request's x-request-id, so a client could choose it and hide calls as repetitions.
  id: '%UNIQUE_ID%',
  start: '%START_TIME%',
  durationMs: '%DURATION%',
  firstByteMs: '%RESPONSE_DURATION%',
  consumer: `%FILTER_STATE(${CONSUMER_STATE}:PLAIN)%`,
  route: '%ROUTE_NAME%',
  upstream: '%UPSTREAM_METADATA(hiclaw:upstream)%',
  target: '%UPSTREAM_METADATA(hiclaw:target)%',
  status: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  usage: `%FILTER_STATE(${USAGE_STATE}:PLAIN)%`,
};

import { any, type EnvoyMessage, textStruct } from './json.js';
import { REASON_HEADER } from './names.js';

/** Reasons of the replies that Envoy itself makes, by status; everything else is `gateway-error`. */
const REASONS: readonly (readonly [status: number, reason: string, message: string, type: string])[] = [
  [
    400,
    'request-malformed',
    'The request is not valid HTTP or its path is not acceptable.',
    'invalid_request_error',
  ],
  [403, 'upgrade-not-allowed', 'Protocol upgrades are not allowed.', 'permission_error'],
  [404, 'route-not-found', 'There is nothing at this address.', 'not_found_error'],
  [408, 'request-timeout', 'The request or its stream was idle for too long.', 'invalid_request_error'],
  [413, 'body-too-large', 'The request body is too large.', 'invalid_request_error'],
  [426, 'upgrade-required', 'This HTTP version is not supported.', 'invalid_request_error'],
  [431, 'headers-too-large', 'The request headers are too large.', 'invalid_request_error'],
  [500, 'gateway-error', 'The gateway failed.', 'api_error'],
  [502, 'upstream-protocol-error', 'The upstream sent something that is not valid HTTP.', 'api_error'],
  [503, 'upstream-unavailable', 'The upstream cannot be reached.', 'api_error'],
  [504, 'upstream-timeout', 'The upstream did not answer in time.', 'api_error'],
];

/**
 * Shapes of the replies that Envoy makes by itself. The plugins' replies, which bear a reason already, stay as they
 * are.
 */
export function localReplies(): EnvoyMessage {
  return {
    mappers: REASONS.map(([status, reason, message, type]) => ({
      filter: { and_filter: { filters: [statusIs(status), NOT_OURS] } },
      body_format_override: {
        json_format: {
          fields: { error: { structValue: textStruct({ message, type, code: reason }) } },
        },
        content_type: 'application/json',
      },
      headers_to_add: [
        {
          header: { key: REASON_HEADER, value: reason },
          append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
        },
      ],
    })),
  };
}

function statusIs(status: number): EnvoyMessage {
  return {
    status_code_filter: {
      comparison: { op: 'EQ', value: { default_value: status, runtime_key: 'hiclaw.local_reply.status' } },
    },
  };
}

const NOT_OURS: EnvoyMessage = {
  extension_filter: {
    name: 'envoy.access_loggers.extension_filters.cel',
    typed_config: {
      ...any('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter'),
      expression: `!('${REASON_HEADER}' in response.headers)`,
    },
  },
};

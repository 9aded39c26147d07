import { any, type EnvoyMessage } from './json.js';

/** A client that must wait for longer gets to know so at once. */
export const LONGEST_WAIT_SECONDS = 10;

/** Envoy does not try again after a response with this header; the route table takes it off for the client. */
const FINAL = 'x-envoy-ratelimited';
const WITHIN = `^([0-9]|${LONGEST_WAIT_SECONDS})$`;

/**
 * Marks a response as final that asks to come back later than is waited for: by itself Envoy would ignore what it asks
 * and try again at once. So does a date, which Envoy does not read.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/router_filter#x-envoy-ratelimited
 */
export const HEED_RETRY_AFTER: EnvoyMessage = {
  name: 'heed-retry-after',
  typed_config: {
    ...any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'),
    mutations: {
      response_mutations: [
        {
          append: {
            header: {
              key: FINAL,
              value: `%CEL(!('retry-after' in response.headers) || response.headers['retry-after'].matches('${WITHIN}') ? '' : 'true')%`,
            },
            append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
          },
        },
      ],
    },
  },
};

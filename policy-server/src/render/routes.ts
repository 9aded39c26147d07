import type { GatewayRoute, PathRewrite } from '../translate/state.js';
import { any, type EnvoyMessage, seconds, wrapped } from './json.js';
import { REASON_HEADER, ROUTE_CONFIG, ROUTE_HEADER, ROUTE_TYPE } from './names.js';

/** A stream without a byte in either direction for this long is over. */
const IDLE_SECONDS = { llm: 600, service: 600, mcp: 3_600 };

const MAX_RETRIES = 2;
const RETRY_BASE_SECONDS = 0.025;
const RETRY_MAX_SECONDS = 0.25;

/**
 * What Envoy put on the request, or the client as its credential, and no upstream shall learn. Short, because every
 * request pays for each name: what only clients send, key-auth removes where it is there.
 */
const REQUEST_HEADERS_REMOVED: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-request-id',
  ROUTE_HEADER,
];

/** What a client must be able to trust that it comes from the gateway, or has no use for. */
const RESPONSE_HEADERS_REMOVED: readonly string[] = [
  REASON_HEADER,
  'alt-svc',
  'via',
  'x-envoy-attempt-count',
  'x-envoy-degraded',
  'x-envoy-immediate-health-check-fail',
  'x-envoy-overloaded',
  'x-envoy-ratelimited',
  'x-envoy-upstream-service-time',
];

/**
 * The route table. key-auth has chosen the route and says so in a header that no client can set; the path is matched
 * only as far as it is rewritten.
 */
export function renderRouteConfiguration(routes: readonly EnvoyMessage[]): EnvoyMessage {
  return {
    ...any(ROUTE_TYPE),
    name: ROUTE_CONFIG,
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: [...routes, NOT_FOUND] }],
    request_headers_to_remove: [...REQUEST_HEADERS_REMOVED],
    response_headers_to_remove: [...RESPONSE_HEADERS_REMOVED],
  };
}

/** The Envoy routes of one of ours: one per rewrite. */
export function renderRoutes(route: GatewayRoute): readonly EnvoyMessage[] {
  return route.rewrites.map((rewrite) => ({
    name: route.key,
    stat_prefix: route.key,
    match: {
      ...matchPath(rewrite),
      headers: [{ name: ROUTE_HEADER, string_match: { exact: route.key } }],
    },
    route: {
      cluster: route.upstream,
      host_rewrite_literal: route.hostHeader,
      prefix_rewrite: rewrite.to,
      timeout: seconds(0),
      idle_timeout: seconds(IDLE_SECONDS[route.kind]),
      retry_policy: RETRY_POLICY,
    },
  }));
}

const NOT_FOUND: EnvoyMessage = {
  name: 'none',
  match: { prefix: '/' },
  direct_response: { status: 404 },
};

/** Only failures before the upstream can have seen the request: a second completion would be paid for twice. */
const RETRY_POLICY: EnvoyMessage = {
  retry_on: 'connect-failure,refused-stream,reset-before-request',
  num_retries: wrapped(MAX_RETRIES),
  retry_back_off: {
    base_interval: seconds(RETRY_BASE_SECONDS),
    max_interval: seconds(RETRY_MAX_SECONDS),
  },
};

function matchPath({ match, from }: PathRewrite): EnvoyMessage {
  return match === 'exact' ? { path: from } : { prefix: from };
}

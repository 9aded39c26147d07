import type { GatewayRoute, PathRewrite } from '../translate/state.js';
import { any, type EnvoyMessage, seconds, wrapped } from './json.js';
import { REASON_HEADER, ROUTE_CONFIG, ROUTE_HEADER, ROUTE_TYPE } from './names.js';
import { renderRetries, SAFE_RETRIES } from './retries.js';

/** A stream without a byte in either direction for this long is over. */
const IDLE_SECONDS = 600;
/** MCP servers keep a stream open for what they may have to say. */
const MCP_IDLE_SECONDS = 3_600;

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
      headers: [{ name: ROUTE_HEADER, string_match: { exact: route.variant } }],
    },
    route: {
      cluster: route.upstream,
      ...(route.hostHeader === null
        ? { auto_host_rewrite: wrapped(true) }
        : { host_rewrite_literal: route.hostHeader }),
      ...(rewrite.to === null ? {} : { prefix_rewrite: rewrite.to }),
      timeout: seconds(0),
      idle_timeout: seconds(idleSeconds(route)),
      retry_policy: route.attempts === null ? SAFE_RETRIES : renderRetries(route.attempts),
    },
    // The usage of an answer must be readable on its way.
    ...(route.kind === 'llm' ? { request_headers_to_remove: ['accept-encoding'] } : {}),
  }));
}

function idleSeconds({ kind, attempts }: GatewayRoute): number {
  if (attempts !== null) return attempts.silenceMs / 1000;
  return kind === 'mcp' ? MCP_IDLE_SECONDS : IDLE_SECONDS;
}

const NOT_FOUND: EnvoyMessage = {
  name: 'none',
  match: { prefix: '/' },
  direct_response: { status: 404 },
};

function matchPath({ match, from }: PathRewrite): EnvoyMessage {
  return match === 'exact' ? { path: from } : { prefix: from };
}

/** Envoy keeps request, response and trailer maps apart: each has its own joined headers. */
export type HeaderMapKind = 'request' | 'response' | 'trailers';

const BOTH = [
  'cache-control', 'connection', 'content-encoding', 'content-length', 'content-type', 'keep-alive', 'proxy-connection',
  'proxy-status', 'transfer-encoding', 'upgrade', 'via', 'x-envoy-attempt-count', 'x-envoy-decorator-operation',
  'x-request-id',
]; // prettier-ignore
const REQUEST = [
  ':authority', ':method', ':path', ':protocol', ':scheme', 'accept', 'accept-encoding', 'access-control-request-headers',
  'access-control-request-method', 'access-control-request-private-network', 'authorization', 'expect',
  'grpc-accept-encoding', 'grpc-timeout', 'if-match', 'if-modified-since', 'if-none-match', 'if-range',
  'if-unmodified-since', 'origin', 'pragma', 'referer', 'te', 'user-agent', 'x-client-trace-id',
  'x-envoy-downstream-service-cluster', 'x-envoy-downstream-service-node', 'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address', 'x-envoy-force-trace', 'x-envoy-internal', 'x-envoy-max-retries', 'x-envoy-original-path',
  'x-envoy-retry-grpc-on', 'x-envoy-retry-on', 'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-ms', 'x-forwarded-client-cert', 'x-forwarded-for', 'x-forwarded-host',
  'x-forwarded-port', 'x-forwarded-proto',
]; // prettier-ignore
const RESPONSE = [
  ':status', 'access-control-allow-credentials', 'access-control-allow-headers', 'access-control-allow-methods',
  'access-control-allow-origin', 'access-control-allow-private-network', 'access-control-expose-headers',
  'access-control-max-age', 'age', 'date', 'etag', 'expires', 'grpc-message', 'grpc-status', 'last-modified', 'location',
  'server', 'vary', 'x-envoy-degraded', 'x-envoy-immediate-health-check-fail', 'x-envoy-ratelimited',
  'x-envoy-upstream-canary', 'x-envoy-upstream-healthchecked-cluster', 'x-envoy-upstream-service-time',
]; // prettier-ignore

const JOINED: Readonly<Record<HeaderMapKind, ReadonlySet<string>>> = {
  request: new Set([...BOTH, ...REQUEST]),
  response: new Set([...BOTH, ...RESPONSE]),
  trailers: new Set(['grpc-message', 'grpc-status']),
};

/**
 * Envoy 1.40 keeps one entry for these names and joins a further value to it with a comma: two `authorization` headers
 * reach a plugin as one. Measured by `host.envoy.test.ts`.
 */
export function isJoined(kind: HeaderMapKind, name: string): boolean {
  return JOINED[kind].has(name);
}

const PREFIX = 'x-hiclaw-';

const NAMES = new Set([
  'x-mse-consumer',
  'x-consumer',
  'x-consumer-id',
  'x-consumer-username',
  'x-consumer-custom-id',
  'x-credential-identifier',
  'x-anonymous-consumer',
  'x-authenticated-userid',
  'x-authenticated-scope',
  'x-auth-request-user',
  'x-remote-user',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-preferred-username',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-envoy-attempt-count',
  'x-envoy-peer-metadata',
  'x-envoy-peer-metadata-id',
  'remote-user',
  'forwarded',
  'via',
  'true-client-ip',
  'api-key',
  'x-goog-api-key',
]);

/**
 * Whether a header claims an identity or an origin, is a credential or speaks for the gateway, and is therefore removed when a client
 * sends it.
 */
export function isIdentityHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.startsWith(PREFIX) || NAMES.has(lower);
}

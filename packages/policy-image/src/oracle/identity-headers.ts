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
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-preferred-username',
  'x-auth-request-user',
  'x-remote-user',
  'remote-user',
]);

/** Whether a header claims an identity, or speaks for the gateway, and is therefore removed when a client sends it. */
export function isIdentityHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.startsWith(PREFIX) || NAMES.has(lower);
}

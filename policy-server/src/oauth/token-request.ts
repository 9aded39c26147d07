import type { OAuth2Secrets, OAuth2Spec } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import type { Outbound, OutboundAnswer } from '../outbound/outbound-call.js';
import { redact } from '../outbound/redact.js';

/** An access token as the token endpoint gave it (RFC 6749 §5.1). */
export interface ObtainedToken {
  readonly accessToken: Secret;
  /** Seconds; null: the server did not say. */
  readonly expiresIn: number | null;
  readonly refreshToken: Secret | undefined;
}

export interface TokenFailure {
  /** A code of RFC 6749 §5.2 such as `invalid_client`, of `outbound/failure.ts`, or `answer-invalid`. */
  readonly code: string;
  /** For people; holds no secret. */
  readonly message: string;
  /** Repeating the request will not help. */
  readonly refused: boolean;
}

export type TokenResult =
  | { readonly token: ObtainedToken; readonly failure?: never }
  | { readonly token?: never; readonly failure: TokenFailure };

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 65_536;
/** As long as a credential's value may be. */
const MAX_TOKEN_LENGTH = 16_384;
const MAX_LIFETIME_SECONDS = 10 * 365 * 86_400;
/** RFC 6749 §5.2. */
const REFUSALS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

/** application/x-www-form-urlencoded, as RFC 6749 §2.3.1 wants it also for both halves of Basic. */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function formOf(spec: OAuth2Spec, { clientSecret, refreshToken }: OAuth2Secrets): [string, string][] {
  const { clientId, scopes, audience, authStyle, grant } = spec;
  const form: [string, string][] =
    grant === 'refresh-token'
      ? [
          ['grant_type', 'refresh_token'],
          ['refresh_token', refreshToken ?? ''],
        ]
      : [['grant_type', 'client_credentials']];
  if (scopes.length > 0) form.push(['scope', scopes.join(' ')]);
  if (audience !== undefined) form.push(['audience', audience]);
  if (clientSecret === undefined) form.push(['client_id', clientId]);
  else if (authStyle === 'body') form.push(['client_id', clientId], ['client_secret', clientSecret]);
  return form;
}

function headersOf(spec: OAuth2Spec, { clientSecret }: OAuth2Secrets): Record<string, Secret> {
  const type = { 'content-type': new Secret('application/x-www-form-urlencoded') };
  if (spec.authStyle !== 'basic' || clientSecret === undefined) return type;
  const pair = `${formEncode(spec.clientId)}:${formEncode(clientSecret)}`;
  return { ...type, authorization: new Secret(`Basic ${Buffer.from(pair).toString('base64')}`) };
}

/** The parser's messages repeat parts of the text, which may be a token. */
function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function invalid(message: string): TokenResult {
  return { failure: { code: 'answer-invalid', message, refused: false } };
}

function lifetimeOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return null;
  // Some servers write the number as text.
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  return Math.min(Math.floor(seconds), MAX_LIFETIME_SECONDS);
}

function tokenOf(fields: Record<string, unknown>): TokenResult {
  const { access_token: access, token_type: type, expires_in: expires, refresh_token: refresh } = fields;
  // What could not be a header value would only fail later, and elsewhere.
  if (typeof access !== 'string' || access.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(access)) {
    return invalid('The answer has no access_token that a header could carry.');
  }
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    return invalid('The token_type is not "Bearer", which is the only one that the gateway can present.');
  }
  const expiresIn = lifetimeOf(expires);
  if (expiresIn === undefined) return invalid('expires_in is not a number of seconds above 0.');
  if (refresh !== undefined && (typeof refresh !== 'string' || refresh === '')) {
    return invalid('refresh_token is not a text.');
  }
  return {
    token: {
      accessToken: new Secret(access),
      expiresIn,
      refreshToken: refresh === undefined ? undefined : new Secret(refresh),
    },
  };
}

function errorOf(answer: OutboundAnswer, secrets: readonly string[]): TokenResult {
  const fields = parseObject(answer.body);
  const code = typeof fields?.['error'] === 'string' ? fields['error'] : '';
  const known = REFUSALS.has(code);
  const told = fields?.['error_description'];
  const description = typeof told === 'string' ? `: ${redact(told, secrets)}` : '';
  if (answer.status >= 300 && answer.status < 400) {
    const message = 'The token endpoint redirects; give the address it redirects to as spec.oauth2.tokenUrl.';
    return { failure: { code: 'redirected', message, refused: true } };
  }
  if (known) {
    return {
      failure: { code, message: `The token endpoint refuses (${code})${description}`, refused: true },
    };
  }
  const message = `The token endpoint answers ${answer.status}${description}`;
  const refused = answer.status >= 400 && answer.status < 500 && ![408, 425, 429].includes(answer.status);
  return { failure: { code: `status-${answer.status}`, message, refused } };
}

/**
 * Asks the token endpoint for an access token: client credentials (RFC 6749 §4.4) or refresh token (§6). Never rejects;
 * no message holds a secret.
 *
 * Written out rather than taken from a library: both grants are one form and one JSON object, and what OAuth libraries
 * add (discovery, PKCE, ID tokens checked against an issuer) has no place here, while the address rules, the bounded
 * answer and the refusal of redirects of `Outbound` do.
 */
export async function requestToken(
  call: Outbound,
  spec: OAuth2Spec,
  secrets: Secret<OAuth2Secrets>,
): Promise<TokenResult> {
  const held = secrets.expose();
  const { answer, failure } = await call({
    method: 'POST',
    url: spec.tokenUrl,
    headers: headersOf(spec, held),
    body: new Secret(new URLSearchParams(formOf(spec, held)).toString()),
    caCertificates: spec.caCertificates,
    timeoutMs: TIMEOUT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
  });
  if (failure !== undefined) {
    const message = `The token endpoint cannot be reached (${failure.code}: ${failure.detail})`;
    return { failure: { code: failure.code, message, refused: false } };
  }
  const known = [held.clientSecret, held.refreshToken].filter((secret) => secret !== undefined);
  if (answer.status !== 200) return errorOf(answer, known);
  const fields = parseObject(answer.body);
  if (fields === null)
    return invalid('The answer is not a JSON object; is spec.oauth2.tokenUrl the token endpoint?');
  // Some servers answer errors with 200.
  if (fields['error'] !== undefined && fields['access_token'] === undefined) return errorOf(answer, known);
  return tokenOf(fields);
}

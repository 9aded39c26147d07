import { type Static, Type } from 'typebox';
import type { FieldErrors } from './field-errors.js';
import { hasControlCharacter } from './patterns.js';
import { CaCertificates, CLOSED, formatted, words } from './schema-parts.js';
import { parseUpstreamUrl } from './upstream-url.js';

const fields = {
  tokenUrl: formatted('upstream-url', {
    description: 'The token endpoint (RFC 6749 §3.2); https, except on loopback.',
  }),
  clientId: Type.String({ minLength: 1, maxLength: 512, description: 'Identifier of the client.' }),
  scopes: Type.Array(formatted('oauth2-scope', { maxLength: 256 }), {
    maxItems: 64,
    default: [],
    description: 'Scopes to ask for; none: what the server gives by default.',
  }),
  audience: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'Sent as `audience`, which some servers need beside the scopes.',
    }),
  ),
  authStyle: words(['basic', 'body'], {
    default: 'basic',
    description:
      'How the client authenticates (RFC 6749 §2.3.1): Authorization: Basic, or client_id and client_secret in the body.',
  }),
  caCertificates: Type.Optional(CaCertificates),
};

/** How access tokens are obtained: everything but the secrets. */
export const OAuth2Spec = Type.Object(
  {
    ...fields,
    grant: words(['client-credentials', 'refresh-token'], {
      default: 'client-credentials',
      description: 'Which grant is used (RFC 6749 §4.4, §6).',
    }),
  },
  CLOSED,
);
export type OAuth2Spec = Readonly<Static<typeof OAuth2Spec>>;

const secret = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 8192, writeOnly: true, description }));

/** The same as a client sends it. */
export const OAuth2SpecInput = Type.Object(
  {
    ...fields,
    grant: Type.Optional(
      words(['client-credentials', 'refresh-token'], {
        description: 'Default: `refresh-token` when one is given, otherwise `client-credentials`.',
      }),
    ),
    clientSecret: secret(
      'Required for a new credential with `grant: client-credentials`; absent later: unchanged.',
    ),
    refreshToken: secret(
      'Required for a new credential with `grant: refresh-token`; absent later: the last one the server gave.',
    ),
  },
  CLOSED,
);
export type OAuth2SpecInput = Readonly<Static<typeof OAuth2SpecInput>>;

/** Secrets of an OAuth 2 credential, as far as they were sent. */
export interface OAuth2Secrets {
  readonly clientSecret?: string;
  readonly refreshToken?: string;
}

/** Visible ASCII and spaces are all that RFC 6749 appendix A allows; messages never repeat any part of the value. */
function checkSecret(path: string, value: string | undefined, errors: FieldErrors): void {
  if (value === undefined) return;
  if (/[\r\n]$/.test(value)) errors.add(path, 'ends with a line break; give the value without it');
  else if (hasControlCharacter(value) || !/^[\x20-\x7e]+$/.test(value))
    errors.add(path, 'must hold printable ASCII characters only');
  else if (value.trim() !== value) errors.add(path, 'must not begin or end with white space');
}

/** Whether the host is this machine, where a plain connection is no risk. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

function checkTokenUrl({ tokenUrl, caCertificates }: OAuth2SpecInput, errors: FieldErrors): void {
  const { value } = parseUpstreamUrl(tokenUrl);
  if (value === undefined) return;
  if (value.scheme === 'http' && !isLoopback(value.host)) {
    errors.add('spec.oauth2.tokenUrl', 'must begin with https://: secrets are sent there');
  }
  if (value.scheme === 'http' && caCertificates !== undefined) {
    errors.add(
      'spec.oauth2.caCertificates',
      'has no meaning unless spec.oauth2.tokenUrl begins with https://',
    );
  }
}

/** Checks what a schema cannot say, and separates the secrets from what may be shown. */
export function completeOAuth2(
  input: OAuth2SpecInput,
  errors: FieldErrors,
): { readonly spec: OAuth2Spec; readonly secrets: OAuth2Secrets } {
  const { clientSecret, refreshToken, ...rest } = input;
  checkTokenUrl(input, errors);
  checkSecret('spec.oauth2.clientSecret', clientSecret, errors);
  checkSecret('spec.oauth2.refreshToken', refreshToken, errors);
  if (!/^[\x20-\x7e]+$/.test(input.clientId)) {
    errors.add('spec.oauth2.clientId', 'must hold printable ASCII characters only');
  }
  const grant = input.grant ?? (refreshToken === undefined ? 'client-credentials' : 'refresh-token');
  if (grant === 'client-credentials' && refreshToken !== undefined) {
    errors.add('spec.oauth2.refreshToken', 'is only for `grant: refresh-token`');
  }
  return {
    spec: { ...rest, grant },
    secrets: {
      ...(clientSecret === undefined ? {} : { clientSecret }),
      ...(refreshToken === undefined ? {} : { refreshToken }),
    },
  };
}

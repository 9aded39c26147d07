import {
  CLOSED,
  decodeSchema,
  type FieldError,
  type OAuth2Secrets,
  type OAuth2Spec,
} from '@hiclaw/resources';
import { GatewayError, Secret } from '@hiclaw/service-kit';
import { Type } from 'typebox';
import { InvalidInput } from '../store/errors.js';
import type { ValueIdentity } from './sealed-value.js';

const Stored = Type.Object(
  { clientSecret: Type.Optional(Type.String()), refreshToken: Type.Optional(Type.String()) },
  CLOSED,
);

/** Secrets are sealed under an identity that no value has. */
export function oauth2Identity(uid: string, version: number): ValueIdentity {
  return { uid: `${uid}/oauth2`, valueVersion: version };
}

/** @throws GatewayError `VAULT_VALUE_UNREADABLE` */
export function readOAuth2Secrets(text: Secret): Secret<OAuth2Secrets> {
  const decoded = decodeSchema(Stored, JSON.parse(text.expose()));
  if (decoded.ok) return new Secret<OAuth2Secrets>(decoded.value);
  throw new GatewayError('VAULT_VALUE_UNREADABLE', 'Stored OAuth 2 secrets are not of this version.');
}

/**
 * The secrets that a grant works with: those given, and those held where none was given. A refresh token has no place
 * where the grant is another one.
 *
 * @throws InvalidInput when one is missing
 */
export function mergeOAuth2Secrets(
  { grant }: OAuth2Spec,
  held: OAuth2Secrets,
  given: OAuth2Secrets,
): OAuth2Secrets {
  const { clientSecret, refreshToken } = { ...held, ...given };
  const errors: FieldError[] = [];
  if (grant === 'client-credentials' && clientSecret === undefined) {
    errors.push({ path: 'spec.oauth2.clientSecret', message: 'is required for `grant: client-credentials`' });
  }
  if (grant === 'refresh-token' && refreshToken === undefined) {
    errors.push({ path: 'spec.oauth2.refreshToken', message: 'is required for `grant: refresh-token`' });
  }
  if (errors.length > 0) throw new InvalidInput(errors);
  return {
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(grant === 'client-credentials' || refreshToken === undefined ? {} : { refreshToken }),
  };
}

import { type CredentialPlacement, credentialPlacement } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import type { StoredCredential } from '../store/resource-set.js';
import type { Refusal } from './conditions.js';
import type { BoundCredential } from './state.js';

/** @throws when the value cannot be had */
export type OpenCredential = (uid: string, valueVersion: number) => Secret;

export type TranslatedCredential =
  | { readonly bound: BoundCredential; readonly refusal?: never }
  | { readonly bound?: never; readonly refusal: Refusal };

/** A host that nobody has (RFC 6761 §6.4). Bound to nothing else, a credential is refused by the gateways wherever it would be put. */
export const SUSPENDED_HOST = 'suspended.invalid';

/** Opens a credential. What went wrong underneath is not repeated: it might say something about the value. */
export function translateCredential(stored: StoredCredential, open: OpenCredential): TranslatedCredential {
  const { name, uid } = stored.resource.metadata;
  const hosts = [...stored.resource.spec.hosts].sort();
  const placement = credentialPlacement(stored.resource.spec);
  if (stored.token?.suspended === true) return { bound: suspended(uid, placement, hosts) };
  let value: Secret;
  try {
    value = open(uid, stored.valueVersion);
  } catch {
    const message = `The value of credential "${name}" cannot be opened; is its vault key missing? Setting the value anew helps.`;
    return { refusal: { reason: 'CredentialUnreadable', message } };
  }
  return { bound: { id: `${uid}/${stored.valueVersion}`, ...placement, hosts, value } };
}

/**
 * Stands for a credential whose access token has expired, or is not there yet. The upstream stays, and with it the
 * routes that lead there: requests are refused with 503 until there is a token, and other targets may take them over.
 */
function suspended(uid: string, placement: CredentialPlacement, hosts: readonly string[]): BoundCredential {
  const nothing = new Secret('suspended');
  return {
    id: `${uid}/suspended`,
    ...placement,
    hosts: [SUSPENDED_HOST],
    value: nothing,
    suspendedFrom: hosts,
  };
}

/** Why a suspended credential cannot be used; its condition `Fresh` says more. */
export function suspension(stored: StoredCredential): Refusal | null {
  if (stored.token?.suspended !== true) return null;
  const { name } = stored.resource.metadata;
  return stored.token.obtainedAt === 0
    ? { reason: 'TokenPending', message: `Credential "${name}" has no access token yet.` }
    : { reason: 'TokenExpired', message: `The access token of credential "${name}" has expired.` };
}

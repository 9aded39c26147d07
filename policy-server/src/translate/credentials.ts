import { credentialPlacement } from '@hiclaw/resources';
import type { Secret } from '@hiclaw/service-kit';
import type { StoredCredential } from '../store/resource-set.js';
import type { Refusal } from './conditions.js';
import type { BoundCredential } from './state.js';

/** @throws when the value cannot be had */
export type OpenCredential = (uid: string, valueVersion: number) => Secret;

export type TranslatedCredential =
  | { readonly bound: BoundCredential; readonly refusal?: never }
  | { readonly bound?: never; readonly refusal: Refusal };

/** Opens a credential. What went wrong underneath is not repeated: it might say something about the value. */
export function translateCredential(stored: StoredCredential, open: OpenCredential): TranslatedCredential {
  const { name, uid } = stored.resource.metadata;
  const { hosts } = stored.resource.spec;
  let value: Secret;
  try {
    value = open(uid, stored.valueVersion);
  } catch {
    const message = `The value of credential "${name}" cannot be opened; is its vault key missing? Setting the value anew helps.`;
    return { refusal: { reason: 'CredentialUnreadable', message } };
  }
  const placement = credentialPlacement(stored.resource.spec);
  return { bound: { id: `${uid}/${stored.valueVersion}`, ...placement, hosts: [...hosts].sort(), value } };
}

import { GatewayError, Secret } from '@hiclaw/service-kit';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import type { KeyRing } from './key-ring.js';

const ALGORITHM = 'dir';
const ENCRYPTION = 'A256GCM';

/** What a ciphertext is bound to: it opens as this value of this credential, and as nothing else. */
export interface ValueIdentity {
  readonly uid: string;
  readonly valueVersion: number;
}

/** Encrypts a value with the current key. The identity stands in the protected header, so GCM authenticates it. */
export async function sealValue(
  ring: KeyRing,
  identity: ValueIdentity,
  value: Secret,
): Promise<{ readonly keyId: string; readonly jwe: string }> {
  const keyId = ring.currentId;
  const key = ring.find(keyId);
  if (key === undefined) throw new Error('the key ring has no current key');
  const jwe = await new CompactEncrypt(Buffer.from(value.expose(), 'utf8'))
    .setProtectedHeader({
      alg: ALGORITHM,
      enc: ENCRYPTION,
      kid: keyId,
      uid: identity.uid,
      ver: identity.valueVersion,
    })
    .encrypt(key.expose());
  return { keyId, jwe };
}

/**
 * Opens a ciphertext.
 *
 * @throws GatewayError `VAULT_VALUE_UNREADABLE` when its key is not in the ring, it was changed, or it belongs to
 * another credential or version
 */
export async function openValue(ring: KeyRing, identity: ValueIdentity, jwe: string): Promise<Secret> {
  const unreadable = (why: string, cause?: unknown): GatewayError =>
    new GatewayError(
      'VAULT_VALUE_UNREADABLE',
      `The stored value of credential ${identity.uid} cannot be read (${why}). Restore keys and database from the same backup.`,
      { cause },
    );
  let keyId: string | undefined;
  try {
    keyId = decodeProtectedHeader(jwe).kid;
  } catch (error) {
    throw unreadable('it is no JWE', error);
  }
  const key = keyId === undefined ? undefined : ring.find(keyId);
  if (key === undefined) throw unreadable('its key is not in the key ring');
  let opened: Awaited<ReturnType<typeof compactDecrypt>>;
  try {
    opened = await compactDecrypt(jwe, key.expose(), {
      keyManagementAlgorithms: [ALGORITHM],
      contentEncryptionAlgorithms: [ENCRYPTION],
    });
  } catch (error) {
    throw unreadable('it was changed', error);
  }
  const { uid, ver } = opened.protectedHeader;
  if (uid !== identity.uid || ver !== identity.valueVersion)
    throw unreadable('it belongs to another credential');
  return new Secret(Buffer.from(opened.plaintext).toString('utf8'));
}

import { stampChecksum } from './checksum.js';
import * as L from './layout.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthConsumer } from './policy.js';
import { expirySeconds } from './writer-checks.js';

/** A consumer whose tokens, grants and limits are as they were. */
export interface ConsumerPatch {
  /** Among the consumers that have a token, in the order of their names. */
  readonly index: number;
  readonly consumer: Pick<KeyAuthConsumer, 'name' | 'disabled' | 'revoked' | 'expiresAt'>;
}

/**
 * A key-auth image with some consumers disabled, revoked, restored or given another end, under another policy version:
 * the same bytes as if it was written anew, at the price of a copy. A revocation among very many consumers is urgent.
 *
 * @param image as written by `writeKeyAuthImage`
 * @throws PolicyImageError when the image has another consumer at that place
 */
export function patchConsumers(
  image: Uint8Array,
  patches: readonly ConsumerPatch[],
  policyVersion: bigint,
): Buffer {
  const patched = Buffer.from(image);
  const start = patched.readUInt32LE(L.KEY_AUTH_CONSUMERS);
  const count = patched.readUInt32LE(L.KEY_AUTH_CONSUMERS + 4);
  const strings = patched.readUInt32LE(L.KEY_AUTH_STRINGS);
  for (const { index, consumer } of patches) {
    const at = start + index * L.CONSUMER_BYTES;
    if (index < 0 || index >= count || nameAt(patched, at, strings) !== consumer.name) {
      throw new PolicyImageError(`the image does not have consumer "${consumer.name}" at ${index}`);
    }
    const flags = (consumer.disabled ? L.CONSUMER_DISABLED : 0) | (consumer.revoked ? L.CONSUMER_REVOKED : 0);
    patched.writeUInt32LE(flags, at + L.CONSUMER_FLAGS);
    patched.writeUInt32LE(expirySeconds(consumer.expiresAt, consumer.name), at + L.CONSUMER_EXPIRES_AT);
  }
  patched.writeBigUInt64LE(policyVersion, L.HEADER_POLICY_VERSION);
  stampChecksum(patched);
  return patched;
}

function nameAt(image: Buffer, at: number, strings: number): string {
  const offset = strings + image.readUInt32LE(at + L.CONSUMER_NAME);
  return image.toString('utf8', offset, offset + image.readUInt32LE(at + L.CONSUMER_NAME + 4));
}

// Opening what the policy server sealed: ChaCha20-Poly1305, RFC 8439 section 2.8.

import { chachaApply, chachaBlock, chachaForget, chachaStart } from './chacha20';
import { polyFinish, polyLengths, polyPadded, polyStart } from './poly1305';

export const TAG_BYTES: usize = 16;

const tag: usize = memory.data(16, 8);

/**
 * Verifies the 16 byte tag after `length` bytes of ciphertext and only then writes the plaintext, of the same length,
 * to `output`. False, and nothing written, when key, nonce, additional data and ciphertext do not belong together.
 */
export function unseal(
  key: usize,
  nonce: usize,
  aad: usize,
  aadLength: usize,
  sealed: usize,
  length: usize,
  output: usize,
): bool {
  chachaStart(key, nonce, 0);
  polyStart(chachaBlock());
  polyPadded(aad, aadLength);
  polyPadded(sealed, length);
  polyLengths(aadLength, length);
  polyFinish(tag);
  const expected = sealed + length;
  const difference = (load<u64>(tag) ^ load<u64>(expected)) | (load<u64>(tag + 8) ^ load<u64>(expected + 8));
  if (difference == 0) chachaApply(sealed, length, output);
  chachaForget();
  return difference == 0;
}

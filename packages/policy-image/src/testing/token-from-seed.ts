import { createHash } from 'node:crypto';
import { formatToken } from '../token.js';

/** The token of a readable seed, for tests: every place that uses the seed gets the same token. */
export function tokenFromSeed(seed: string): string {
  return formatToken(createHash('sha256').update(`hiclaw test token ${seed}`).digest());
}

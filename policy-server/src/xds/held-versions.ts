import { WHOLE_TYPE } from '../snapshot/snapshot.js';

const MAX_TEXT_LENGTH = 1024;
const HASH = /^[0-9a-f]{32}$/;

/**
 * The `version_info` of a type says which content a gateway holds of each resource, so that a policy server that never
 * saw this gateway before knows what it need not send.
 */
export function formatVersion(hashes: ReadonlyMap<string, string>): string {
  const whole = hashes.get(WHOLE_TYPE);
  if (whole !== undefined) return whole;
  return [...hashes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hash]) => `${name}=${hash}`)
    .join(';');
}

/** The reverse; what cannot be read is not held. */
export function parseVersion(text: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  if (text.length > MAX_TEXT_LENGTH) return hashes;
  if (HASH.test(text)) return hashes.set(WHOLE_TYPE, text);
  for (const part of text.split(';')) {
    const [name = '', hash = ''] = part.split('=');
    if (name !== '' && HASH.test(hash)) hashes.set(name, hash);
  }
  return hashes;
}

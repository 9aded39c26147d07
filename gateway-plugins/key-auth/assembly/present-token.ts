import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, equalsIgnoringCase } from '../../policy/assembly/bytes';
import { sha256 } from '../../policy/assembly/sha256';
import { facts, REPEATED } from './facts';
import { isToken } from './token';
import { ADMIT, TOKEN_CONFLICT, TOKEN_MALFORMED, TOKEN_MISPLACED, TOKEN_MISSING } from './verdict';

const BEARER = ascii('bearer ');

/** SHA-256 of the presented token, 32 bytes; valid after presentedToken() gave ADMIT. */
export const presentedDigest: usize = memory.data(32, 8);

/** ADMIT when the request presents exactly one token, and where a token belongs; its digest is taken then. */
export function presentedToken(): u32 {
  if (facts.authorizationCount >= REPEATED || facts.apiKeyCount >= REPEATED) return TOKEN_CONFLICT;
  if (facts.authorizationCount + facts.apiKeyCount == 0) return TOKEN_MISSING;
  let token = facts.apiKey;
  let length = facts.apiKeyLength;
  let isBearer = true;
  if (facts.authorizationCount != 0) {
    token = facts.authorization;
    length = facts.authorizationLength;
    const scheme = asciiLength(BEARER);
    isBearer = length >= scheme && equalsIgnoringCase(token, BEARER, scheme);
    if (isBearer) {
      token += scheme;
      length -= scheme;
    }
    const both = facts.apiKeyCount != 0;
    if (both && (facts.apiKeyLength != length || !bytesEqual(facts.apiKey, token, length))) {
      return TOKEN_CONFLICT;
    }
  }
  if (!isBearer || !isToken(token, length)) return TOKEN_MALFORMED;
  if (facts.tokenElsewhere) return TOKEN_MISPLACED;
  return sha256(token, length, presentedDigest) ? ADMIT : TOKEN_MALFORMED;
}

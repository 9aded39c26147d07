// Status, code and text of each refusal.

import { ascii } from '../../policy/assembly/ascii';
import * as T from '../../../packages/policy-image/src/oracle/refusal-texts';
import * as V from './verdict';

const ENTRY: u32 = 12;
const table: usize = memory.data(480, 8);

function enter(verdict: u32, status: u32, code: string, text: string): void {
  const at = table + verdict * ENTRY;
  store<u32>(at, status);
  store<usize>(at + 4, ascii(code));
  store<usize>(at + 8, ascii(text));
}

function fillTable(): bool {
  enter(V.NO_POLICY, 503, 'no-policy', T.TEXT_NO_POLICY);
  enter(V.PATH_MALFORMED, 400, 'path-malformed', T.TEXT_PATH_MALFORMED);
  enter(V.TOKEN_MISSING, 401, 'token-missing', T.TEXT_TOKEN_MISSING);
  enter(V.TOKEN_CONFLICT, 401, 'token-conflict', T.TEXT_TOKEN_CONFLICT);
  enter(V.TOKEN_MALFORMED, 401, 'token-malformed', T.TEXT_TOKEN_MALFORMED);
  enter(V.TOKEN_MISPLACED, 401, 'token-misplaced', T.TEXT_TOKEN_MISPLACED);
  enter(V.TOKEN_UNKNOWN, 401, 'token-unknown', T.TEXT_TOKEN_UNKNOWN);
  enter(V.TOKEN_EXPIRED, 401, 'token-expired', T.TEXT_TOKEN_EXPIRED);
  enter(V.CONSUMER_REVOKED, 401, 'consumer-revoked', T.TEXT_CONSUMER_REVOKED);
  enter(V.CONSUMER_DISABLED, 403, 'consumer-disabled', T.TEXT_CONSUMER_DISABLED);
  enter(V.CONSUMER_EXPIRED, 403, 'consumer-expired', T.TEXT_CONSUMER_EXPIRED);
  enter(V.UPGRADE_NOT_ALLOWED, 403, 'upgrade-not-allowed', T.TEXT_UPGRADE_NOT_ALLOWED);
  enter(V.ROUTE_NOT_FOUND, 404, 'route-not-found', T.TEXT_ROUTE_NOT_FOUND);
  enter(V.ROUTE_NOT_ALLOWED, 403, 'route-not-allowed', T.TEXT_ROUTE_NOT_ALLOWED);
  enter(V.ENDPOINT_NOT_FOUND, 404, 'endpoint-not-found', T.TEXT_ENDPOINT_NOT_FOUND);
  enter(V.METHOD_NOT_ALLOWED, 405, 'method-not-allowed', T.TEXT_METHOD_NOT_ALLOWED);
  enter(V.REQUEST_NOT_ALLOWED, 403, 'request-not-allowed', T.TEXT_REQUEST_NOT_ALLOWED);
  enter(V.MODEL_NOT_FOUND, 404, 'model-not-found', T.TEXT_MODEL_NOT_FOUND);
  enter(V.BODY_ENCODED, 415, 'body-encoded', T.TEXT_BODY_ENCODED);
  enter(V.BODY_TYPE, 415, 'body-type', T.TEXT_BODY_TYPE);
  enter(V.BODY_TOO_LARGE, 413, 'body-too-large', T.TEXT_BODY_TOO_LARGE);
  enter(V.BODY_MALFORMED, 400, 'body-malformed', T.TEXT_BODY_MALFORMED);
  enter(V.MODEL_AMBIGUOUS, 400, 'model-ambiguous', T.TEXT_MODEL_AMBIGUOUS);
  enter(V.MODEL_MISSING, 400, 'model-missing', T.TEXT_MODEL_MISSING);
  enter(V.MODEL_MALFORMED, 400, 'model-malformed', T.TEXT_MODEL_MALFORMED);
  enter(V.MODEL_NOT_ALLOWED, 403, 'model-not-allowed', T.TEXT_MODEL_NOT_ALLOWED);
  enter(V.STORED_NOT_ALLOWED, 403, 'stored-not-allowed', T.TEXT_STORED_NOT_ALLOWED);
  enter(V.REQUESTS_EXHAUSTED, 429, 'requests-exhausted', T.TEXT_REQUESTS_EXHAUSTED);
  enter(V.TOKENS_EXHAUSTED, 429, 'tokens-exhausted', T.TEXT_TOKENS_EXHAUSTED);
  enter(V.BUDGET_EXHAUSTED, 429, 'budget-exhausted', T.TEXT_BUDGET_EXHAUSTED);
  enter(V.PRICE_UNKNOWN, 403, 'price-unknown', T.TEXT_PRICE_UNKNOWN);
  enter(V.LIMITS_UNAVAILABLE, 503, 'limits-unavailable', T.TEXT_LIMITS_UNAVAILABLE);
  enter(V.INTERNAL, 503, 'internal', T.TEXT_INTERNAL);
  return true;
}
export const reasonsFilled: bool = fillTable();

export function reasonStatus(verdict: u32): u32 {
  return load<u32>(table + verdict * ENTRY);
}

/** The stable code, as `ascii` made it. */
export function reasonCode(verdict: u32): usize {
  return load<usize>(table + verdict * ENTRY + 4);
}

/** What the client reads, as `ascii` made it. No text has a character that JSON escapes. */
export function reasonText(verdict: u32): usize {
  return load<usize>(table + verdict * ENTRY + 8);
}

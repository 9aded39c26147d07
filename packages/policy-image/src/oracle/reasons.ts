import * as T from './refusal-texts.js';

/** Every reason why key-auth refuses a request, in the order in which they are looked for, with its status and text. */
export const REASONS = {
  'no-policy': { status: 503, text: T.TEXT_NO_POLICY },
  'path-malformed': { status: 400, text: T.TEXT_PATH_MALFORMED },
  'token-missing': { status: 401, text: T.TEXT_TOKEN_MISSING },
  'token-conflict': { status: 401, text: T.TEXT_TOKEN_CONFLICT },
  'token-malformed': { status: 401, text: T.TEXT_TOKEN_MALFORMED },
  'token-misplaced': { status: 401, text: T.TEXT_TOKEN_MISPLACED },
  'token-unknown': { status: 401, text: T.TEXT_TOKEN_UNKNOWN },
  'token-expired': { status: 401, text: T.TEXT_TOKEN_EXPIRED },
  'consumer-revoked': { status: 401, text: T.TEXT_CONSUMER_REVOKED },
  'consumer-disabled': { status: 403, text: T.TEXT_CONSUMER_DISABLED },
  'consumer-expired': { status: 403, text: T.TEXT_CONSUMER_EXPIRED },
  'upgrade-not-allowed': { status: 403, text: T.TEXT_UPGRADE_NOT_ALLOWED },
  'route-not-found': { status: 404, text: T.TEXT_ROUTE_NOT_FOUND },
  'route-not-allowed': { status: 403, text: T.TEXT_ROUTE_NOT_ALLOWED },
  'endpoint-not-found': { status: 404, text: T.TEXT_ENDPOINT_NOT_FOUND },
  'method-not-allowed': { status: 405, text: T.TEXT_METHOD_NOT_ALLOWED },
  'request-not-allowed': { status: 403, text: T.TEXT_REQUEST_NOT_ALLOWED },
  'model-not-found': { status: 404, text: T.TEXT_MODEL_NOT_FOUND },
  'body-encoded': { status: 415, text: T.TEXT_BODY_ENCODED },
  'body-type': { status: 415, text: T.TEXT_BODY_TYPE },
  'body-too-large': { status: 413, text: T.TEXT_BODY_TOO_LARGE },
  'body-malformed': { status: 400, text: T.TEXT_BODY_MALFORMED },
  'model-ambiguous': { status: 400, text: T.TEXT_MODEL_AMBIGUOUS },
  'model-missing': { status: 400, text: T.TEXT_MODEL_MISSING },
  'model-malformed': { status: 400, text: T.TEXT_MODEL_MALFORMED },
  'model-not-allowed': { status: 403, text: T.TEXT_MODEL_NOT_ALLOWED },
  'stored-not-allowed': { status: 403, text: T.TEXT_STORED_NOT_ALLOWED },
  /** What was spent is known to gateways and the policy server only; the oracle never gives these. */
  'price-unknown': { status: 403, text: T.TEXT_PRICE_UNKNOWN },
  'requests-exhausted': { status: 429, text: T.TEXT_REQUESTS_EXHAUSTED },
  'tokens-exhausted': { status: 429, text: T.TEXT_TOKENS_EXHAUSTED },
  'budget-exhausted': { status: 429, text: T.TEXT_BUDGET_EXHAUSTED },
  'limits-unavailable': { status: 503, text: T.TEXT_LIMITS_UNAVAILABLE },
  /** A hostcall failed; the oracle never gives it. */
  internal: { status: 503, text: T.TEXT_INTERNAL },
} as const;

export type Reason = keyof typeof REASONS;

// Outcomes of a decision. Every number below FIRST_OTHER is a refusal; reasons.ts has its status, code and text.

export const NO_POLICY: u32 = 0;
export const PATH_MALFORMED: u32 = 1;
export const TOKEN_MISSING: u32 = 2;
export const TOKEN_CONFLICT: u32 = 3;
export const TOKEN_MALFORMED: u32 = 4;
export const TOKEN_MISPLACED: u32 = 5;
export const TOKEN_UNKNOWN: u32 = 6;
export const TOKEN_EXPIRED: u32 = 7;
export const CONSUMER_REVOKED: u32 = 8;
export const CONSUMER_DISABLED: u32 = 9;
export const CONSUMER_EXPIRED: u32 = 10;
export const UPGRADE_NOT_ALLOWED: u32 = 11;
export const ROUTE_NOT_FOUND: u32 = 12;
export const ROUTE_NOT_ALLOWED: u32 = 13;
export const ENDPOINT_NOT_FOUND: u32 = 14;
export const METHOD_NOT_ALLOWED: u32 = 15;
export const REQUEST_NOT_ALLOWED: u32 = 16;
export const MODEL_NOT_FOUND: u32 = 17;
export const BODY_ENCODED: u32 = 18;
export const BODY_TYPE: u32 = 19;
export const BODY_TOO_LARGE: u32 = 20;
export const BODY_MALFORMED: u32 = 21;
export const MODEL_AMBIGUOUS: u32 = 22;
export const MODEL_MISSING: u32 = 23;
export const MODEL_MALFORMED: u32 = 24;
export const MODEL_NOT_ALLOWED: u32 = 25;
export const STORED_NOT_ALLOWED: u32 = 27;
export const INTERNAL: u32 = 26;

/** The consumer has spent what its limits allow. */
export const REQUESTS_EXHAUSTED: u32 = 30;
export const TOKENS_EXHAUSTED: u32 = 31;
export const BUDGET_EXHAUSTED: u32 = 32;
/** Its budget is in money, and no target says what the model costs. */
export const PRICE_UNKNOWN: u32 = 33;
/** Whether it has spent that cannot be found out. */
export const LIMITS_UNAVAILABLE: u32 = 34;

export const FIRST_OTHER: u32 = 100;
/** The request goes upstream, on `outcome.route`. */
export const ADMIT: u32 = 100;
/** Everything but the model is decided; it stands in the body. */
export const AWAIT_BODY: u32 = 101;
/** The gateway answers: it is healthy. */
export const ANSWER_HEALTH: u32 = 102;
/** The gateway answers with the models that the consumer may use. */
export const ANSWER_MODELS: u32 = 103;
/** The gateway answers with the model at `outcome.model`. */
export const ANSWER_MODEL: u32 = 104;

/** The consumer may have something left of its limits; the policy server is asked. */
export const AWAIT_LEASE: u32 = 105;

/** What was found on the way to a decision; addresses in the image and the request, 0 for "none". */
@unmanaged
export class Outcome {
  /** Set only for a token that is let in. */
  token: usize;
  consumer: usize;
  route: usize;
  /** The consumer's grant on the route. */
  grant: usize;
  llmPath: usize;
  model: usize;
  modelLength: usize;
  /** For METHOD_NOT_ALLOWED: an ASCII constant. */
  allow: usize;
  /** For AWAIT_BODY: the body is multipart/form-data, else JSON. */
  isForm: bool;
}

export const outcome: Outcome = changetype<Outcome>(memory.data(64, 8));

export function clearOutcome(): void {
  memory.fill(changetype<usize>(outcome), 0, offsetof<Outcome>());
}

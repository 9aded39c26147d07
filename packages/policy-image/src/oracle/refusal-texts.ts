/**
 * What the gateway says when it refuses a request. Compiled twice, by TypeScript and by AssemblyScript, so it may hold
 * nothing but constants. A text never quotes the request. The name after `TEXT_` is the reason code in upper case.
 */
export const TEXT_NO_POLICY = 'The gateway has no policy yet. Try again in a moment.';
export const TEXT_PATH_MALFORMED = 'The path is not in canonical form.';
export const TEXT_TOKEN_MISSING = 'A consumer token is required: Authorization: Bearer <token>.';
export const TEXT_TOKEN_CONFLICT = 'The request carries more than one credential.';
export const TEXT_TOKEN_MALFORMED = 'The credential is not a consumer token.';
export const TEXT_TOKEN_MISPLACED =
  'A consumer token belongs in Authorization or an API key header only. Rotate this one.';
export const TEXT_TOKEN_UNKNOWN = 'The consumer token is not valid.';
export const TEXT_TOKEN_EXPIRED = 'The consumer token has expired.';
export const TEXT_CONSUMER_REVOKED = 'This consumer has been revoked.';
export const TEXT_CONSUMER_DISABLED = 'This consumer is disabled.';
export const TEXT_CONSUMER_EXPIRED = 'This consumer has expired.';
export const TEXT_UPGRADE_NOT_ALLOWED = 'Protocol upgrades are not allowed.';
export const TEXT_ROUTE_NOT_FOUND = 'There is no such route.';
export const TEXT_ROUTE_NOT_ALLOWED = 'This consumer may not use this route.';
export const TEXT_METHOD_NOT_ALLOWED = 'This method is not allowed here.';
export const TEXT_REQUEST_NOT_ALLOWED = 'This route does not allow this method and path.';
export const TEXT_ENDPOINT_NOT_FOUND = 'There is no such endpoint.';
export const TEXT_MODEL_NOT_FOUND = 'There is no such model for this consumer.';
export const TEXT_BODY_ENCODED = 'An encoded body cannot be checked; send it without Content-Encoding.';
export const TEXT_BODY_TYPE = 'The body has no content type that this endpoint takes.';
export const TEXT_BODY_TOO_LARGE = 'The body is too large.';
export const TEXT_BODY_MALFORMED = 'The body is not one JSON object in UTF-8, or not one plain form.';
export const TEXT_MODEL_AMBIGUOUS =
  'The request names its model more than once, or in a place that does not count.';
export const TEXT_MODEL_MISSING = 'The request names no model.';
export const TEXT_MODEL_MALFORMED = 'The model of the request is not a model name.';
export const TEXT_MODEL_NOT_ALLOWED = 'This consumer may not use this model.';
export const TEXT_STORED_NOT_ALLOWED =
  'This route does not serve what a provider has stored: responses, conversations, prompts, cached content.';
export const TEXT_REQUESTS_EXHAUSTED =
  'This consumer has made all the requests that it may make in this minute.';
export const TEXT_TOKENS_EXHAUSTED = 'This consumer has used all the tokens that it may use in this minute.';
export const TEXT_BUDGET_EXHAUSTED = 'This consumer has spent its budget.';
export const TEXT_PRICE_UNKNOWN =
  'This consumer has a budget in money, and the price of this model is not known.';
export const TEXT_LIMITS_UNAVAILABLE = 'The gateway cannot find out what this consumer may still spend.';
export const TEXT_INTERNAL = 'The gateway could not handle the request.';

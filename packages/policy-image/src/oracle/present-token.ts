import { parseToken, TOKEN_PREFIX } from '../token.js';
import { headerValues, refuse, type Refusal, type RequestFacts } from './facts.js';

const BEARER = /^bearer /i;
/** Anthropic's, Azure's and Google's. */
const API_KEY_HEADERS = ['x-api-key', 'api-key', 'x-goog-api-key'];
const CREDENTIAL_HEADERS = ['authorization', ...API_KEY_HEADERS];

/** The one token that the request presents, or why it does not. */
export function presentedToken(facts: RequestFacts): { readonly token: string } | Refusal {
  const authorizations = headerValues(facts, 'authorization');
  const apiKeys = API_KEY_HEADERS.flatMap((name) => headerValues(facts, name));
  const [authorization] = authorizations;
  const [apiKey] = apiKeys;
  if (authorizations.length > 1 || apiKeys.length > 1) return refuse('token-conflict');

  const bearer = authorization?.replace(BEARER, '');
  const presented = bearer ?? apiKey;
  if (presented === undefined) return refuse('token-missing');
  if (apiKey !== undefined && apiKey !== presented) return refuse('token-conflict');

  const token = parseToken(presented);
  if (token === null || (authorization !== undefined && !BEARER.test(authorization))) {
    return refuse('token-malformed');
  }
  return isTokenElsewhere(facts) ? refuse('token-misplaced') : { token };
}

/** Anywhere else a token would reach logs or the upstream. */
function isTokenElsewhere(facts: RequestFacts): boolean {
  const others = facts.headers.filter(([name]) => !CREDENTIAL_HEADERS.includes(name.toLowerCase()));
  return [facts.path, facts.method, ...others.map(([, value]) => value)].some((text) =>
    text.includes(TOKEN_PREFIX),
  );
}

// Finding things in a verified key-auth image. Entries are addresses; 0 is "none".

import { bytesEqual, compareBytes } from '../../policy/assembly/bytes';
import { sectionCount, sectionStart } from '../../policy/assembly/image-frame';
import * as L from '../../../packages/policy-image/src/layout';

export function maxBodyBytes(image: usize): u32 {
  return load<u32>(image + L.KEY_AUTH_MAX_BODY_BYTES);
}

/** Address of the bytes of the string whose reference stands at `field`. */
export function stringAt(image: usize, field: usize): usize {
  return sectionStart(image, L.KEY_AUTH_STRINGS) + load<u32>(field);
}

export function stringLength(field: usize): usize {
  return load<u32>(field + 4);
}

/** The token with this SHA-256, of which the image holds the first 16 bytes. */
export function findToken(image: usize, digest: usize): usize {
  const buckets = sectionCount(image, L.KEY_AUTH_TOKEN_BUCKETS) - 1;
  // A power of two: the number of leading digest bits is its number of trailing zeros.
  const bits = ctz<u32>(buckets);
  const bucket: usize = bits == 0 ? 0 : bswap(load<u32>(digest)) >> (32 - bits);
  const first = sectionStart(image, L.KEY_AUTH_TOKEN_BUCKETS) + bucket * L.TOKEN_BUCKET_BYTES;
  const tokens = sectionStart(image, L.KEY_AUTH_TOKENS);
  const end = tokens + load<u32>(first + L.TOKEN_BUCKET_BYTES) * L.TOKEN_BYTES;
  const high = load<u64>(digest);
  const low = load<u64>(digest + 8);
  for (let token = tokens + load<u32>(first) * L.TOKEN_BYTES; token < end; token += L.TOKEN_BYTES) {
    if (load<u64>(token) == high && load<u64>(token + 8) == low) return token;
  }
  return 0;
}

export function consumerOf(image: usize, token: usize): usize {
  return sectionStart(image, L.KEY_AUTH_CONSUMERS) + load<u32>(token + L.TOKEN_CONSUMER) * L.CONSUMER_BYTES;
}

/** The route with this key: they are sorted. */
export function findRoute(image: usize, key: usize, length: usize): usize {
  const routes = sectionStart(image, L.KEY_AUTH_ROUTES);
  let low: u32 = 0;
  let high = sectionCount(image, L.KEY_AUTH_ROUTES);
  while (low < high) {
    const middle = (low + high) >> 1;
    const route = routes + middle * L.ROUTE_BYTES;
    const field = route + L.ROUTE_KEY;
    const order = compareBytes(key, length, stringAt(image, field), stringLength(field));
    if (order == 0) return route;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return 0;
}

export function routeIndex(image: usize, route: usize): u32 {
  return <u32>(route - sectionStart(image, L.KEY_AUTH_ROUTES)) / L.ROUTE_BYTES;
}

export function routeAt(image: usize, index: u32): usize {
  return sectionStart(image, L.KEY_AUTH_ROUTES) + index * L.ROUTE_BYTES;
}

/** The consumer's grant on the route: within a profile they are sorted by route. */
export function findGrant(image: usize, consumer: usize, route: usize): usize {
  const wanted = routeIndex(image, route);
  const profile =
    sectionStart(image, L.KEY_AUTH_PROFILES) + load<u32>(consumer + L.CONSUMER_PROFILE) * L.PROFILE_BYTES;
  const grants =
    sectionStart(image, L.KEY_AUTH_GRANTS) + load<u32>(profile + L.PROFILE_GRANTS_START) * L.GRANT_BYTES;
  let low: u32 = 0;
  let high = load<u32>(profile + L.PROFILE_GRANTS_COUNT);
  while (low < high) {
    const middle = (low + high) >> 1;
    const grant = grants + middle * L.GRANT_BYTES;
    const index = load<u32>(grant + L.GRANT_ROUTE);
    if (index == wanted) return grant;
    if (index > wanted) high = middle;
    else low = middle + 1;
  }
  return 0;
}

/** Reference to the key of the Envoy route that requests under this grant take: a variant of the route, or the route. */
export function envoyRouteOf(image: usize, grant: usize): usize {
  const variant = grant + L.GRANT_ENVOY_ROUTE;
  return stringLength(variant) != 0 ? variant : routeAt(image, load<u32>(grant + L.GRANT_ROUTE)) + L.ROUTE_KEY;
}

/** Number of limits of the consumer; 0: it has none. */
export function limitCount(image: usize, consumer: usize): u32 {
  const set = limitSetOf(image, consumer);
  return set == 0 ? 0 : load<u32>(set + L.LIMIT_SET_COUNT);
}

/** The consumer's limit with this number; they are in the order of their meters. */
export function limitAt(image: usize, consumer: usize, number: u32): usize {
  const first = load<u32>(limitSetOf(image, consumer) + L.LIMIT_SET_START);
  return sectionStart(image, L.KEY_AUTH_LIMITS) + (first + number) * L.LIMIT_BYTES;
}

function limitSetOf(image: usize, consumer: usize): usize {
  const set = load<u32>(consumer + L.CONSUMER_LIMITS);
  return set == <u32>L.NONE ? 0 : sectionStart(image, L.KEY_AUTH_LIMIT_SETS) + set * L.LIMIT_SET_BYTES;
}

export function priceCount(route: usize): u32 {
  return load<u32>(route + L.ROUTE_PRICES_COUNT);
}

/** The route's price with this number, in the order in which they count. */
export function priceAt(image: usize, route: usize, number: u32): usize {
  const first = load<u32>(route + L.ROUTE_PRICES_START);
  return sectionStart(image, L.KEY_AUTH_PRICES) + (first + number) * L.PRICE_BYTES;
}

/** The longest LLM path that is the request path or ends at one of its slashes: the table has the longest first. */
export function findLlmPath(image: usize, path: usize, length: usize): usize {
  const start = sectionStart(image, L.KEY_AUTH_LLM_PATHS);
  const end = start + sectionCount(image, L.KEY_AUTH_LLM_PATHS) * L.LLM_PATH_BYTES;
  for (let entry = start; entry < end; entry += L.LLM_PATH_BYTES) {
    const field = entry + L.LLM_PATH_PATH;
    const prefix = stringLength(field);
    if (prefix > length || (prefix < length && load<u8>(path + prefix) != 0x2f)) continue;
    if (bytesEqual(path, stringAt(image, field), prefix)) return entry;
  }
  return 0;
}

/** The LLM path that is written exactly so, after another image came. */
export function findExactLlmPath(image: usize, path: usize, length: usize): usize {
  const entry = findLlmPath(image, path, length);
  return entry != 0 && stringLength(entry + L.LLM_PATH_PATH) == length ? entry : 0;
}

export function candidateCount(llmPath: usize): u32 {
  return load<u32>(llmPath + L.LLM_PATH_CANDIDATES_COUNT);
}

/** Route of the candidate with this number. */
export function candidateAt(image: usize, llmPath: usize, number: u32): usize {
  const first = load<u32>(llmPath + L.LLM_PATH_CANDIDATES_START);
  const candidates = sectionStart(image, L.KEY_AUTH_CANDIDATES);
  return routeAt(image, load<u32>(candidates + (first + number) * L.CANDIDATE_BYTES));
}

export function setCount(image: usize, set: u32): u32 {
  return load<u32>(setStart(image, set) + L.PATTERN_SET_COUNT);
}

/** Reference to the pattern with this number in a set. */
export function patternAt(image: usize, set: u32, number: u32): usize {
  const first = load<u32>(setStart(image, set) + L.PATTERN_SET_START);
  return sectionStart(image, L.KEY_AUTH_PATTERNS) + (first + number) * L.PATTERN_BYTES;
}

function setStart(image: usize, set: u32): usize {
  return sectionStart(image, L.KEY_AUTH_PATTERN_SETS) + set * L.PATTERN_SET_BYTES;
}

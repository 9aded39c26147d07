// The key-auth image, read in place. `imageHolds` verifies every index, offset and order once; what comes after it
// follows them without checks. Entries are handled as addresses, "no entry" is 0.

import { bytesEqual } from '../../policy/assembly/bytes';
import {
  frameHolds,
  rangeHolds,
  sectionCount,
  sectionHolds,
  sectionStart,
  stringHolds,
} from '../../policy/assembly/image-frame';
import * as L from '../../../packages/policy-image/src/layout';

/** "No index", as the image writes it. */
export const NONE: u32 = <u32>L.NONE;
const TILDE: u32 = 0x7e;

function sectionsHold(image: usize, size: usize): bool {
  return (
    holds(image, size, L.KEY_AUTH_TOKENS, L.TOKEN_BYTES) &&
    holds(image, size, L.KEY_AUTH_TOKEN_BUCKETS, L.TOKEN_BUCKET_BYTES) &&
    holds(image, size, L.KEY_AUTH_CONSUMERS, L.CONSUMER_BYTES) &&
    holds(image, size, L.KEY_AUTH_PROFILES, L.PROFILE_BYTES) &&
    holds(image, size, L.KEY_AUTH_GRANTS, L.GRANT_BYTES) &&
    holds(image, size, L.KEY_AUTH_ROUTES, L.ROUTE_BYTES) &&
    holds(image, size, L.KEY_AUTH_LLM_PATHS, L.LLM_PATH_BYTES) &&
    holds(image, size, L.KEY_AUTH_CANDIDATES, L.CANDIDATE_BYTES) &&
    holds(image, size, L.KEY_AUTH_RULES, L.RULE_BYTES) &&
    holds(image, size, L.KEY_AUTH_PATTERN_SETS, L.PATTERN_SET_BYTES) &&
    holds(image, size, L.KEY_AUTH_PATTERNS, L.PATTERN_BYTES) &&
    holds(image, size, L.KEY_AUTH_LIMIT_SETS, L.LIMIT_SET_BYTES) &&
    holds(image, size, L.KEY_AUTH_LIMITS, L.LIMIT_BYTES) &&
    holds(image, size, L.KEY_AUTH_PRICES, L.PRICE_BYTES) &&
    holds(image, size, L.KEY_AUTH_STRINGS, 1)
  );
}

function holds(image: usize, size: usize, header: usize, entryBytes: u32): bool {
  return sectionHolds(image, size, L.KEY_AUTH_HEADER_BYTES, header, entryBytes);
}

/** Leading digest bits that the bucket table resolves; above the maximum when the table has not the size it must. */
function bucketBits(image: usize): u32 {
  const tokens = sectionCount(image, L.KEY_AUTH_TOKENS);
  let bits: u32 = 0;
  while (bits < <u32>L.TOKEN_BUCKET_MAX_BITS && (<u64>1) << bits < <u64>tokens) bits++;
  return bits;
}

function bucketsHold(image: usize): bool {
  const tokens = sectionCount(image, L.KEY_AUTH_TOKENS);
  const buckets = sectionCount(image, L.KEY_AUTH_TOKEN_BUCKETS);
  if (buckets != (1 << bucketBits(image)) + 1) return false;
  const start = sectionStart(image, L.KEY_AUTH_TOKEN_BUCKETS);
  let before: u32 = 0;
  for (let i: u32 = 0; i < buckets; i++) {
    const first = load<u32>(start + i * L.TOKEN_BUCKET_BYTES);
    if (first < before || first > tokens) return false;
    before = first;
  }
  return load<u32>(start) == 0 && before == tokens;
}

function tokensHold(image: usize): bool {
  const consumers = sectionCount(image, L.KEY_AUTH_CONSUMERS);
  const start = sectionStart(image, L.KEY_AUTH_TOKENS);
  const end = start + sectionCount(image, L.KEY_AUTH_TOKENS) * L.TOKEN_BYTES;
  for (let token = start; token < end; token += L.TOKEN_BYTES) {
    if (load<u32>(token + L.TOKEN_CONSUMER) >= consumers) return false;
  }
  return true;
}

function consumersHold(image: usize, strings: u32): bool {
  const profiles = sectionCount(image, L.KEY_AUTH_PROFILES);
  const limitSets = sectionCount(image, L.KEY_AUTH_LIMIT_SETS);
  const start = sectionStart(image, L.KEY_AUTH_CONSUMERS);
  const end = start + sectionCount(image, L.KEY_AUTH_CONSUMERS) * L.CONSUMER_BYTES;
  for (let consumer = start; consumer < end; consumer += L.CONSUMER_BYTES) {
    if (!stringHolds(consumer + L.CONSUMER_NAME, strings)) return false;
    if (load<u32>(consumer + L.CONSUMER_PROFILE) >= profiles) return false;
    const limits = load<u32>(consumer + L.CONSUMER_LIMITS);
    if (limits != NONE && limits >= limitSets) return false;
  }
  return true;
}

function isLlmRoute(image: usize, index: u32): bool {
  const route = sectionStart(image, L.KEY_AUTH_ROUTES) + index * L.ROUTE_BYTES;
  return load<u32>(route + L.ROUTE_KIND) == L.ROUTE_KIND_LLM;
}

/** Empty, or the key of the grant's LLM route, `~` and digits: no grant may send its requests to another route. */
function envoyRouteHolds(image: usize, grant: usize, strings: u32): bool {
  const field = grant + L.GRANT_ENVOY_ROUTE;
  if (!stringHolds(field, strings)) return false;
  const length = load<u32>(field + 4);
  if (length == 0) return true;
  const index = load<u32>(grant + L.GRANT_ROUTE);
  if (!isLlmRoute(image, index)) return false;
  const key = sectionStart(image, L.KEY_AUTH_ROUTES) + index * L.ROUTE_BYTES + L.ROUTE_KEY;
  const keyLength = load<u32>(key + 4);
  if (!stringHolds(key, strings) || length < keyLength + 2) return false;
  const start = sectionStart(image, L.KEY_AUTH_STRINGS);
  const text = start + load<u32>(field);
  if (!bytesEqual(text, start + load<u32>(key), keyLength) || load<u8>(text + keyLength) != TILDE) return false;
  for (let i = keyLength + 1; i < length; i++) {
    if (<u32>load<u8>(text + i) - 0x30 > 9) return false;
  }
  return true;
}

function grantsHold(image: usize, strings: u32): bool {
  const grants = sectionCount(image, L.KEY_AUTH_GRANTS);
  const profiles = sectionStart(image, L.KEY_AUTH_PROFILES);
  const profilesEnd = profiles + sectionCount(image, L.KEY_AUTH_PROFILES) * L.PROFILE_BYTES;
  for (let profile = profiles; profile < profilesEnd; profile += L.PROFILE_BYTES) {
    const first = load<u32>(profile + L.PROFILE_GRANTS_START);
    if (!rangeHolds(first, load<u32>(profile + L.PROFILE_GRANTS_COUNT), grants)) return false;
  }
  const routes = sectionCount(image, L.KEY_AUTH_ROUTES);
  const sets = sectionCount(image, L.KEY_AUTH_PATTERN_SETS);
  const start = sectionStart(image, L.KEY_AUTH_GRANTS);
  for (let grant = start; grant < start + grants * L.GRANT_BYTES; grant += L.GRANT_BYTES) {
    const route = load<u32>(grant + L.GRANT_ROUTE);
    const models = load<u32>(grant + L.GRANT_MODELS);
    if (route >= routes || (models != NONE && models >= sets)) return false;
    // A grant that narrows what has no models would grant more than it says.
    if (models != NONE && !isLlmRoute(image, route)) return false;
    if (!envoyRouteHolds(image, grant, strings)) return false;
  }
  return true;
}

function routeHolds(route: usize, rules: u32, sets: u32, prices: u32, strings: u32): bool {
  const kind = load<u32>(route + L.ROUTE_KIND);
  const models = load<u32>(route + L.ROUTE_MODELS);
  const catalogue = load<u32>(route + L.ROUTE_CATALOGUE);
  // What an LLM route must have, the others must not have.
  const isLlm = kind == L.ROUTE_KIND_LLM;
  if (isLlm ? models >= sets || catalogue >= sets : models != NONE || catalogue != NONE) return false;
  // A flag that this plugin does not know asks for something that it would not do.
  const flags = load<u32>(route + L.ROUTE_FLAGS);
  const known = isLlm ? L.ROUTE_REBASES | L.ROUTE_ADDS_USAGE | L.ROUTE_SHARES_RESPONSES : 0;
  const priceCount = load<u32>(route + L.ROUTE_PRICES_COUNT);
  if ((flags & ~known) != 0 || (!isLlm && priceCount != 0)) return false;
  return (
    rangeHolds(load<u32>(route + L.ROUTE_PRICES_START), priceCount, prices) &&
    (isLlm || kind == L.ROUTE_KIND_MCP || kind == L.ROUTE_KIND_SERVICE) &&
    stringHolds(route + L.ROUTE_KEY, strings) &&
    rangeHolds(load<u32>(route + L.ROUTE_RULES_START), load<u32>(route + L.ROUTE_RULES_COUNT), rules)
  );
}

/** A key becomes a header's value. */
function isVisible(text: usize, length: usize): bool {
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(text + i);
    if (byte - 0x21 > 0x5d) return false;
  }
  return true;
}

function routesHold(image: usize, strings: u32): bool {
  const rules = sectionCount(image, L.KEY_AUTH_RULES);
  const sets = sectionCount(image, L.KEY_AUTH_PATTERN_SETS);
  const prices = sectionCount(image, L.KEY_AUTH_PRICES);
  const start = sectionStart(image, L.KEY_AUTH_ROUTES);
  const end = start + sectionCount(image, L.KEY_AUTH_ROUTES) * L.ROUTE_BYTES;
  for (let route = start; route < end; route += L.ROUTE_BYTES) {
    if (!routeHolds(route, rules, sets, prices, strings)) return false;
    const key = route + L.ROUTE_KEY;
    if (!isVisible(sectionStart(image, L.KEY_AUTH_STRINGS) + load<u32>(key), load<u32>(key + 4)))
      return false;
  }
  const firstRule = sectionStart(image, L.KEY_AUTH_RULES);
  for (let rule = firstRule; rule < firstRule + rules * L.RULE_BYTES; rule += L.RULE_BYTES) {
    if (load<u32>(rule + L.RULE_PATHS) >= sets) return false;
  }
  return true;
}

function llmPathsHold(image: usize, strings: u32): bool {
  const candidates = sectionCount(image, L.KEY_AUTH_CANDIDATES);
  const paths = sectionStart(image, L.KEY_AUTH_LLM_PATHS);
  const pathsEnd = paths + sectionCount(image, L.KEY_AUTH_LLM_PATHS) * L.LLM_PATH_BYTES;
  for (let path = paths; path < pathsEnd; path += L.LLM_PATH_BYTES) {
    const first = load<u32>(path + L.LLM_PATH_CANDIDATES_START);
    if (!rangeHolds(first, load<u32>(path + L.LLM_PATH_CANDIDATES_COUNT), candidates)) return false;
    if (!stringHolds(path + L.LLM_PATH_PATH, strings)) return false;
  }
  const routeCount = sectionCount(image, L.KEY_AUTH_ROUTES);
  const start = sectionStart(image, L.KEY_AUTH_CANDIDATES);
  const end = start + candidates * L.CANDIDATE_BYTES;
  for (let candidate = start; candidate < end; candidate += L.CANDIDATE_BYTES) {
    const route = load<u32>(candidate);
    if (route >= routeCount) return false;
    // Choosing by model follows the pattern sets that only LLM routes have.
    if (!isLlmRoute(image, route)) return false;
  }
  return true;
}

function patternsHold(image: usize, strings: u32): bool {
  const patterns = sectionCount(image, L.KEY_AUTH_PATTERNS);
  const sets = sectionStart(image, L.KEY_AUTH_PATTERN_SETS);
  const setsEnd = sets + sectionCount(image, L.KEY_AUTH_PATTERN_SETS) * L.PATTERN_SET_BYTES;
  for (let set = sets; set < setsEnd; set += L.PATTERN_SET_BYTES) {
    const first = load<u32>(set + L.PATTERN_SET_START);
    if (!rangeHolds(first, load<u32>(set + L.PATTERN_SET_COUNT), patterns)) return false;
  }
  const start = sectionStart(image, L.KEY_AUTH_PATTERNS);
  for (let pattern = start; pattern < start + patterns * L.PATTERN_BYTES; pattern += L.PATTERN_BYTES) {
    if (!stringHolds(pattern, strings)) return false;
  }
  return true;
}

function limitsHold(image: usize): bool {
  const limits = sectionCount(image, L.KEY_AUTH_LIMITS);
  const first = sectionStart(image, L.KEY_AUTH_LIMITS);
  const sets = sectionStart(image, L.KEY_AUTH_LIMIT_SETS);
  const setsEnd = sets + sectionCount(image, L.KEY_AUTH_LIMIT_SETS) * L.LIMIT_SET_BYTES;
  for (let set = sets; set < setsEnd; set += L.LIMIT_SET_BYTES) {
    const start = load<u32>(set + L.LIMIT_SET_START);
    const count = load<u32>(set + L.LIMIT_SET_COUNT);
    if (!rangeHolds(start, count, limits)) return false;
    // Sorted and each meter once: what counts them has one place for each.
    for (let i: u32 = 0; i < count; i++) {
      const limit = first + (start + i) * L.LIMIT_BYTES;
      const meter = load<u32>(limit + L.LIMIT_METER);
      if (meter > <u32>L.METER_USD_MONTH) return false;
      if (i > 0 && meter <= load<u32>(limit - L.LIMIT_BYTES + L.LIMIT_METER)) return false;
    }
  }
  return true;
}

function pricesHold(image: usize, strings: u32): bool {
  const start = sectionStart(image, L.KEY_AUTH_PRICES);
  const end = start + sectionCount(image, L.KEY_AUTH_PRICES) * L.PRICE_BYTES;
  for (let price = start; price < end; price += L.PRICE_BYTES) {
    if (!stringHolds(price + L.PRICE_MODEL, strings)) return false;
  }
  return true;
}

/** Whether these bytes are a key-auth image that can be followed blindly. */
export function imageHolds(image: usize, size: usize): bool {
  if (!frameHolds(image, size, L.KEY_AUTH_MAGIC, L.KEY_AUTH_FORMAT, L.KEY_AUTH_HEADER_BYTES)) return false;
  if (!sectionsHold(image, size)) return false;
  const strings = sectionCount(image, L.KEY_AUTH_STRINGS);
  return (
    bucketsHold(image) &&
    tokensHold(image) &&
    consumersHold(image, strings) &&
    grantsHold(image, strings) &&
    routesHold(image, strings) &&
    llmPathsHold(image, strings) &&
    patternsHold(image, strings) &&
    limitsHold(image) &&
    pricesHold(image, strings)
  );
}

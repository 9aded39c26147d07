import type { Frame } from './image-frame.js';
import * as L from './layout.js';
import type { LimitNumbers } from './limit-sets.js';
import type { KeyAuthConsumer, KeyAuthPrice, KeyAuthRoute } from './policy.js';
import { GRANT_NUMBERS } from './profiles.js';
import type { TokenIndex } from './token-index.js';
import { expirySeconds, unsigned32, unsigned64 } from './writer-checks.js';

const KIND = { llm: L.ROUTE_KIND_LLM, mcp: L.ROUTE_KIND_MCP, service: L.ROUTE_KIND_SERVICE };

interface Rule {
  readonly methods: number;
  readonly paths: number;
}

/** Numbers of one route, in the order of `routes`. */
export interface RouteRow {
  readonly models: number;
  readonly catalogue: number;
  readonly rules: readonly Rule[];
}

/** Hands out the strings in the order in which they were added to the table. */
export class TextCursor {
  readonly #view: DataView;
  readonly #lengths: Uint32Array;
  #next = 0;
  #offset = 0;

  constructor(view: DataView, lengths: Uint32Array) {
    this.#view = view;
    this.#lengths = lengths;
  }

  put(at: number): void {
    const length = this.#lengths[this.#next++] ?? 0;
    this.#view.setUint32(at, this.#offset, true);
    this.#view.setUint32(at + 4, length, true);
    this.#offset += length;
  }
}

export function putTokens(frame: Frame, tokens: TokenIndex, order: Uint32Array, buckets: Uint32Array): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_TOKENS);
  for (const id of order) {
    view.setUint32(at, tokens.words[id * 4] ?? 0, false);
    view.setUint32(at + 4, tokens.words[id * 4 + 1] ?? 0, false);
    view.setUint32(at + 8, tokens.words[id * 4 + 2] ?? 0, false);
    view.setUint32(at + 12, tokens.words[id * 4 + 3] ?? 0, false);
    view.setUint32(at + L.TOKEN_CONSUMER, tokens.consumers[id] ?? 0, true);
    view.setUint32(at + L.TOKEN_EXPIRES_AT, tokens.expiresAt[id] ?? 0, true);
    at += L.TOKEN_BYTES;
  }
  at = frame.offsetOf(L.KEY_AUTH_TOKEN_BUCKETS);
  for (const first of buckets) {
    view.setUint32(at, first, true);
    at += L.TOKEN_BUCKET_BYTES;
  }
}

export function putConsumers(
  frame: Frame,
  consumers: readonly KeyAuthConsumer[],
  text: TextCursor,
  numbers: { readonly profileAt: (index: number) => number; readonly limitsAt: (index: number) => number },
): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_CONSUMERS);
  for (const [index, consumer] of consumers.entries()) {
    const flags = (consumer.disabled ? L.CONSUMER_DISABLED : 0) | (consumer.revoked ? L.CONSUMER_REVOKED : 0);
    text.put(at + L.CONSUMER_NAME);
    view.setUint32(at + L.CONSUMER_FLAGS, flags, true);
    view.setUint32(at + L.CONSUMER_EXPIRES_AT, expirySeconds(consumer.expiresAt, consumer.name), true);
    view.setUint32(at + L.CONSUMER_PROFILE, numbers.profileAt(index), true);
    view.setUint32(at + L.CONSUMER_LIMITS, numbers.limitsAt(index), true);
    at += L.CONSUMER_BYTES;
  }
}

export function putProfiles(frame: Frame, profiles: readonly Uint32Array[], text: TextCursor): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_PROFILES);
  let grantAt = frame.offsetOf(L.KEY_AUTH_GRANTS);
  let start = 0;
  for (const numbers of profiles) {
    const grants = numbers.length / GRANT_NUMBERS;
    view.setUint32(at + L.PROFILE_GRANTS_START, start, true);
    view.setUint32(at + L.PROFILE_GRANTS_COUNT, grants, true);
    at += L.PROFILE_BYTES;
    start += grants;
    for (let number = 0; number < numbers.length; number += GRANT_NUMBERS) {
      view.setUint32(grantAt + L.GRANT_ROUTE, numbers[number] ?? 0, true);
      view.setUint32(grantAt + L.GRANT_MODELS, numbers[number + 1] ?? 0, true);
      text.put(grantAt + L.GRANT_ENVOY_ROUTE);
      grantAt += L.GRANT_BYTES;
    }
  }
}

export function putRoutes(
  frame: Frame,
  routes: readonly KeyAuthRoute[],
  rows: readonly RouteRow[],
  text: TextCursor,
): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_ROUTES);
  let ruleAt = frame.offsetOf(L.KEY_AUTH_RULES);
  let ruleStart = 0;
  let priceStart = 0;
  for (const [index, route] of routes.entries()) {
    const row = rows[index] ?? { models: L.NONE, catalogue: L.NONE, rules: [] };
    text.put(at + L.ROUTE_KEY);
    view.setUint32(at + L.ROUTE_KIND, KIND[route.kind], true);
    view.setUint32(at + L.ROUTE_MODELS, row.models, true);
    view.setUint32(at + L.ROUTE_CATALOGUE, row.catalogue, true);
    view.setUint32(at + L.ROUTE_RULES_START, ruleStart, true);
    view.setUint32(at + L.ROUTE_RULES_COUNT, row.rules.length, true);
    const prices = route.kind === 'llm' ? (route.prices ?? []) : [];
    view.setUint32(at + L.ROUTE_FLAGS, routeFlags(route), true);
    view.setUint32(at + L.ROUTE_PRICES_START, priceStart, true);
    view.setUint32(at + L.ROUTE_PRICES_COUNT, prices.length, true);
    priceStart += prices.length;
    at += L.ROUTE_BYTES;
    ruleStart += row.rules.length;
    for (const rule of row.rules) {
      view.setUint32(ruleAt + L.RULE_METHODS, rule.methods, true);
      view.setUint32(ruleAt + L.RULE_PATHS, rule.paths, true);
      ruleAt += L.RULE_BYTES;
    }
  }
}

export function putLlmPaths(
  frame: Frame,
  paths: readonly (readonly [string, readonly number[]])[],
  text: TextCursor,
): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_LLM_PATHS);
  let candidateAt = frame.offsetOf(L.KEY_AUTH_CANDIDATES);
  let start = 0;
  for (const [, candidates] of paths) {
    text.put(at + L.LLM_PATH_PATH);
    view.setUint32(at + L.LLM_PATH_CANDIDATES_START, start, true);
    view.setUint32(at + L.LLM_PATH_CANDIDATES_COUNT, candidates.length, true);
    at += L.LLM_PATH_BYTES;
    start += candidates.length;
    for (const route of candidates) {
      view.setUint32(candidateAt, route, true);
      candidateAt += L.CANDIDATE_BYTES;
    }
  }
}

export function putPatternSets(frame: Frame, sets: readonly (readonly string[])[], text: TextCursor): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_PATTERN_SETS);
  let patternAt = frame.offsetOf(L.KEY_AUTH_PATTERNS);
  let start = 0;
  for (const set of sets) {
    view.setUint32(at + L.PATTERN_SET_START, start, true);
    view.setUint32(at + L.PATTERN_SET_COUNT, set.length, true);
    at += L.PATTERN_SET_BYTES;
    start += set.length;
    for (
      const end = patternAt + set.length * L.PATTERN_BYTES;
      patternAt < end;
      patternAt += L.PATTERN_BYTES
    ) {
      text.put(patternAt);
    }
  }
}

export function putLimitSets(frame: Frame, sets: readonly (readonly LimitNumbers[])[]): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_LIMIT_SETS);
  let limitAt = frame.offsetOf(L.KEY_AUTH_LIMITS);
  let start = 0;
  for (const set of sets) {
    view.setUint32(at + L.LIMIT_SET_START, start, true);
    view.setUint32(at + L.LIMIT_SET_COUNT, set.length, true);
    at += L.LIMIT_SET_BYTES;
    start += set.length;
    for (const { meter, cap } of set) {
      view.setUint32(limitAt + L.LIMIT_METER, meter, true);
      view.setBigUint64(limitAt + L.LIMIT_CAP, cap, true);
      limitAt += L.LIMIT_BYTES;
    }
  }
}

export function putPrices(frame: Frame, prices: readonly KeyAuthPrice[], text: TextCursor): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_PRICES);
  for (const price of prices) {
    view.setUint32(at + L.PRICE_TARGET, unsigned32(price.target, 'price target'), true);
    text.put(at + L.PRICE_MODEL);
    view.setBigUint64(at + L.PRICE_INPUT, unsigned64(price.input, 'price'), true);
    view.setBigUint64(at + L.PRICE_CACHED_INPUT, unsigned64(price.cachedInput, 'price'), true);
    view.setBigUint64(at + L.PRICE_CACHE_WRITE, unsigned64(price.cacheWrite, 'price'), true);
    view.setBigUint64(at + L.PRICE_OUTPUT, unsigned64(price.output, 'price'), true);
    at += L.PRICE_BYTES;
  }
}

function routeFlags(route: KeyAuthRoute): number {
  if (route.kind !== 'llm') return 0;
  return (
    (route.rebases === true ? L.ROUTE_REBASES : 0) |
    (route.addsUsage === true ? L.ROUTE_ADDS_USAGE : 0) |
    (route.sharesResponses === true ? L.ROUTE_SHARES_RESPONSES : 0)
  );
}

import { compareUtf8, orderByKey, sortedDistinct } from './byte-order.js';
import { stampChecksum } from './checksum.js';
import { frameImage } from './image-frame.js';
import {
  putConsumers,
  putLimitSets,
  putLlmPaths,
  putPatternSets,
  putPrices,
  putProfiles,
  putRoutes,
  putTokens,
  TextCursor,
  type RouteRow,
} from './key-auth-writers.js';
import * as L from './layout.js';
import { LimitSets } from './limit-sets.js';
import { PatternSets } from './pattern-sets.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthConsumer, KeyAuthPolicy, KeyAuthRoute } from './policy.js';
import { GRANT_NUMBERS, Profiles } from './profiles.js';
import { StringTable } from './string-table.js';
import { TokenIndex } from './token-index.js';
import { variantKey, variantNumber } from './route-variants.js';
import { checkRoute, expirySeconds, methodBits, unsigned32 } from './writer-checks.js';

/** What consumers refer to by number. */
interface Interned {
  readonly sets: PatternSets;
  readonly profiles: Profiles;
  /** Provisional profile id per consumer. */
  readonly profileOf: Uint32Array;
  readonly limits: LimitSets;
  /** Provisional limit set per consumer, or NONE. */
  readonly limitsOf: Uint32Array;
}

/**
 * Compiles a policy into the image that the key-auth plugin reads in place. Equal policies give equal bytes, in
 * whatever order their lists come. Consumers without a token are left out; a grant on a route that is not in the
 * policy has no effect. Equal `grants` and `models` arrays cost least when they are the same objects.
 *
 * @throws PolicyImageError when names, keys or digests repeat or a value does not fit the format.
 */
export function writeKeyAuthImage(policy: KeyAuthPolicy): Buffer {
  const routes = distinct(
    orderByKey(policy.routes, (route) => route.key),
    (route) => route.key,
    'route',
  );
  const admitted = policy.consumers.filter((consumer) => consumer.tokens.length > 0);
  const consumers = distinct(
    orderByKey(admitted, (consumer) => consumer.name),
    (consumer) => consumer.name,
    'consumer',
  );

  const { sets, profiles, profileOf, limits, limitsOf } = intern(routes, consumers);
  const provisional = routes.map((route) => routeRow(route, sets));
  const { rankOf, sets: patternSets } = sets.ranked();
  const rows = provisional.map((row) => finalRow(row, rankOf));
  const ranked = profiles.ranked(rankOf);
  const rankedLimits = limits.ranked();
  const tokens = collectTokens(consumers);
  const { order, buckets } = tokens.sorted();
  const llmPaths = groupByPath(routes);

  const strings = new StringTable();
  const prices = routes.flatMap((route) => (route.kind === 'llm' ? (route.prices ?? []) : []));
  const stringCount =
    consumers.length + ranked.grants + routes.length + llmPaths.length + count(patternSets) + prices.length;
  const lengths = new Uint32Array(stringCount);
  let next = 0;
  for (const consumer of consumers) lengths[next++] = strings.addText(consumer.name);
  for (const profile of ranked.profiles) {
    for (let at = 0; at < profile.length; at += GRANT_NUMBERS) {
      const key = routes[profile[at] ?? 0]?.key ?? '';
      lengths[next++] = strings.addText(variantKey(key, profile[at + 2] ?? 0));
    }
  }
  for (const route of routes) lengths[next++] = strings.addText(route.key);
  for (const [path] of llmPaths) lengths[next++] = strings.addText(path);
  for (const set of patternSets) for (const pattern of set) lengths[next++] = strings.addText(pattern);
  for (const price of prices) lengths[next++] = strings.addText(price.model);

  const frame = frameImage({
    magic: L.KEY_AUTH_MAGIC,
    format: L.KEY_AUTH_FORMAT,
    policyVersion: policy.policyVersion,
    headerBytes: L.KEY_AUTH_HEADER_BYTES,
    sections: [
      { header: L.KEY_AUTH_TOKENS, count: order.length, entryBytes: L.TOKEN_BYTES },
      { header: L.KEY_AUTH_TOKEN_BUCKETS, count: buckets.length, entryBytes: L.TOKEN_BUCKET_BYTES },
      { header: L.KEY_AUTH_CONSUMERS, count: consumers.length, entryBytes: L.CONSUMER_BYTES },
      { header: L.KEY_AUTH_PROFILES, count: profiles.count, entryBytes: L.PROFILE_BYTES },
      { header: L.KEY_AUTH_GRANTS, count: ranked.grants, entryBytes: L.GRANT_BYTES },
      { header: L.KEY_AUTH_ROUTES, count: routes.length, entryBytes: L.ROUTE_BYTES },
      { header: L.KEY_AUTH_LLM_PATHS, count: llmPaths.length, entryBytes: L.LLM_PATH_BYTES },
      {
        header: L.KEY_AUTH_CANDIDATES,
        count: count(llmPaths.map(([, of]) => of)),
        entryBytes: L.CANDIDATE_BYTES,
      },
      { header: L.KEY_AUTH_RULES, count: count(rows.map((row) => row.rules)), entryBytes: L.RULE_BYTES },
      { header: L.KEY_AUTH_PATTERN_SETS, count: patternSets.length, entryBytes: L.PATTERN_SET_BYTES },
      { header: L.KEY_AUTH_PATTERNS, count: count(patternSets), entryBytes: L.PATTERN_BYTES },
      { header: L.KEY_AUTH_LIMIT_SETS, count: rankedLimits.sets.length, entryBytes: L.LIMIT_SET_BYTES },
      { header: L.KEY_AUTH_LIMITS, count: count(rankedLimits.sets), entryBytes: L.LIMIT_BYTES },
      { header: L.KEY_AUTH_PRICES, count: prices.length, entryBytes: L.PRICE_BYTES },
      { header: L.KEY_AUTH_STRINGS, count: strings.length, entryBytes: 1 },
    ],
  });
  frame.view.setUint32(L.KEY_AUTH_MAX_BODY_BYTES, unsigned32(policy.maxBodyBytes, 'maxBodyBytes'), true);

  const text = new TextCursor(frame.view, lengths);
  putTokens(frame, tokens, order, buckets);
  putConsumers(frame, consumers, text, {
    profileAt: (index) => ranked.rankOf[profileOf[index] ?? 0] ?? 0,
    limitsAt: (index) => rankedLimits.rankOf[limitsOf[index] ?? L.NONE] ?? L.NONE,
  });
  putProfiles(frame, ranked.profiles, text);
  putRoutes(frame, routes, rows, text);
  putLlmPaths(frame, llmPaths, text);
  putPatternSets(frame, patternSets, text);
  putLimitSets(frame, rankedLimits.sets);
  putPrices(frame, prices, text);
  frame.image.set(strings.bytes, frame.offsetOf(L.KEY_AUTH_STRINGS));
  stampChecksum(frame.image);
  return frame.image;
}

function count(lists: readonly (readonly unknown[])[]): number {
  return lists.reduce((sum, list) => sum + list.length, 0);
}

function distinct<T>(ordered: readonly T[], keyOf: (item: T) => string, what: string): readonly T[] {
  for (let i = 1; i < ordered.length; i++) {
    const item = ordered[i];
    const before = ordered[i - 1];
    if (item !== undefined && before !== undefined && keyOf(item) === keyOf(before)) {
      throw new PolicyImageError(`${what} ${JSON.stringify(keyOf(item))} is listed twice`);
    }
  }
  return ordered;
}

function intern(routes: readonly KeyAuthRoute[], consumers: readonly KeyAuthConsumer[]): Interned {
  const sets = new PatternSets();
  const profiles = new Profiles();
  const profileOf = new Uint32Array(consumers.length);
  const limits = new LimitSets();
  const limitsOf = new Uint32Array(consumers.length).fill(L.NONE);
  const routeIndex = new Map(routes.map((route, index) => [route.key, index]));
  const known = new Map<KeyAuthConsumer['grants'], number>();
  let numbers = new Uint32Array(64);

  for (const [index, consumer] of consumers.entries()) {
    limitsOf[index] = limits.intern(consumer.limits, consumer.name);
    const grants = consumer.grants;
    const before = known.get(grants);
    if (before !== undefined) {
      profileOf[index] = before;
      continue;
    }
    if (grants.length * GRANT_NUMBERS > numbers.length) {
      numbers = new Uint32Array(grants.length * GRANT_NUMBERS * 2);
    }
    let length = 0;
    for (const grant of grants) {
      const route = routeIndex.get(grant.route);
      if (route === undefined) continue;
      if (grant.models !== null && routes[route]?.kind !== 'llm') {
        throw new PolicyImageError(`consumer "${consumer.name}": models do not apply to "${grant.route}"`);
      }
      const models = grant.models === null ? L.NONE : sets.intern(grant.models);
      let at = length;
      for (; at > 0 && (numbers[at - GRANT_NUMBERS] ?? 0) >= route; at -= GRANT_NUMBERS) {
        if (numbers[at - GRANT_NUMBERS] === route) {
          throw new PolicyImageError(`consumer "${consumer.name}" has two grants on "${grant.route}"`);
        }
        numbers.copyWithin(at, at - GRANT_NUMBERS, at);
      }
      numbers[at] = route;
      numbers[at + 1] = models;
      numbers[at + 2] = variantNumber(grant, consumer.name);
      length += GRANT_NUMBERS;
    }
    const id = profiles.intern(numbers, length);
    known.set(grants, id);
    profileOf[index] = id;
  }
  return { sets, profiles, profileOf, limits, limitsOf };
}

function routeRow(route: KeyAuthRoute, sets: PatternSets): RouteRow {
  checkRoute(route);
  switch (route.kind) {
    case 'llm':
      return { models: sets.intern(route.models), catalogue: sets.intern(route.catalogue), rules: [] };
    case 'mcp':
      return { models: L.NONE, catalogue: L.NONE, rules: [] };
    case 'service': {
      const rules = route.rules.map((rule) => ({
        methods: methodBits(rule.methods),
        paths: sets.intern(rule.paths),
      }));
      return { models: L.NONE, catalogue: L.NONE, rules };
    }
  }
}

function finalRow(row: RouteRow, rankOf: Uint32Array): RouteRow {
  const rank = (id: number): number => (id === L.NONE ? L.NONE : (rankOf[id] ?? L.NONE));
  const rules = row.rules
    .map((rule) => ({ methods: rule.methods, paths: rank(rule.paths) }))
    .sort((a, b) => a.methods - b.methods || a.paths - b.paths)
    .filter((rule, i, all) => rule.methods !== all[i - 1]?.methods || rule.paths !== all[i - 1]?.paths);
  return { models: rank(row.models), catalogue: rank(row.catalogue), rules };
}

function collectTokens(consumers: readonly KeyAuthConsumer[]): TokenIndex {
  let total = 0;
  for (const consumer of consumers) total += consumer.tokens.length;
  const tokens = new TokenIndex(total);
  for (const [index, consumer] of consumers.entries()) {
    for (const token of consumer.tokens) {
      if (token.digest.length < L.TOKEN_DIGEST_BYTES) {
        throw new PolicyImageError(
          `consumer "${consumer.name}": a token digest has ${token.digest.length} bytes`,
        );
      }
      tokens.add(token.digest, index, expirySeconds(token.expiresAt, consumer.name));
    }
  }
  return tokens;
}

/** Longest path first, then by bytes; route indexes ascend within a path because routes come in order. */
function groupByPath(routes: readonly KeyAuthRoute[]): readonly (readonly [string, readonly number[]])[] {
  const groups = new Map<string, number[]>();
  for (const [index, route] of routes.entries()) {
    if (route.kind !== 'llm') continue;
    const group = groups.get(route.path);
    if (group === undefined) groups.set(route.path, [index]);
    else group.push(index);
  }
  return sortedDistinct(groups.keys())
    .sort((a, b) => b.length - a.length || compareUtf8(a, b))
    .map((path) => [path, groups.get(path) ?? []]);
}

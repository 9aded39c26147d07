import { compareUtf8, orderByKey, sortedDistinct } from './byte-order.js';
import { stampChecksum } from './checksum.js';
import { frameImage, type Frame } from './image-frame.js';
import * as L from './layout.js';
import { PatternSets } from './pattern-sets.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthConsumer, KeyAuthPolicy, KeyAuthRoute } from './policy.js';
import { Profiles } from './profiles.js';
import { StringTable } from './string-table.js';
import { TokenIndex } from './token-index.js';
import { checkRoute, expirySeconds, methodBits, unsigned32 } from './writer-checks.js';

const KIND = { llm: L.ROUTE_KIND_LLM, mcp: L.ROUTE_KIND_MCP, service: L.ROUTE_KIND_SERVICE };

/** What consumers refer to by number. */
interface Interned {
  readonly sets: PatternSets;
  readonly profiles: Profiles;
  /** Provisional profile id per consumer. */
  readonly profileOf: Uint32Array;
}

interface Rule {
  readonly methods: number;
  readonly paths: number;
}

/** Numbers of one route, in the order of `routes`. */
interface RouteRow {
  readonly models: number;
  readonly catalogue: number;
  readonly rules: readonly Rule[];
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

  const { sets, profiles, profileOf } = internProfiles(routes, consumers);
  const provisional = routes.map((route) => routeRow(route, sets));
  const { rankOf, sets: patternSets } = sets.ranked();
  const rows = provisional.map((row) => finalRow(row, rankOf));
  const ranked = profiles.ranked(rankOf);
  const tokens = collectTokens(consumers);
  const { order, buckets } = tokens.sorted();
  const llmPaths = groupByPath(routes);

  const strings = new StringTable();
  const stringCount = consumers.length + routes.length + llmPaths.length + count(patternSets);
  const lengths = new Uint32Array(stringCount);
  let next = 0;
  for (const consumer of consumers) lengths[next++] = strings.addText(consumer.name);
  for (const route of routes) lengths[next++] = strings.addText(route.key);
  for (const [path] of llmPaths) lengths[next++] = strings.addText(path);
  for (const set of patternSets) for (const pattern of set) lengths[next++] = strings.addText(pattern);

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
      { header: L.KEY_AUTH_STRINGS, count: strings.length, entryBytes: 1 },
    ],
  });
  frame.view.setUint32(L.KEY_AUTH_MAX_BODY_BYTES, unsigned32(policy.maxBodyBytes, 'maxBodyBytes'), true);

  const text = new TextCursor(frame.view, lengths);
  putTokens(frame, tokens, order, buckets);
  putConsumers(frame, consumers, text, (index) => ranked.rankOf[profileOf[index] ?? 0] ?? 0);
  putProfiles(frame, ranked.profiles);
  putRoutes(frame, routes, rows, text);
  putLlmPaths(frame, llmPaths, text);
  putPatternSets(frame, patternSets, text);
  frame.image.set(strings.bytes, frame.offsetOf(L.KEY_AUTH_STRINGS));
  stampChecksum(frame.image);
  return frame.image;
}

/** Hands out the strings in the order in which they were added to the table. */
class TextCursor {
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

function internProfiles(routes: readonly KeyAuthRoute[], consumers: readonly KeyAuthConsumer[]): Interned {
  const sets = new PatternSets();
  const profiles = new Profiles();
  const profileOf = new Uint32Array(consumers.length);
  const routeIndex = new Map(routes.map((route, index) => [route.key, index]));
  const known = new Map<KeyAuthConsumer['grants'], number>();
  let pairs = new Uint32Array(64);

  for (const [index, consumer] of consumers.entries()) {
    const grants = consumer.grants;
    const before = known.get(grants);
    if (before !== undefined) {
      profileOf[index] = before;
      continue;
    }
    if (grants.length * 2 > pairs.length) pairs = new Uint32Array(grants.length * 4);
    let length = 0;
    for (const grant of grants) {
      const route = routeIndex.get(grant.route);
      if (route === undefined) continue;
      if (grant.models !== null && routes[route]?.kind !== 'llm') {
        throw new PolicyImageError(`consumer "${consumer.name}": models do not apply to "${grant.route}"`);
      }
      const models = grant.models === null ? L.NONE : sets.intern(grant.models);
      let at = length;
      for (; at > 0 && (pairs[at - 2] ?? 0) >= route; at -= 2) {
        if (pairs[at - 2] === route) {
          throw new PolicyImageError(`consumer "${consumer.name}" has two grants on "${grant.route}"`);
        }
        pairs[at] = pairs[at - 2] ?? 0;
        pairs[at + 1] = pairs[at - 1] ?? 0;
      }
      pairs[at] = route;
      pairs[at + 1] = models;
      length += 2;
    }
    const id = profiles.intern(pairs, length);
    known.set(grants, id);
    profileOf[index] = id;
  }
  return { sets, profiles, profileOf };
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

function putTokens(frame: Frame, tokens: TokenIndex, order: Uint32Array, buckets: Uint32Array): void {
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

function putConsumers(
  frame: Frame,
  consumers: readonly KeyAuthConsumer[],
  text: TextCursor,
  profileAt: (index: number) => number,
): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_CONSUMERS);
  for (const [index, consumer] of consumers.entries()) {
    const flags = (consumer.disabled ? L.CONSUMER_DISABLED : 0) | (consumer.revoked ? L.CONSUMER_REVOKED : 0);
    text.put(at + L.CONSUMER_NAME);
    view.setUint32(at + L.CONSUMER_FLAGS, flags, true);
    view.setUint32(at + L.CONSUMER_EXPIRES_AT, expirySeconds(consumer.expiresAt, consumer.name), true);
    view.setUint32(at + L.CONSUMER_PROFILE, profileAt(index), true);
    at += L.CONSUMER_BYTES;
  }
}

function putProfiles(frame: Frame, profiles: readonly Uint32Array[]): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_PROFILES);
  let grantAt = frame.offsetOf(L.KEY_AUTH_GRANTS);
  let start = 0;
  for (const pairs of profiles) {
    view.setUint32(at + L.PROFILE_GRANTS_START, start, true);
    view.setUint32(at + L.PROFILE_GRANTS_COUNT, pairs.length / 2, true);
    at += L.PROFILE_BYTES;
    start += pairs.length / 2;
    // The pairs are the grants' two fields, one after the other.
    for (const number of pairs) {
      view.setUint32(grantAt, number, true);
      grantAt += 4;
    }
  }
}

function putRoutes(
  frame: Frame,
  routes: readonly KeyAuthRoute[],
  rows: readonly RouteRow[],
  text: TextCursor,
): void {
  const { view } = frame;
  let at = frame.offsetOf(L.KEY_AUTH_ROUTES);
  let ruleAt = frame.offsetOf(L.KEY_AUTH_RULES);
  let ruleStart = 0;
  for (const [index, route] of routes.entries()) {
    const row = rows[index] ?? { models: L.NONE, catalogue: L.NONE, rules: [] };
    text.put(at + L.ROUTE_KEY);
    view.setUint32(at + L.ROUTE_KIND, KIND[route.kind], true);
    view.setUint32(at + L.ROUTE_MODELS, row.models, true);
    view.setUint32(at + L.ROUTE_CATALOGUE, row.catalogue, true);
    view.setUint32(at + L.ROUTE_RULES_START, ruleStart, true);
    view.setUint32(at + L.ROUTE_RULES_COUNT, row.rules.length, true);
    at += L.ROUTE_BYTES;
    ruleStart += row.rules.length;
    for (const rule of row.rules) {
      view.setUint32(ruleAt + L.RULE_METHODS, rule.methods, true);
      view.setUint32(ruleAt + L.RULE_PATHS, rule.paths, true);
      ruleAt += L.RULE_BYTES;
    }
  }
}

function putLlmPaths(
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

function putPatternSets(frame: Frame, sets: readonly (readonly string[])[], text: TextCursor): void {
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

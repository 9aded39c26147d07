import { compareUtf8 } from './byte-order.js';
import { verify, type ImageReader } from './image-reader.js';
import * as L from './layout.js';
import type { KeyAuthPrice, KeyAuthRoute, Method } from './policy.js';
import { variantNumber } from './route-variants.js';
import { bucketBits } from './token-index.js';
import { checkRoute } from './writer-checks.js';

const METHODS: readonly (readonly [Method, number])[] = [
  ['GET', L.METHOD_GET],
  ['HEAD', L.METHOD_HEAD],
  ['POST', L.METHOD_POST],
  ['PUT', L.METHOD_PUT],
  ['PATCH', L.METHOD_PATCH],
  ['DELETE', L.METHOD_DELETE],
  ['OPTIONS', L.METHOD_OPTIONS],
];
const ALL_METHODS = METHODS.reduce((bits, [, bit]) => bits | bit, 0);
const ALL_ROUTE_FLAGS = L.ROUTE_REBASES | L.ROUTE_ADDS_USAGE | L.ROUTE_SHARES_RESPONSES;
const ALL_FLAGS = L.CONSUMER_DISABLED | L.CONSUMER_REVOKED;

export interface GrantEntry {
  readonly route: number;
  readonly models: readonly string[] | null;
  /** Value of `x-hiclaw-route`. */
  readonly envoyRoute: string;
}

export interface LlmPathEntry {
  readonly path: string;
  /** Route indexes, ascending. */
  readonly candidates: readonly number[];
}

export function tokenDigestAt(reader: ImageReader, index: number): Uint8Array {
  const at = reader.entry(L.KEY_AUTH_TOKENS, index) + L.TOKEN_DIGEST;
  return reader.bytes.subarray(at, at + L.TOKEN_DIGEST_BYTES);
}

export function checkTokens(reader: ImageReader): void {
  const count = reader.count(L.KEY_AUTH_TOKENS);
  const bits = bucketBits(count);
  const buckets = reader.count(L.KEY_AUTH_TOKEN_BUCKETS);
  verify(buckets === 2 ** bits + 1, () => `${count} tokens with ${buckets} bucket entries`);
  const consumers = reader.count(L.KEY_AUTH_CONSUMERS);
  const owners = new Uint8Array(consumers);
  let bucket = 0;
  for (let index = 0; index < count; index++) {
    const digest = tokenDigestAt(reader, index);
    const ascending = index === 0 || Buffer.compare(tokenDigestAt(reader, index - 1), digest) < 0;
    verify(ascending, () => `token ${index} is not in order of digests`);
    const consumer = reader.u32(reader.entry(L.KEY_AUTH_TOKENS, index) + L.TOKEN_CONSUMER);
    verify(consumer < consumers, () => `token ${index} belongs to consumer ${consumer} of ${consumers}`);
    owners[consumer] = 1;
    const leading = bits === 0 ? 0 : Buffer.from(digest).readUInt32BE(0) >>> (32 - bits);
    for (; bucket <= leading; bucket++) checkBucket(reader, bucket, index);
  }
  for (; bucket < buckets; bucket++) checkBucket(reader, bucket, count);
  const idle = owners.indexOf(0);
  verify(idle < 0, () => `consumer ${idle} has no token`);
}

function checkBucket(reader: ImageReader, bucket: number, first: number): void {
  const stored = reader.u32(reader.entry(L.KEY_AUTH_TOKEN_BUCKETS, bucket));
  verify(stored === first, () => `bucket ${bucket} starts at token ${stored}, not ${first}`);
}

export function checkConsumers(reader: ImageReader): void {
  let before: string | null = null;
  const limitSets = reader.count(L.KEY_AUTH_LIMIT_SETS);
  const profiles = reader.count(L.KEY_AUTH_PROFILES);
  for (let index = 0; index < reader.count(L.KEY_AUTH_CONSUMERS); index++) {
    const at = reader.entry(L.KEY_AUTH_CONSUMERS, index);
    const name = reader.nextText(at + L.CONSUMER_NAME);
    verify(
      before === null || compareUtf8(before, name) < 0,
      () => `consumer ${index} is not in order of names`,
    );
    before = name;
    verify(
      (reader.u32(at + L.CONSUMER_FLAGS) & ~ALL_FLAGS) === 0,
      () => `consumer ${index} has unknown flags`,
    );
    const profile = reader.u32(at + L.CONSUMER_PROFILE);
    verify(profile < profiles, () => `consumer ${index} has profile ${profile} of ${profiles}`);
    const limits = reader.u32(at + L.CONSUMER_LIMITS);
    verify(
      limits === L.NONE || limits < limitSets,
      () => `consumer ${index} has limit set ${limits} of ${limitSets}`,
    );
  }
}

/** What follows the routes' keys in the grants, in the order of the grants. */
export function readEnvoyRoutes(reader: ImageReader): readonly string[] {
  return Array.from({ length: reader.count(L.KEY_AUTH_GRANTS) }, (_, index) =>
    reader.nextText(reader.entry(L.KEY_AUTH_GRANTS, index) + L.GRANT_ENVOY_ROUTE),
  );
}

export function readRouteKeys(reader: ImageReader): readonly string[] {
  const keys: string[] = [];
  for (let index = 0; index < reader.count(L.KEY_AUTH_ROUTES); index++) {
    const key = reader.nextText(reader.entry(L.KEY_AUTH_ROUTES, index) + L.ROUTE_KEY);
    const before = keys.at(-1);
    verify(
      before === undefined || compareUtf8(before, key) < 0,
      () => `route ${index} is not in order of keys`,
    );
    keys.push(key);
  }
  return keys;
}

export function readLlmPathTexts(reader: ImageReader): readonly string[] {
  const paths: string[] = [];
  for (let index = 0; index < reader.count(L.KEY_AUTH_LLM_PATHS); index++) {
    const path = reader.nextText(reader.entry(L.KEY_AUTH_LLM_PATHS, index) + L.LLM_PATH_PATH);
    const before = paths.at(-1);
    const inOrder =
      before === undefined ||
      before.length > path.length ||
      (before.length === path.length && compareUtf8(before, path) < 0);
    verify(inOrder, () => `LLM path ${index} is not in order`);
    paths.push(path);
  }
  return paths;
}

/** The sets of an image, and which of them something refers to. */
export class PatternSetTable {
  readonly #sets: readonly (readonly string[])[];
  readonly #used: Uint8Array;

  constructor(sets: readonly (readonly string[])[]) {
    this.#sets = sets;
    this.#used = new Uint8Array(sets.length);
  }

  at(index: number, owner: string): readonly string[] {
    const set = this.#sets[index];
    verify(set !== undefined, () => `${owner} has pattern set ${index} of ${this.#sets.length}`);
    this.#used[index] = 1;
    return set;
  }

  refuseUnused(): void {
    const unused = this.#used.indexOf(0);
    verify(unused < 0, () => `pattern set ${unused} is not referred to`);
  }
}

export function readPatternSets(reader: ImageReader): PatternSetTable {
  const sets: string[][] = [];
  let next = 0;
  for (let index = 0; index < reader.count(L.KEY_AUTH_PATTERN_SETS); index++) {
    const at = reader.entry(L.KEY_AUTH_PATTERN_SETS, index);
    verify(
      reader.u32(at + L.PATTERN_SET_START) === next,
      () => `pattern set ${index} does not start at ${next}`,
    );
    const end = next + reader.u32(at + L.PATTERN_SET_COUNT);
    const set: string[] = [];
    for (; next < end; next++) {
      const pattern = reader.nextText(reader.entry(L.KEY_AUTH_PATTERNS, next));
      const before = set.at(-1);
      verify(
        before === undefined || compareUtf8(before, pattern) < 0,
        () => `pattern ${next} is not in order`,
      );
      set.push(pattern);
    }
    const before = sets.at(-1);
    verify(before === undefined || setsAscend(before, set), () => `pattern set ${index} is not in order`);
    sets.push(set);
  }
  verify(next === reader.count(L.KEY_AUTH_PATTERNS), () => `${next} patterns are in sets, others in none`);
  return new PatternSetTable(sets);
}

function setsAscend(a: readonly string[], b: readonly string[]): boolean {
  for (const [index, text] of a.entries()) {
    const other = b[index];
    if (other === undefined) return false;
    const order = compareUtf8(text, other);
    if (order !== 0) return order < 0;
  }
  return a.length < b.length;
}

export function readLlmPaths(reader: ImageReader, paths: readonly string[]): readonly LlmPathEntry[] {
  let next = 0;
  const entries = paths.map((path, index) => {
    const at = reader.entry(L.KEY_AUTH_LLM_PATHS, index);
    verify(
      reader.u32(at + L.LLM_PATH_CANDIDATES_START) === next,
      () => `candidates of "${path}" are not in order`,
    );
    const end = next + reader.u32(at + L.LLM_PATH_CANDIDATES_COUNT);
    verify(end > next, () => `LLM path "${path}" has no candidate`);
    const candidates: number[] = [];
    for (; next < end; next++) {
      const route = reader.u32(reader.entry(L.KEY_AUTH_CANDIDATES, next));
      verify((candidates.at(-1) ?? -1) < route, () => `candidate ${next} is not in order`);
      candidates.push(route);
    }
    return { path, candidates };
  });
  verify(
    next === reader.count(L.KEY_AUTH_CANDIDATES),
    () => `${next} candidates belong to paths, others to none`,
  );
  return entries;
}

export function readRoutes(
  reader: ImageReader,
  keys: readonly string[],
  sets: PatternSetTable,
  paths: readonly LlmPathEntry[],
  prices: readonly KeyAuthPrice[],
): readonly KeyAuthRoute[] {
  const pathOf = new Map<number, string>();
  for (const { path, candidates } of paths) {
    for (const candidate of candidates) {
      verify(candidate < keys.length && !pathOf.has(candidate), () => `"${path}" has candidate ${candidate}`);
      pathOf.set(candidate, path);
    }
  }
  let nextRule = 0;
  let nextPrice = 0;
  const routes = keys.map((key, index): KeyAuthRoute => {
    const at = reader.entry(L.KEY_AUTH_ROUTES, index);
    verify(
      reader.u32(at + L.ROUTE_RULES_START) === nextRule,
      () => `rules of "${key}" do not start at ${nextRule}`,
    );
    verify(
      reader.u32(at + L.ROUTE_PRICES_START) === nextPrice,
      () => `prices of "${key}" do not start at ${nextPrice}`,
    );
    const firstPrice = nextPrice;
    nextPrice += reader.u32(at + L.ROUTE_PRICES_COUNT);
    const ruleCount = reader.u32(at + L.ROUTE_RULES_COUNT);
    const ofRoute = prices.slice(firstPrice, nextPrice);
    const route = readRoute(reader, at, key, sets, pathOf.get(index), nextRule, ofRoute);
    const hasLlmFields = reader.u32(at + L.ROUTE_FLAGS) !== 0 || nextPrice > firstPrice;
    verify(route.kind === 'llm' || !hasLlmFields, () => `"${key}" is no LLM route and has flags or prices`);
    verify(route.kind === 'service' || ruleCount === 0, () => `"${key}" is no service route and has rules`);
    verify(route.kind === 'llm' || !pathOf.has(index), () => `"${key}" is no LLM route and has a path`);
    nextRule += ruleCount;
    checkRoute(route);
    return route;
  });
  verify(
    nextRule === reader.count(L.KEY_AUTH_RULES),
    () => `${nextRule} rules belong to routes, others to none`,
  );
  verify(nextPrice === prices.length, () => `${nextPrice} prices belong to routes, others to none`);
  return routes;
}

function readRoute(
  reader: ImageReader,
  at: number,
  key: string,
  sets: PatternSetTable,
  path: string | undefined,
  firstRule: number,
  prices: readonly KeyAuthPrice[],
): KeyAuthRoute {
  const kind = reader.u32(at + L.ROUTE_KIND);
  const models = reader.u32(at + L.ROUTE_MODELS);
  const catalogue = reader.u32(at + L.ROUTE_CATALOGUE);
  if (kind === L.ROUTE_KIND_LLM) {
    verify(path !== undefined, () => `"${key}" has no path`);
    const flags = reader.u32(at + L.ROUTE_FLAGS);
    verify((flags & ~ALL_ROUTE_FLAGS) === 0, () => `"${key}" has unknown flags`);
    return {
      kind: 'llm',
      key,
      path,
      models: sets.at(models, key),
      catalogue: sets.at(catalogue, key),
      ...((flags & L.ROUTE_REBASES) !== 0 && { rebases: true }),
      ...((flags & L.ROUTE_ADDS_USAGE) !== 0 && { addsUsage: true }),
      ...((flags & L.ROUTE_SHARES_RESPONSES) !== 0 && { sharesResponses: true }),
      ...(prices.length > 0 && { prices }),
    };
  }
  verify(models === L.NONE && catalogue === L.NONE, () => `"${key}" is no LLM route and has models`);
  if (kind === L.ROUTE_KIND_MCP) return { kind: 'mcp', key };
  verify(kind === L.ROUTE_KIND_SERVICE, () => `"${key}" is of unknown kind ${kind}`);
  const rules: { methods: Method[]; paths: readonly string[] }[] = [];
  let before = -1;
  for (let rule = firstRule; rule < firstRule + reader.u32(at + L.ROUTE_RULES_COUNT); rule++) {
    const ruleAt = reader.entry(L.KEY_AUTH_RULES, rule);
    const bits = reader.u32(ruleAt + L.RULE_METHODS);
    const paths = reader.u32(ruleAt + L.RULE_PATHS);
    verify((bits & ~ALL_METHODS) === 0, () => `rule ${rule} has unknown methods`);
    const rank = bits * 2 ** 32 + paths;
    verify(rank > before, () => `rule ${rule} is not in order`);
    before = rank;
    const methods = METHODS.filter(([, bit]) => (bits & bit) !== 0).map(([method]) => method);
    rules.push({ methods, paths: sets.at(paths, `rule ${rule}`) });
  }
  return { kind: 'service', key, rules };
}

export function readProfiles(
  reader: ImageReader,
  routes: readonly KeyAuthRoute[],
  sets: PatternSetTable,
  envoyRoutes: readonly string[],
): readonly (readonly GrantEntry[])[] {
  const profiles: GrantEntry[][] = [];
  let next = 0;
  let before: number[] | null = null;
  for (let index = 0; index < reader.count(L.KEY_AUTH_PROFILES); index++) {
    const at = reader.entry(L.KEY_AUTH_PROFILES, index);
    verify(
      reader.u32(at + L.PROFILE_GRANTS_START) === next,
      () => `profile ${index} does not start at ${next}`,
    );
    const end = next + reader.u32(at + L.PROFILE_GRANTS_COUNT);
    const grants: GrantEntry[] = [];
    const numbers: number[] = [];
    for (; next < end; next++) {
      const grantAt = reader.entry(L.KEY_AUTH_GRANTS, next);
      const route = reader.u32(grantAt + L.GRANT_ROUTE);
      const models = reader.u32(grantAt + L.GRANT_MODELS);
      const kind = routes[route]?.kind;
      verify(kind !== undefined, () => `grant ${next} is on route ${route} of ${routes.length}`);
      verify((grants.at(-1)?.route ?? -1) < route, () => `grant ${next} is not in order`);
      verify(
        models === L.NONE || kind === 'llm',
        () => `grant ${next} has models on a route that is no LLM route`,
      );
      const key = routes[route]?.key ?? '';
      const envoyRoute = envoyRoutes[next] ?? '';
      verify(envoyRoute !== key, () => `grant ${next} repeats its route's key`);
      const patterns = models === L.NONE ? null : sets.at(models, `grant ${next}`);
      const grant = { route, models: patterns, envoyRoute: envoyRoute === '' ? key : envoyRoute };
      grants.push(grant);
      numbers.push(route, models, variantNumber({ ...grant, route: key }, `of grant ${next}`));
    }
    verify(before === null || numbersAscend(before, numbers), () => `profile ${index} is not in order`);
    before = numbers;
    profiles.push(grants);
  }
  verify(next === reader.count(L.KEY_AUTH_GRANTS), () => `${next} grants are in profiles, others in none`);
  refuseUnusedProfiles(reader);
  return profiles;
}

function numbersAscend(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, number] of a.entries()) {
    const other = b[index];
    if (other === undefined || number > other) return false;
    if (number < other) return true;
  }
  return a.length < b.length;
}

function refuseUnusedProfiles(reader: ImageReader): void {
  const used = new Uint8Array(reader.count(L.KEY_AUTH_PROFILES));
  for (let index = 0; index < reader.count(L.KEY_AUTH_CONSUMERS); index++) {
    used[reader.u32(reader.entry(L.KEY_AUTH_CONSUMERS, index) + L.CONSUMER_PROFILE)] = 1;
  }
  const unused = used.indexOf(0);
  verify(unused < 0, () => `profile ${unused} has no consumer`);
}

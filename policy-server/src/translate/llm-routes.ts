import { type KeyAuthRoute, matchModelPattern } from '@hiclaw/policy-image';
import type { LlmRoute, Provider } from '@hiclaw/resources';
import { attemptsOf } from './attempts.js';
import { routePrices } from './prices.js';
import { poolOf, poolOfVariant, variantKey } from './pools.js';
import type { AcceptedRoute } from './routes.js';
import type { GatewayRoute, Pool } from './state.js';
import { type AcceptedUpstream, hostHeader } from './upstreams.js';

/** What a target of an LLM route leads to. */
export interface FoundTarget {
  readonly provider: Provider;
  readonly at: AcceptedUpstream;
}

/** A route with fewer targets, for consumers that may not use all of its models. */
export interface RouteVariant {
  readonly route: GatewayRoute;
  readonly pool: Pool;
}

/**
 * @param targets in the order of `spec.targets`; at least one
 * @param atMs moment whose prices are in force, milliseconds since the Unix epoch
 */
export function translateLlmRoute(
  { metadata, spec }: LlmRoute,
  targets: readonly [FoundTarget, ...FoundTarget[]],
  atMs: number,
): AcceptedRoute {
  const { path, models } = spec;
  const [{ at }] = targets;
  const key = `llm-routes/${metadata.name}`;
  const upstreams = targets.map((target) => target.at);
  const pool = poolOf(key, spec, upstreams);
  const prices = routePrices(
    targets.map(({ provider }, index) => ({ provider, model: spec.targets[index]?.model })),
    atMs,
  );
  const access: KeyAuthRoute = {
    kind: 'llm',
    key,
    path,
    models: sorted(models),
    catalogue: catalogueOf(spec, targets),
    rebases: pool !== null,
    addsUsage: upstreams.some(({ addsUsage }) => addsUsage),
    ...(spec.storedResponses === 'shared' && { sharesResponses: true }),
    ...(prices.length === 0 ? {} : { prices }),
  };
  const attempts = attemptsOf(spec, pool);
  const common = { key, kind: 'llm', attempts } as const;
  if (pool !== null) {
    const route = { ...common, variant: key, ...intoPool(spec, pool) };
    const variants = new Map<number, RouteVariant>();
    return { route, access, pool, variant: (reachable) => variantOf(spec, route, pool, reachable, variants) };
  }
  const rewrites = [{ match: 'prefix', from: `${path}/`, to: `${at.path}/` }] as const;
  const { upstream } = at;
  const route = {
    ...common,
    variant: key,
    upstream: upstream.key,
    hostHeader: hostHeader(upstream),
    rewrites,
  };
  return { route, access, pool: null };
}

function intoPool(
  { path }: LlmRoute['spec'],
  pool: Pool,
): Pick<GatewayRoute, 'upstream' | 'hostHeader' | 'rewrites'> {
  const rewrites = [{ match: 'prefix', from: `${path}/`, to: null }] as const;
  return { upstream: pool.key, hostHeader: null, rewrites };
}

/** Made once for the same targets, so that nothing is rendered twice. */
function variantOf(
  spec: LlmRoute['spec'],
  route: GatewayRoute,
  whole: Pool,
  reachable: number,
  made: Map<number, RouteVariant>,
): RouteVariant {
  const before = made.get(reachable);
  if (before !== undefined) return before;
  const key = variantKey(route.key, reachable);
  const pool = poolOfVariant(spec, whole, key, reachable);
  const attempts = attemptsOf(spec, pool);
  const variant = { route: { ...route, variant: key, attempts, ...intoPool(spec, pool) }, pool };
  made.set(reachable, variant);
  return variant;
}

/** Names that a client can ask for: those of the route, and what the targets it begins with offer under their own names. */
function catalogueOf(
  { models, targets }: LlmRoute['spec'],
  found: readonly FoundTarget[],
): readonly string[] {
  const first = Math.min(...targets.map(({ priority }) => priority));
  const offered = targets.flatMap(({ model, priority }, index) =>
    model === undefined && priority === first ? (found[index]?.provider.spec.models ?? []) : [],
  );
  return sorted([
    ...models.filter((model) => !model.includes('*')),
    ...offered.filter((model) => models.some((pattern) => matchModelPattern(pattern, model))),
  ]);
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

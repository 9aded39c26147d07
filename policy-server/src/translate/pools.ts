import { matchModelPattern } from '@hiclaw/policy-image';
import type { LlmRoute } from '@hiclaw/resources';
import type { Pool, PoolTarget } from './state.js';
import { type AcceptedUpstream, hostHeader } from './upstreams.js';

/**
 * The targets of a route that need a cluster of the route's own, with priorities from 0 without gaps, as Envoy wants
 * them; null when its one target can share the cluster of its provider.
 *
 * @param upstreams of each target, in the order of `spec.targets`
 */
export function poolOf(
  key: string,
  { targets, retry }: LlmRoute['spec'],
  upstreams: readonly AcceptedUpstream[],
): Pool | null {
  const [only, ...others] = targets;
  // Waiting as long as a provider asks for is an option of its cluster.
  if (others.length === 0 && only?.model === undefined && retry === undefined) return null;
  const made = targets.flatMap(({ model = null, priority, weight }, index): PoolTarget[] => {
    const at = upstreams[index];
    if (at === undefined) return [];
    const { upstream } = at;
    return [{ index, upstream, hostHeader: hostHeader(upstream), model, priority, weight }];
  });
  return poolWith(key, made, retry);
}

/**
 * Which targets a consumer reaches through its grant, one bit each by index. Targets of the lowest priority say what the
 * route's names mean; a fallback that is another model is reached only by who may use that model.
 *
 * @param models of the grant; null: all of the route's
 * @param suspended keys of upstreams that the consumer may not use for now
 */
export function reachableTargets(
  { targets }: Pool,
  models: readonly string[] | null,
  suspended: ReadonlySet<string>,
): number {
  let reachable = 0;
  for (const { index, upstream, model, priority } of targets) {
    if (suspended.has(upstream.key)) continue;
    const allowed =
      priority === 0 ||
      model === null ||
      models === null ||
      models.some((pattern) => matchModelPattern(pattern, model));
    if (allowed) reachable |= 1 << index;
  }
  return reachable;
}

export function allTargets({ targets }: Pool): number {
  return targets.reduce((bits, { index }) => bits | (1 << index), 0);
}

/** What key-auth and the route table call a route with only these of its targets: the same for the same targets. */
export function variantKey(route: string, reachable: number): string {
  return `${route}~${reachable}`;
}

/** The reverse of `variantKey`. */
export function parseVariant(key: string): { readonly route: string; readonly reachable: number } {
  const at = key.lastIndexOf('~');
  return { route: key.slice(0, at), reachable: Number(key.slice(at + 1)) };
}

/** The part of a pool that a variant of its route reaches. */
export function poolOfVariant(
  { retry }: LlmRoute['spec'],
  whole: Pool,
  key: string,
  reachable: number,
): Pool {
  const targets = whole.targets.filter(({ index }) => (reachable & (1 << index)) !== 0);
  return poolWith(key, targets, retry);
}

function poolWith(key: string, targets: readonly PoolTarget[], retry: LlmRoute['spec']['retry']): Pool {
  const waits = targets.length === 1 && retry !== undefined && retry.attempts !== 0;
  return { key, targets: withoutGaps(targets), waits };
}

function withoutGaps(targets: readonly PoolTarget[]): readonly PoolTarget[] {
  const priorities = [...new Set(targets.map(({ priority }) => priority))].sort((a, b) => a - b);
  return targets
    .map((target) => ({ ...target, priority: priorities.indexOf(target.priority) }))
    .sort((a, b) => a.priority - b.priority || a.index - b.index);
}

import type { KeyAuthConsumer } from '@hiclaw/policy-image';
import { hostListAdmits } from '@hiclaw/resources';
import { SUSPENDED_HOST } from '../translate/credentials.js';
import type { GatewayState } from '../translate/state.js';
import { DigestSet } from './digest-set.js';

/** Something that must never be, whatever users write: a bug of ours, or a collision. */
export interface Problem {
  /** Stable, in kebab-case. */
  readonly code: string;
  readonly message: string;
}

/** Bytes of a token digest that the image holds. */
const DIGEST_BYTES = 16;
const LLM_PATH = /^(\/[A-Za-z0-9._~-]+)+$/;
const RESERVED_SEGMENTS: ReadonlySet<string> = new Set(['mcp-servers', 'services', 'healthz']);

/**
 * Checks a state before it is rendered. Each problem is fatal: the gateways keep the last good snapshot. Pure; checks
 * of parts that are the same objects as in `last`, which had no problem, are not repeated.
 */
export function findProblems(state: GatewayState, last: GatewayState | null): readonly Problem[] {
  const problems: Problem[] = [];
  const sameUpstreams = last?.upstreams === state.upstreams;
  const sameRoutes =
    sameUpstreams &&
    last.pools === state.pools &&
    last.routes === state.routes &&
    last.access.routes === state.access.routes;
  if (!sameRoutes) {
    checkRoutes(state, problems);
    checkPools(state, problems);
  }
  if (!sameUpstreams || last.injection !== state.injection) checkInjection(state, problems);
  if (!sameRoutes || last.access.consumers !== state.access.consumers) {
    checkConsumers(state, sameRoutes ? last : null, problems);
  }
  return problems;
}

function checkRoutes({ routes, upstreams, pools, access }: GatewayState, problems: Problem[]): void {
  const clusters = new Set([...upstreams, ...pools].map(({ key }) => key));
  if (clusters.size !== upstreams.length + pools.length)
    problems.push(problem('upstream-repeated', 'two upstreams or pools have one key'));
  const ownPaths = new Set(pools.map(({ key }) => key));
  const variants = new Set<string>();
  const seen = new Set<string>();
  for (const { key, variant, upstream, hostHeader, rewrites } of routes) {
    if (variants.has(variant)) {
      problems.push(problem('route-repeated', `two routes have the key "${variant}"`));
    }
    variants.add(variant);
    if (variant === key) seen.add(key);
    else if (!variant.startsWith(`${key}~`)) {
      problems.push(problem('variant-misnamed', `"${variant}" is no variant of "${key}"`));
    }
    if (!clusters.has(upstream)) {
      problems.push(
        problem('upstream-dangling', `route "${variant}" leads to "${upstream}", which does not exist`),
      );
    }
    // A pool's targets have paths and names of their own, and an upstream has none but the route's.
    const isPooled = ownPaths.has(upstream);
    if ((hostHeader === null) !== isPooled || rewrites.some(({ to }) => (to === null) !== isPooled)) {
      problems.push(problem('rewrite-misplaced', `route "${variant}" is not rewritten in one place`));
    }
    if (rewrites.length === 0) {
      problems.push(problem('route-without-path', `route "${variant}" matches no path`));
    }
  }
  const accessKeys = new Set(access.routes.map(({ key }) => key));
  if (accessKeys.size !== seen.size || [...accessKeys].some((key) => !seen.has(key))) {
    problems.push(problem('routes-differ', 'key-auth and the route table do not know the same routes'));
  }
  for (const route of access.routes) {
    if (route.kind === 'llm') checkLlmPath(route.key, route.path, problems);
  }
}

function checkPools({ pools, upstreams, access }: GatewayState, problems: Problem[]): void {
  const known = new Map(upstreams.map((upstream) => [upstream.key, upstream]));
  const rebased = new Set(
    access.routes.flatMap((route) => (route.kind === 'llm' && route.rebases === true ? [route.key] : [])),
  );
  for (const { key, targets } of pools) {
    const [route = ''] = key.split('~', 1);
    if (!rebased.has(route)) {
      problems.push(
        problem('pool-not-rebased', `key-auth does not tell the targets of "${key}" what to change`),
      );
    }
    const priorities = [...new Set(targets.map(({ priority }) => priority))];
    if (targets.length === 0 || priorities.some((priority, index) => priority !== index)) {
      problems.push(problem('pool-priorities', `the priorities of "${key}" do not count up from 0`));
    }
    for (const { upstream } of targets) {
      // Another object might say something else than injection was told.
      if (known.get(upstream.key) !== upstream) {
        problems.push(
          problem('upstream-dangling', `pool "${key}" has "${upstream.key}", which does not exist`),
        );
      }
    }
    if (new Set(targets.map(({ index }) => index)).size !== targets.length) {
      problems.push(problem('target-repeated', `pool "${key}" has a target twice`));
    }
  }
}

function checkLlmPath(key: string, path: string, problems: Problem[]): void {
  const first = path.split('/')[1] ?? '';
  if (!LLM_PATH.test(path) || RESERVED_SEGMENTS.has(first)) {
    problems.push(
      problem('path-shadows', `route "${key}" would listen at ${path}, which is not for LLM routes`),
    );
  }
}

function checkInjection({ injection, upstreams }: GatewayState, problems: Problem[]): void {
  const credentials = new Map(injection.credentials.map((credential) => [credential.id, credential]));
  if (credentials.size !== injection.credentials.length) {
    problems.push(problem('credential-repeated', 'two credentials have one id'));
  }
  const located = new Map(upstreams.map((upstream) => [upstream.key, upstream]));
  const seen = new Set<string>();
  for (const { key, host, credential, bindings } of injection.upstreams) {
    if (seen.has(key)) problems.push(problem('upstream-repeated', `injection knows "${key}" twice`));
    seen.add(key);
    const at = located.get(key);
    if (at === undefined || host !== `${at.host}:${at.port}`) {
      problems.push(problem('upstream-differs', `injection and clusters do not agree where "${key}" is`));
      continue;
    }
    const used = new Set(bindings.map((binding) => binding.credential));
    if (credential !== null) used.add(credential);
    for (const id of used) {
      const found = credentials.get(id);
      if (found === undefined) {
        problems.push(
          problem('credential-dangling', `upstream "${key}" needs credential "${id}", which is not there`),
        );
      } else if (!hostListAdmits(found.suspendedFrom ?? found.hosts, at.host, at.port)) {
        const message = `credential "${id}" may not be sent to ${host}, but is bound to "${key}"`;
        problems.push(problem('credential-host-mismatch', message));
      } else if (found.suspendedFrom !== undefined && found.hosts.join() !== SUSPENDED_HOST) {
        const message = `credential "${id}" is suspended, but could be sent somewhere`;
        problems.push(problem('credential-not-suspended', message));
      }
    }
    const consumers = new Set(bindings.map((binding) => binding.consumer));
    if (consumers.size !== bindings.length) {
      problems.push(problem('binding-repeated', `a consumer is bound twice at "${key}"`));
    }
  }
  for (const { key } of upstreams) {
    if (!seen.has(key)) problems.push(problem('upstream-differs', `injection does not know "${key}"`));
  }
}

/** @param last a state without problems that has the same routes, or null */
function checkConsumers(
  { access, routes: forwarded }: GatewayState,
  last: GatewayState | null,
  problems: Problem[],
): void {
  const previously = last?.access.consumers ?? [];
  const comparable = previously.length === access.consumers.length;
  const known = new Set(access.routes.map(({ key }) => key));
  const routes = new Map(
    forwarded.flatMap(({ key, variant }) => (known.has(key) ? [[variant, key] as const] : [])),
  );
  const grantsSeen = new Set<unknown>();
  let sameTokens = comparable;
  let previous = '';
  for (const [index, consumer] of access.consumers.entries()) {
    const before = comparable ? previously[index] : undefined;
    if (consumer !== before) {
      sameTokens &&= before?.tokens === consumer.tokens;
      checkGrants(consumer, routes, grantsSeen, problems);
    }
    const { name } = consumer;
    if (name <= previous) {
      problems.push(problem('consumer-repeated', `consumer "${name}" is out of order or listed twice`));
    }
    previous = name;
  }
  if (!sameTokens) checkDigests(access.consumers, problems);
}

function checkGrants(
  { name, grants }: KeyAuthConsumer,
  routes: ReadonlyMap<string, string>,
  seen: Set<unknown>,
  problems: Problem[],
): void {
  if (seen.has(grants)) return;
  seen.add(grants);
  const granted = new Set(grants.map(({ route }) => route));
  if (granted.size !== grants.length) {
    problems.push(problem('grant-repeated', `consumer "${name}" has two grants on one route`));
  }
  for (const { route, envoyRoute = route } of grants) {
    if (routes.get(envoyRoute) !== route) {
      problems.push(
        problem('grant-dangling', `consumer "${name}" is granted "${envoyRoute}", which does not exist`),
      );
    }
  }
}

function checkDigests(consumers: readonly KeyAuthConsumer[], problems: Problem[]): void {
  const digests = new DigestSet(consumers.reduce((sum, { tokens }) => sum + tokens.length, 0));
  for (const { name, tokens } of consumers) {
    for (const { digest } of tokens) {
      if (digest.length < DIGEST_BYTES || !digests.add(digest)) {
        problems.push(
          problem('digest-repeated', `a token of consumer "${name}" cannot be told from another one`),
        );
      }
    }
  }
}

function problem(code: string, message: string): Problem {
  return { code, message };
}

import type { InjectionUpstream } from '@hiclaw/policy-image';
import type { Condition } from '../gateways.js';
import type { ResourceSet } from '../store/resource-set.js';
import { type Base, type BaseOptions, BaseTranslator } from './base.js';
import { ACCEPTED, notAccepted, ownCredentials } from './conditions.js';
import { ConsumerTranslator, type OwnCredential, type TranslatedConsumers } from './consumers.js';
import { sameItems } from './memo.js';
import { parseVariant } from './pools.js';
import type { BoundCredential, GatewayState } from './state.js';

export interface TranslateOptions extends BaseOptions {
  /** Bytes. */
  readonly maxBodyBytes: number;
}

export interface Translation {
  readonly state: GatewayState;
  /** Of one resource, such as `LlmRoute` `chat`; empty when it does not exist. */
  readonly conditions: (kind: string, name: string) => readonly Condition[];
}

/**
 * Translates resources into what the gateways shall do. What a user got wrong becomes a condition of that resource;
 * the rest is served. Pure: the same set in any order gives the same state. The function remembers what it made from
 * which objects, so that a small change among many resources costs little; parts of the state that did not change are
 * the same objects as before.
 */
export function createTranslator(options: TranslateOptions): (set: ResourceSet) => Translation {
  const bases = new BaseTranslator(options);
  const consumers = new ConsumerTranslator();
  let last: GatewayState | null = null;
  let lastBase: Base | null = null;
  let injection: { base: Base; own: readonly OwnCredential[]; made: GatewayState['injection'] } | null = null;
  return (set) => {
    const fresh = bases.translate(set);
    const base = lastBase !== null && sameBase(lastBase, fresh) ? lastBase : fresh;
    lastBase = base;
    const translated = consumers.translate(set, base);
    if (injection?.base !== base || injection.own !== translated.ownCredentials) {
      injection = {
        base,
        own: translated.ownCredentials,
        made: assembleInjection(base, translated.ownCredentials),
      };
    }
    const { maxBodyBytes } = options;
    const state = {
      policyVersion: set.policyVersion,
      maxBodyBytes,
      ...assemble(base, translated, last),
      injection: injection.made,
    };
    last = state;
    return { state, conditions: (kind, name) => conditionsOf(set, base, translated, kind, name) };
  };
}

function sameBase(a: Base, b: Base): boolean {
  return (
    sameItems([...a.credentials].flat(), [...b.credentials].flat()) &&
    sameItems([...a.upstreams].flat(), [...b.upstreams].flat()) &&
    sameItems([...a.routes].flat(), [...b.routes].flat()) &&
    sameItems([...a.refusals.keys()], [...b.refusals.keys()]) &&
    sameItems(
      [...a.refusals.values()].map(({ message }) => message),
      [...b.refusals.values()].map(({ message }) => message),
    )
  );
}

function assemble(
  base: Base,
  translated: TranslatedConsumers,
  last: GatewayState | null,
): Pick<GatewayState, 'upstreams' | 'pools' | 'routes' | 'access'> {
  const upstreams = [...base.upstreams.values()].map(({ upstream }) => upstream);
  const accepted = [...base.routes.values()];
  const access = accepted.map((route) => route.access);
  const variants = translated.variants.flatMap((key) => {
    const { route, reachable } = parseVariant(key);
    return base.routes.get(route)?.variant?.(reachable) ?? [];
  });
  const routes = [...accepted, ...variants].map(({ route }) => route).sort(by(({ variant }) => variant));
  const pools = [...accepted, ...variants].flatMap(({ pool }) => pool ?? []).sort(by(({ key }) => key));
  return {
    upstreams: keepItems(last?.upstreams, upstreams),
    pools: keepItems(last?.pools, pools),
    routes: keepItems(last?.routes, routes),
    access: { routes: keepItems(last?.access.routes, access), consumers: translated.consumers },
  };
}

function assembleInjection(base: Base, own: readonly OwnCredential[]): GatewayState['injection'] {
  const bindings = new Map<string, { readonly consumer: string; readonly credential: string }[]>();
  const credentials = new Map<string, BoundCredential>();
  for (const { consumer, upstream, credential } of own) {
    const list = bindings.get(upstream) ?? [];
    list.push({ consumer, credential: credential.id });
    bindings.set(upstream, list);
    credentials.set(credential.id, credential);
  }
  const upstreams = [...base.upstreams.values()].map((accepted): InjectionUpstream => {
    const { upstream, path, credential, addsUsage } = accepted;
    if (credential !== null) credentials.set(credential.id, credential);
    return {
      key: upstream.key,
      host: `${upstream.host}:${upstream.port}`,
      // Only paths of providers are made per attempt.
      path: upstream.key.startsWith('providers/') ? path : '',
      addsUsage,
      credential: credential?.id ?? null,
      bindings: bindings.get(upstream.key) ?? [],
    };
  });
  return { upstreams, credentials: [...credentials.values()].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

function by<T>(keyOf: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (keyOf(a) < keyOf(b) ? -1 : 1);
}

function keepItems<T>(before: readonly T[] | undefined, made: readonly T[]): readonly T[] {
  return before !== undefined && sameItems(before, made) ? before : made;
}

function conditionsOf(
  set: ResourceSet,
  base: Base,
  translated: TranslatedConsumers,
  kind: string,
  name: string,
): readonly Condition[] {
  if (kind === 'Consumer') {
    const stored = set.consumers.get(name);
    if (stored === undefined) return [];
    if (Object.keys(stored.resource.spec.credentials).length === 0) return [ACCEPTED];
    return [ACCEPTED, ownCredentials(translated.refusals.get(name) ?? null)];
  }
  const refusal = base.refusals.get(`${kind}/${name}`);
  if (refusal !== undefined) return [notAccepted(refusal)];
  return exists(set, kind, name) ? [ACCEPTED] : [];
}

function exists(set: ResourceSet, kind: string, name: string): boolean {
  switch (kind) {
    case 'Credential':
      return set.credentials.has(name);
    case 'Provider':
      return set.providers.has(name);
    case 'LlmRoute':
      return set.llmRoutes.has(name);
    case 'McpServer':
      return set.mcpServers.has(name);
    case 'ServiceRoute':
      return set.serviceRoutes.has(name);
    default:
      return false;
  }
}

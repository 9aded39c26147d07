import type { Kind, Resource } from '@hiclaw/resources';
import type {
  Grant,
  GrantKind,
  ResourceSet,
  StoredConsumer,
  StoredCredential,
  Token,
} from './resource-set.js';
import { ShardedMap } from './resource-set-map.js';

/** Which map of a ResourceSet holds a kind. */
export const MAP_OF_KIND = {
  Credential: 'credentials',
  Provider: 'providers',
  LlmRoute: 'llmRoutes',
  McpServer: 'mcpServers',
  ServiceRoute: 'serviceRoutes',
  Consumer: 'consumers',
} as const satisfies Record<Kind, keyof ResourceSet>;

type MapName = Exclude<keyof ResourceSet, 'policyVersion'>;
type ValueOf<M extends MapName> = ResourceSet[M] extends ReadonlyMap<string, infer V> ? V : never;

/** A ResourceSet whose maps the store can copy cheaply. */
export type StoredSet = { readonly policyVersion: number } & {
  readonly [M in MapName]: ShardedMap<ValueOf<M>>;
};

export const EMPTY_RESOURCE_SET: StoredSet = {
  policyVersion: 0,
  credentials: new ShardedMap(),
  providers: new ShardedMap(),
  llmRoutes: new ShardedMap(),
  mcpServers: new ShardedMap(),
  serviceRoutes: new ShardedMap(),
  consumers: new ShardedMap(),
  grants: new ShardedMap(),
  tokens: new ShardedMap(),
};

/** The stored resource of that kind and name. */
export function findResource<K extends Kind>(
  set: ResourceSet,
  kind: K,
  name: string,
): Resource<K> | undefined {
  const entry: StoredCredential | StoredConsumer | Resource | undefined = set[MAP_OF_KIND[kind]].get(name);
  const resource = entry !== undefined && 'resource' in entry ? entry.resource : entry;
  return resource as Resource<K> | undefined;
}

/** All stored resources of a kind. */
export function listResources(set: ResourceSet, kind: Kind): Resource[] {
  const entries: Iterable<StoredCredential | StoredConsumer | Resource> = set[MAP_OF_KIND[kind]].values();
  return Array.from(entries, (entry) => ('resource' in entry ? entry.resource : entry));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareGrants(a: Grant, b: Grant): number {
  return compare(a.kind, b.kind) || compare(a.route, b.route) || compare(a.source, b.source);
}

/** Grants of one consumer in the one order that a ResourceSet holds them in. */
function sortGrants(grants: readonly Grant[]): readonly Grant[] {
  return [...grants].sort(compareGrants);
}

/** Tokens of one consumer in the one order that a ResourceSet holds them in. */
function sortTokens(tokens: readonly Token[]): readonly Token[] {
  return [...tokens].sort((a, b) => compare(a.id, b.id));
}

/** The next ResourceSet in the making: maps are copied when first written to, entries are never changed in place. */
export class Draft {
  readonly #base: StoredSet;
  readonly #copies = new Map<MapName, ShardedMap<unknown>>();

  constructor(base: StoredSet) {
    this.#base = base;
  }

  /** The state including all edits so far. */
  get current(): StoredSet {
    return this.finish(this.#base.policyVersion);
  }

  finish(policyVersion: number): StoredSet {
    return { ...this.#base, ...Object.fromEntries(this.#copies), policyVersion };
  }

  read<M extends MapName>(name: M, key: string): ValueOf<M> | undefined {
    return (this.#copies.get(name) ?? this.#base[name]).get(key) as ValueOf<M> | undefined;
  }

  set<M extends MapName>(name: M, key: string, value: ValueOf<M>): void {
    this.#copy(name).set(key, value);
  }

  delete(name: MapName, key: string): void {
    this.#copy(name).delete(key);
  }

  /** Replaces the grants of one consumer. */
  setGrants(consumer: string, grants: readonly Grant[]): void {
    if (grants.length === 0) this.delete('grants', consumer);
    else this.set('grants', consumer, sortGrants(grants));
  }

  /** Replaces the tokens of one consumer. */
  setTokens(consumer: string, tokens: readonly Token[]): void {
    if (tokens.length === 0) this.delete('tokens', consumer);
    else this.set('tokens', consumer, sortTokens(tokens));
  }

  #copy(name: MapName): ShardedMap<unknown> {
    let copy = this.#copies.get(name);
    if (copy === undefined) {
      copy = new ShardedMap<unknown>(this.#base[name]);
      this.#copies.set(name, copy);
    }
    return copy;
  }
}

/** The collection of a granted kind, which grants name it by. */
export const GRANT_KIND_OF = {
  LlmRoute: 'llm-routes',
  McpServer: 'mcp-servers',
  ServiceRoute: 'service-routes',
} as const satisfies Partial<Record<Kind, GrantKind>>;

export type GrantedKind = keyof typeof GRANT_KIND_OF;

export const KIND_OF_GRANT: Readonly<Record<GrantKind, GrantedKind>> = {
  'llm-routes': 'LlmRoute',
  'mcp-servers': 'McpServer',
  'service-routes': 'ServiceRoute',
};

export function isGrantedKind(kind: Kind): kind is GrantedKind {
  return kind in GRANT_KIND_OF;
}

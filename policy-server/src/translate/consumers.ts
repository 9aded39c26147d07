import type { KeyAuthConsumer } from '@hiclaw/policy-image';
import { limitCaps, parseTimestamp } from '@hiclaw/resources';
import type { Grant, ResourceSet, StoredConsumer, Token } from '../store/resource-set.js';
import { changedKeys } from '../store/resource-set-map.js';
import type { Base } from './base.js';
import type { Refusal } from './conditions.js';
import { sameItems } from './memo.js';
import { allTargets, reachableTargets, variantKey } from './pools.js';
import type { AcceptedRoute } from './routes.js';
import type { BoundCredential } from './state.js';
import { usableAt } from './upstreams.js';
import { VariantCensus } from './variant-census.js';

type Grants = KeyAuthConsumer['grants'];

/** A credential of a consumer's own. */
export interface OwnCredential {
  readonly consumer: string;
  /** Key of the upstream. */
  readonly upstream: string;
  readonly credential: BoundCredential;
}

/** What translating consumers gives; lists that did not change are the same objects as before. */
export interface TranslatedConsumers {
  /** Those with a token, by name. */
  readonly consumers: readonly KeyAuthConsumer[];
  readonly ownCredentials: readonly OwnCredential[];
  /** By name of the consumer: why a credential of its own cannot be used. */
  readonly refusals: ReadonlyMap<string, Refusal>;
  /** Variants of routes that grants name, sorted. */
  readonly variants: readonly string[];
}

/** What one consumer became. */
interface Entry {
  readonly consumer: KeyAuthConsumer | null;
  readonly own: readonly OwnCredential[];
  readonly refusal: Refusal | null;
}

/** What one consumer is made from. */
interface Inputs {
  readonly stored: StoredConsumer;
  readonly grants: readonly Grant[] | undefined;
  readonly tokens: readonly Token[] | undefined;
}

/** All consumers in the order of their names, as columns. */
interface Columns {
  readonly names: string[];
  readonly stored: StoredConsumer[];
  readonly grants: Inputs['grants'][];
  readonly tokens: Inputs['tokens'][];
  readonly entries: Entry[];
}

/** Where each served route leads, and what of that decides who may go there. */
type RouteTable = ReadonlyMap<string, { readonly served: AcceptedRoute; readonly facts: string }>;

const NO_OWN: Pick<Entry, 'own' | 'refusal'> & { readonly suspended: ReadonlySet<string> } = {
  own: [],
  refusal: null,
  suspended: new Set(),
};

/** Translates consumers with their grants and tokens; one that changes among many costs little. */
export class ConsumerTranslator {
  #columns: Columns = { names: [], stored: [], grants: [], tokens: [], entries: [] };
  #positions: ReadonlyMap<string, number> = new Map();
  /** Where each position is in the list that is made; -1: not in it. */
  #indexes = new Int32Array();
  #routes: RouteTable = new Map();
  /** Equal lists of grants are one object, which saves memory here and time in the image writer. */
  #grantLists = new Map<string, Grants>();
  /** Equal limits are one object too. */
  readonly #limitLists = new Map<string, KeyAuthConsumer['limits'] & object>();
  #set: ResourceSet | null = null;
  #base: Base | null = null;
  readonly #census = new VariantCensus();
  #last: TranslatedConsumers = { consumers: [], ownCredentials: [], refusals: new Map(), variants: [] };

  translate(set: ResourceSet, base: Base): TranslatedConsumers {
    const last = this.#set;
    // Should anything throw, the next call must not believe that this one was completed.
    this.#set = null;
    const sameRoutes = this.#updateRoutes(base);
    if (last === null || !sameRoutes || !this.#update(last, set, base)) this.#rebuild(set, base, sameRoutes);
    this.#set = set;
    this.#base = base;
    return this.#last;
  }

  /** Translates only those that changed. @returns false, and does nothing, when consumers came or went */
  #update(last: ResourceSet, set: ResourceSet, base: Base): boolean {
    const { names, stored, grants, tokens, entries } = this.#columns;
    const changed = this.#changed(last, set, base);
    if (changed === null) return false;
    let consumers: KeyAuthConsumer[] | null = null;
    let collect = false;
    for (const { at, now } of changed) {
      const before = entries[at];
      const keptTokens = tokens[at] === now.tokens ? before?.consumer?.tokens : undefined;
      const entry = this.#entry(names[at] ?? '', now, base, keptTokens);
      const consumer = keepEqual(before?.consumer, entry.consumer);
      stored[at] = now.stored;
      grants[at] = now.grants;
      tokens[at] = now.tokens;
      entries[at] = { ...entry, consumer };
      const index = this.#indexes[at] ?? -1;
      if (isPlain(before) && isPlain(entry) && consumer !== null && index >= 0) {
        if (consumer === before?.consumer) continue;
        consumers ??= [...this.#last.consumers];
        consumers[index] = consumer;
        this.#census.replace(before?.consumer?.grants ?? [], consumer.grants);
      } else collect = true;
    }
    if (collect) this.#collect();
    else if (consumers !== null) {
      this.#last = { ...this.#last, consumers, variants: this.#census.variants };
    }
    return true;
  }

  /** What must be translated again; null when consumers came or went. */
  #changed(
    last: ResourceSet,
    set: ResourceSet,
    base: Base,
  ): { readonly at: number; readonly now: Inputs }[] | null {
    const { names, stored } = this.#columns;
    const touched = new Set([
      ...changedKeys(last.consumers, set.consumers),
      ...changedKeys(last.grants, set.grants),
      ...changedKeys(last.tokens, set.tokens),
    ]);
    if (this.#base !== base) {
      for (const [at, name] of names.entries()) if (hasOwn(stored[at])) touched.add(name);
    }
    const changed: { at: number; now: Inputs }[] = [];
    for (const name of touched) {
      const at = this.#positions.get(name);
      const now = inputsOf(set, name);
      if ((at === undefined) !== (now === null)) return null;
      if (at !== undefined && now !== null) changed.push({ at, now });
    }
    return changed;
  }

  #rebuild(set: ResourceSet, base: Base, sameRoutes: boolean): void {
    const before = this.#columns;
    const columns: Columns = { names: [], stored: [], grants: [], tokens: [], entries: [] };
    // Names are ASCII, so this is their order in bytes too.
    for (const name of [...set.consumers.keys()].sort()) {
      const now = inputsOf(set, name);
      if (now === null) continue;
      const { stored, grants, tokens } = now;
      const at = this.#positions.get(name) ?? -1;
      const same = sameRoutes && before.stored[at] === stored && before.grants[at] === grants;
      const known = same && before.tokens[at] === tokens && !hasOwn(stored) ? before.entries[at] : undefined;
      const made = known ?? this.#entry(name, now, base);
      columns.names.push(name);
      columns.stored.push(stored);
      columns.grants.push(grants);
      columns.tokens.push(tokens);
      columns.entries.push({ ...made, consumer: keepEqual(before.entries[at]?.consumer, made.consumer) });
    }
    this.#columns = columns;
    this.#positions = new Map(columns.names.map((name, position) => [name, position]));
    this.#collect();
  }

  #collect(): void {
    const { names, entries } = this.#columns;
    const consumers: KeyAuthConsumer[] = [];
    const ownCredentials: OwnCredential[] = [];
    const refusals = new Map<string, Refusal>();
    this.#indexes = new Int32Array(names.length).fill(-1);
    for (const [position, entry] of entries.entries()) {
      if (entry.consumer !== null) {
        this.#indexes[position] = consumers.length;
        consumers.push(entry.consumer);
      }
      if (entry.own.length > 0) ownCredentials.push(...entry.own);
      if (entry.refusal !== null) refusals.set(names[position] ?? '', entry.refusal);
    }
    this.#census.recount(consumers);
    const last = this.#last;
    this.#last = {
      variants: this.#census.variants,
      consumers: sameItems(last.consumers, consumers) ? last.consumers : consumers,
      ownCredentials: sameItems(last.ownCredentials, ownCredentials) ? last.ownCredentials : ownCredentials,
      refusals,
    };
  }

  /** Whether the same routes are served as before. */
  #updateRoutes(base: Base): boolean {
    if (base === this.#base) return true;
    const routes = new Map(
      [...base.routes].map(([key, served]) => [key, { served, facts: grantFacts(served) }]),
    );
    const same = sameItems(tableTexts(this.#routes), tableTexts(routes));
    this.#routes = routes;
    if (!same) this.#grantLists = new Map();
    return same;
  }

  #entry(
    name: string,
    { stored, grants, tokens }: Inputs,
    base: Base,
    keptTokens?: KeyAuthConsumer['tokens'],
  ): Entry {
    const { own, refusal, suspended } = ownCredentialsOf(name, stored, base);
    if (tokens === undefined || tokens.length === 0) return { consumer: null, own: [], refusal };
    const consumer: KeyAuthConsumer = {
      name,
      disabled: stored.resource.spec.disabled,
      revoked: stored.revoked,
      expiresAt: expirySeconds(stored.resource.spec.expiresAt),
      tokens: keptTokens ?? tokens.map(({ digest, expiresAt }) => ({ digest, expiresAt })),
      grants: this.#grants(grants ?? [], suspended),
      ...this.#limits(stored),
    };
    return { consumer, own, refusal };
  }

  /** Nothing, for a consumer without limits. */
  #limits({ resource }: StoredConsumer): Pick<KeyAuthConsumer, 'limits'> {
    const { limits } = resource.spec;
    if (limits === undefined) return {};
    const text = JSON.stringify(limits);
    let list = this.#limitLists.get(text);
    if (list === undefined) {
      list = limitCaps(limits);
      this.#limitLists.set(text, list);
    }
    return { limits: list };
  }

  #grants(grants: readonly Grant[], suspended: ReadonlySet<string>): Grants {
    const byRoute = new Map<string, readonly string[] | null>();
    for (const { kind, route, models } of grants) {
      const key = `${kind}/${route}`;
      if (!this.#routes.has(key)) continue;
      const before = byRoute.get(key);
      // Several sources may grant the same route: what any of them gives is given.
      byRoute.set(key, before === undefined ? models : before && models && [...before, ...models]);
    }
    const list = [...byRoute]
      .flatMap(([route, models]) => this.#grant(route, models && [...new Set(models)].sort(), suspended))
      .sort((a, b) => (a.route < b.route ? -1 : 1));
    const text = JSON.stringify(list);
    const known = this.#grantLists.get(text);
    if (known !== undefined) return known;
    this.#grantLists.set(text, list);
    return list;
  }

  /** None when nothing that the route leads to may be reached. */
  #grant(key: string, models: readonly string[] | null, suspended: ReadonlySet<string>): Grants {
    const served = this.#routes.get(key)?.served;
    if (served === undefined) return [];
    const { route, pool } = served;
    if (pool === null) return suspended.has(route.upstream) ? [] : [{ route: key, models }];
    const reachable = reachableTargets(pool, models, suspended);
    if (reachable === 0) return [];
    if (reachable === allTargets(pool)) return [{ route: key, models }];
    return [{ route: key, models, envoyRoute: variantKey(key, reachable) }];
  }
}

/** Whatever of a route makes a difference to grants on it. */
function grantFacts({ route, pool }: AcceptedRoute): string {
  if (pool === null) return route.upstream;
  const facts = pool.targets.map(({ index, upstream, model, priority }) => [
    index,
    upstream.key,
    model,
    priority,
  ]);
  return JSON.stringify(facts);
}

function tableTexts(table: RouteTable): readonly string[] {
  return [...table].flatMap(([key, { facts }]) => [key, facts]);
}

/**
 * A credential of its own that cannot be used takes the consumer's grants at that upstream away: to call with the
 * common one instead would give it what somebody meant to take.
 */
function ownCredentialsOf(name: string, { resource }: StoredConsumer, base: Base): typeof NO_OWN {
  const wanted = Object.entries(resource.spec.credentials);
  if (wanted.length === 0) return NO_OWN;
  const own: OwnCredential[] = [];
  const suspended = new Set<string>();
  const problems: Refusal[] = [];
  for (const [upstream, credential] of wanted.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = base.upstreams.get(upstream);
    if (at === undefined) {
      const message = `spec.credentials: upstream "${upstream}" does not exist or is not served.`;
      problems.push({ reason: 'UpstreamNotFound', message });
      continue;
    }
    const usable = usableAt(at, credential, base.credentials.get(credential));
    if (usable.refusal === undefined) {
      own.push({ consumer: name, upstream, credential: usable.bound });
      continue;
    }
    suspended.add(upstream);
    const message = `spec.credentials["${upstream}"]: ${usable.refusal.message} Until then it cannot use this upstream.`;
    problems.push({ reason: usable.refusal.reason, message });
  }
  return { own, suspended, refusal: problems[0] ?? null };
}

function expirySeconds(expiresAt: string | null): number {
  if (expiresAt === null) return 0;
  // Decoded on the way in, so it can be read; what could not must not live for ever.
  return parseTimestamp(expiresAt).value ?? 1;
}

/** Edits that change nothing for the gateways, such as of labels, keep the object. */
function keepEqual(
  before: KeyAuthConsumer | null | undefined,
  made: KeyAuthConsumer | null,
): KeyAuthConsumer | null {
  if (!before || made === null || before === made) return made;
  const equal =
    before.disabled === made.disabled &&
    before.revoked === made.revoked &&
    before.expiresAt === made.expiresAt &&
    before.grants === made.grants &&
    before.limits === made.limits &&
    (before.tokens === made.tokens || sameItems(before.tokens.map(tokenText), made.tokens.map(tokenText)));
  return equal ? before : made;
}

function tokenText({ digest, expiresAt }: KeyAuthConsumer['tokens'][number]): string {
  return `${Buffer.from(digest).toString('hex')} ${expiresAt}`;
}

/** Nothing but a consumer came of it. */
function isPlain(entry: Entry | undefined): boolean {
  return entry?.own.length === 0 && entry.refusal === null;
}

function hasOwn(stored: StoredConsumer | undefined): boolean {
  return stored !== undefined && Object.keys(stored.resource.spec.credentials).length > 0;
}

function inputsOf(set: ResourceSet, name: string): Inputs | null {
  const stored = set.consumers.get(name);
  return stored === undefined ? null : { stored, grants: set.grants.get(name), tokens: set.tokens.get(name) };
}

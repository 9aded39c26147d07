const SHARDS = 256;

/**
 * A map by name, of which a changed copy costs little however large it is: entries are spread over many small maps, and
 * a copy shares with its origin those that neither has written to since.
 */
export class ShardedMap<V> implements ReadonlyMap<string, V> {
  readonly #shards: (Map<string, V> | undefined)[];
  /** Shards that no other map has. */
  readonly #own = new Set<number>();
  #size: number;

  constructor(origin: ShardedMap<V> | null = null) {
    this.#shards = origin === null ? Array.from({ length: SHARDS }, () => undefined) : [...origin.#shards];
    this.#size = origin === null ? 0 : origin.#size;
    if (origin !== null) origin.#own.clear();
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  has(key: string): boolean {
    return this.#shards[shardOf(key)]?.has(key) === true;
  }

  set(key: string, value: V): void {
    const shard = this.#writable(shardOf(key));
    this.#size -= shard.size;
    shard.set(key, value);
    this.#size += shard.size;
  }

  delete(key: string): void {
    if (this.has(key) && this.#writable(shardOf(key)).delete(key)) this.#size--;
  }

  forEach(look: (value: V, key: string, map: ReadonlyMap<string, V>) => void): void {
    for (const shard of this.#shards) {
      shard?.forEach((value, key) => {
        look(value, key, this);
      });
    }
  }

  /** In an order that the names decide, but for a few: nobody may rely on it. */
  *entries(): Generator<[string, V], undefined> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard;
  }

  *keys(): Generator<string, undefined> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.keys();
  }

  *values(): Generator<V, undefined> {
    for (const shard of this.#shards) if (shard !== undefined) yield* shard.values();
  }

  [Symbol.iterator](): Generator<[string, V], undefined> {
    return this.entries();
  }

  /** Keys of what was set to another value, added or deleted; costs little where one is a copy of the other. */
  changedSince(origin: ShardedMap<V>): string[] {
    return this.#shards.flatMap((shard, index) => {
      const before = origin.#shards[index];
      return shard === before
        ? []
        : differences(before ?? new Map<string, V>(), shard ?? new Map<string, V>());
    });
  }

  #writable(index: number): Map<string, V> {
    const shard = this.#shards[index];
    if (shard !== undefined && this.#own.has(index)) return shard;
    const copy = new Map(shard);
    this.#shards[index] = copy;
    this.#own.add(index);
    return copy;
  }
}

/** Keys of what differs between two maps. */
export function changedKeys<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): string[] {
  if (before === after) return [];
  if (before instanceof ShardedMap && after instanceof ShardedMap) return after.changedSince(before);
  return differences(before, after);
}

function differences<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): string[] {
  const keys: string[] = [];
  for (const [key, value] of after) if (before.get(key) !== value) keys.push(key);
  for (const key of before.keys()) if (!after.has(key)) keys.push(key);
  return keys;
}

/** FNV-1a, folded: http://www.isthe.com/chongo/tech/comp/fnv/ */
function shardOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (SHARDS - 1);
}

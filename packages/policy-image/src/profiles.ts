import { NONE } from './layout.js';

/** Numbers of a grant: route index, pattern set id or NONE, number of the route's variant plus 1 or 0. */
export const GRANT_NUMBERS = 3;

const INITIAL_SLOTS = 1024;

function hashOf(numbers: Uint32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ (numbers[i] ?? 0), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}

/**
 * Keeps each access profile once. A profile is a run of grants, ascending by route, of GRANT_NUMBERS each. Open
 * addressing on typed arrays, because a policy may name a profile per consumer.
 */
export class Profiles {
  #numbers = new Uint32Array(INITIAL_SLOTS);
  #used = 0;
  /** Start of each profile in #numbers; the next one's start is its end. */
  readonly #starts: number[] = [0];
  #slots = new Int32Array(INITIAL_SLOTS).fill(-1);

  get count(): number {
    return this.#starts.length - 1;
  }

  /** A provisional id of the first `length` numbers of `numbers`; `ranked()` gives the final one. */
  intern(numbers: Uint32Array, length: number): number {
    if (this.count * 2 >= this.#slots.length) this.#growSlots();
    const mask = this.#slots.length - 1;
    let slot = hashOf(numbers, length) & mask;
    for (let id = this.#slots[slot] ?? -1; id >= 0; id = this.#slots[slot] ?? -1) {
      if (this.#equals(id, numbers, length)) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.count;
    this.#slots[slot] = id;
    this.#append(numbers, length);
    return id;
  }

  /**
   * The profiles in canonical order (by their numbers, a shorter one before its extensions) with final pattern set
   * indexes, the final index of each provisional id, and the number of grants in all.
   */
  ranked(setRankOf: Uint32Array): { rankOf: Uint32Array; profiles: readonly Uint32Array[]; grants: number } {
    const profiles: { id: number; numbers: Uint32Array }[] = [];
    for (let id = 0; id < this.count; id++) {
      const numbers = this.#numbers.slice(this.#starts[id], this.#starts[id + 1]);
      for (let i = 1; i < numbers.length; i += GRANT_NUMBERS) {
        const set = numbers[i] ?? NONE;
        if (set !== NONE) numbers[i] = setRankOf[set] ?? NONE;
      }
      profiles.push({ id, numbers });
    }
    profiles.sort((a, b) => compareNumbers(a.numbers, b.numbers));
    const rankOf = new Uint32Array(this.count);
    for (const [rank, { id }] of profiles.entries()) rankOf[id] = rank;
    return { rankOf, profiles: profiles.map(({ numbers }) => numbers), grants: this.#used / GRANT_NUMBERS };
  }

  #equals(id: number, numbers: Uint32Array, length: number): boolean {
    const start = this.#starts[id] ?? 0;
    if ((this.#starts[id + 1] ?? 0) - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.#numbers[start + i] !== numbers[i]) return false;
    return true;
  }

  #append(numbers: Uint32Array, length: number): void {
    if (this.#used + length > this.#numbers.length) {
      const grown = new Uint32Array(Math.max(this.#numbers.length * 2, this.#used + length));
      grown.set(this.#numbers.subarray(0, this.#used));
      this.#numbers = grown;
    }
    this.#numbers.set(numbers.subarray(0, length), this.#used);
    this.#used += length;
    this.#starts.push(this.#used);
  }

  #growSlots(): void {
    this.#slots = new Int32Array(this.#slots.length * 4).fill(-1);
    const mask = this.#slots.length - 1;
    for (let id = 0; id < this.count; id++) {
      const numbers = this.#numbers.subarray(this.#starts[id], this.#starts[id + 1]);
      let slot = hashOf(numbers, numbers.length) & mask;
      while ((this.#slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask;
      this.#slots[slot] = id;
    }
  }
}

function compareNumbers(a: Uint32Array, b: Uint32Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = (a[i] ?? 0) - (b[i] ?? 0);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

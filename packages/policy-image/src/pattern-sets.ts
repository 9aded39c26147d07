import { compareUtf8, sortedDistinct } from './byte-order.js';

/** A set of strings in canonical order, as the image holds it. */
type PatternSet = readonly string[];

function compareSets(a: PatternSet, b: PatternSet): number {
  for (const [index, text] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    const order = compareUtf8(text, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Keeps each set of patterns once, whatever the order it was given in. */
export class PatternSets {
  readonly #ids = new Map<string, number>();
  readonly #idsByIdentity = new Map<readonly string[], number>();
  readonly #sets: PatternSet[] = [];

  /** A provisional id; `ranks()` gives the final one. */
  intern(patterns: readonly string[]): number {
    const known = this.#idsByIdentity.get(patterns);
    if (known !== undefined) return known;
    const set = sortedDistinct(patterns);
    // JSON, because it keeps patterns apart whatever characters they hold.
    const key = JSON.stringify(set);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#sets.push(set) - 1;
      this.#ids.set(key, id);
    }
    this.#idsByIdentity.set(patterns, id);
    return id;
  }

  /** Final index of each provisional id, and the sets in final order. */
  ranked(): { readonly rankOf: Uint32Array; readonly sets: readonly PatternSet[] } {
    const order = this.#sets.map((set, id) => ({ set, id })).sort((a, b) => compareSets(a.set, b.set));
    const rankOf = new Uint32Array(order.length);
    for (const [rank, { id }] of order.entries()) rankOf[id] = rank;
    return { rankOf, sets: order.map(({ set }) => set) };
  }
}

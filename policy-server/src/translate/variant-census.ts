import type { KeyAuthConsumer } from '@hiclaw/policy-image';
import { sameItems } from './memo.js';

type Grants = KeyAuthConsumer['grants'];

/**
 * Counts which variants of routes consumers' grants name, so that those exist, and no others. An edit of one consumer
 * among many costs only its own grants.
 */
export class VariantCensus {
  readonly #counts = new Map<string, number>();
  #variants: readonly string[] = [];

  /** Those that are named, sorted; the same object as long as they are the same. */
  get variants(): readonly string[] {
    return this.#variants;
  }

  /** Counts all anew. */
  recount(consumers: readonly KeyAuthConsumer[]): void {
    this.#counts.clear();
    for (const { grants } of consumers) this.#add(grants, 1);
    this.#list();
  }

  /** One consumer has other grants than before. */
  replace(before: Grants, after: Grants): void {
    if (before === after) return;
    const removed = this.#add(before, -1);
    const added = this.#add(after, 1);
    if (removed || added) this.#list();
  }

  /** @returns whether any variant is named */
  #add(grants: Grants, by: 1 | -1): boolean {
    let found = false;
    for (const { envoyRoute } of grants) {
      if (envoyRoute === undefined) continue;
      found = true;
      const count = (this.#counts.get(envoyRoute) ?? 0) + by;
      if (count === 0) this.#counts.delete(envoyRoute);
      else this.#counts.set(envoyRoute, count);
    }
    return found;
  }

  #list(): void {
    const variants = [...this.#counts.keys()].sort();
    if (!sameItems(variants, this.#variants)) this.#variants = variants;
  }
}

import * as L from './layout.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthLimit, Meter } from './policy.js';
import { unsigned64 } from './writer-checks.js';

const NUMBERED: readonly (readonly [Meter, number])[] = [
  ['requests-minute', L.METER_REQUESTS_MINUTE],
  ['tokens-minute', L.METER_TOKENS_MINUTE],
  ['tokens-day', L.METER_TOKENS_DAY],
  ['tokens-month', L.METER_TOKENS_MONTH],
  ['usd-day', L.METER_USD_DAY],
  ['usd-month', L.METER_USD_MONTH],
];
const NUMBER_OF = new Map(NUMBERED);

/** All meters, each at the index that the image calls it by. */
export const METERS: readonly Meter[] = [...NUMBERED].sort(([, a], [, b]) => a - b).map(([meter]) => meter);

/** A limit as the image holds it. */
export interface LimitNumbers {
  readonly meter: number;
  readonly cap: bigint;
}

/** Sets are sorted by their limits, a shorter one before its extensions. */
export function compareLimitSets(a: readonly LimitNumbers[], b: readonly LimitNumbers[]): number {
  for (const [index, limit] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (limit.meter !== other.meter) return limit.meter - other.meter;
    if (limit.cap !== other.cap) return limit.cap < other.cap ? -1 : 1;
  }
  return a.length - b.length;
}

/** Keeps each set of limits once, whatever the order it was given in. */
export class LimitSets {
  readonly #ids = new Map<string, number>();
  readonly #sets: (readonly LimitNumbers[])[] = [];

  /**
   * A provisional id; `ranked()` gives the final one. NONE for no limits.
   *
   * @throws PolicyImageError when a meter repeats or a cap is no unsigned 64-bit number
   */
  intern(limits: readonly KeyAuthLimit[] | undefined, consumer: string): number {
    if (limits === undefined || limits.length === 0) return L.NONE;
    const set = limits
      .map(({ meter, cap }) => ({
        meter: NUMBER_OF.get(meter) ?? L.NONE,
        cap: unsigned64(cap, `consumer "${consumer}": cap`),
      }))
      .sort((a, b) => a.meter - b.meter);
    const twice = set.findIndex(({ meter }, index) => meter === set[index - 1]?.meter);
    if (twice >= 0) throw new PolicyImageError(`consumer "${consumer}" has two limits on one meter`);
    const key = set.map(({ meter, cap }) => `${meter}:${cap}`).join();
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#sets.push(set) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  /** Final index of each provisional id, and the sets in final order. */
  ranked(): { readonly rankOf: Uint32Array; readonly sets: readonly (readonly LimitNumbers[])[] } {
    const order = this.#sets.map((set, id) => ({ set, id })).sort((a, b) => compareLimitSets(a.set, b.set));
    const rankOf = new Uint32Array(order.length);
    for (const [rank, { id }] of order.entries()) rankOf[id] = rank;
    return { rankOf, sets: order.map(({ set }) => set) };
  }
}

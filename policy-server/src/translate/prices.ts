import type { KeyAuthPrice } from '@hiclaw/policy-image';
import { nextPriceChange, type Price, priceOf, pricesAt, type Provider } from '@hiclaw/resources';

/** A target of an LLM route, as far as its price goes. */
interface PricedTarget {
  readonly provider: Provider;
  /** The provider's own name of the model; undefined: what the client asks for. */
  readonly model: string | undefined;
}

/**
 * What the targets of a route ask at a moment, over the names that clients ask for. A target whose price is not known
 * has no row.
 *
 * @param atMs milliseconds since the Unix epoch
 */
export function routePrices(targets: readonly PricedTarget[], atMs: number): readonly KeyAuthPrice[] {
  return targets.flatMap(({ provider: { spec }, model }, target) => {
    if (model === undefined) return pricesAt(spec.prices, atMs).map((row) => ({ target, ...row }));
    const price = priceOf(spec, model, atMs);
    return price === null ? [] : [{ ...price, target, model: '*' }];
  });
}

/** When the prices in force at a moment came in force: equal for moments between which no price changes. */
export function priceEpoch(providers: readonly Provider[], atMs: number): number {
  let epoch = 0;
  for (const { spec } of providers) {
    // Each change is the next one after the moment before it.
    for (let at = nextChange(spec.prices, 0); at !== null && at <= atMs; at = nextChange(spec.prices, at)) {
      epoch = Math.max(epoch, at);
    }
  }
  return epoch;
}

/** When the price of some provider changes next after a moment, milliseconds since the Unix epoch; null: never. */
export function nextPriceEpoch(providers: Iterable<Provider>, atMs: number): number | null {
  let next: number | null = null;
  for (const { spec } of providers) {
    const change = nextChange(spec.prices, atMs);
    if (change !== null && (next === null || change < next)) next = change;
  }
  return next;
}

function nextChange(prices: readonly Price[], atMs: number): number | null {
  return prices.length === 0 ? null : nextPriceChange(prices, atMs);
}

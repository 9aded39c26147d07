import { nextPriceChange, type Provider, priceOf, type TokenPrice } from '@hiclaw/resources';
import type { CallTokens, UsageRecord } from './record.js';

/**
 * The most that a cost is counted as, in pico-USD: 9 million US dollars, what a 64-bit integer of SQLite holds. One call,
 * and one bucket of an aggregate, stay there when they would be more.
 */
export const MAX_PICO_USD = 9_000_000_000_000_000_000n;

const KNOWN_MODELS_PER_PROVIDER = 1024;

/** A price and when it is in force: from `fromMs` until before `untilMs`. */
interface PricePeriod {
  readonly price: TokenPrice | null;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the tokens of one call cost, in pico-USD. Exact: prices are whole pico-USD per token. */
export function costOfTokens(tokens: CallTokens, price: TokenPrice): bigint {
  const plain = tokens.input - tokens.cachedInput - tokens.cacheWrite;
  const cost =
    BigInt(plain) * price.input +
    BigInt(tokens.cachedInput) * price.cachedInput +
    BigInt(tokens.cacheWrite) * price.cacheWrite +
    BigInt(tokens.output) * price.output;
  return cost > MAX_PICO_USD ? MAX_PICO_USD : cost;
}

/** The prices of providers as their resources say now, looked up once per model and period. */
export class PriceBook {
  readonly #periods = new WeakMap<Provider, Map<string, PricePeriod>>();
  readonly #providers: () => ReadonlyMap<string, Provider>;

  /** @param providers by name */
  constructor(providers: () => ReadonlyMap<string, Provider>) {
    this.#providers = providers;
  }

  /**
   * What a call cost by the price in force when it began, in pico-USD; null: no price is known. A call that failed or
   * is free, and took no tokens, costs nothing.
   */
  costOf(record: UsageRecord): bigint | null {
    if (costsNothing(record)) return 0n;
    const provider = this.#providers().get(record.provider);
    if (provider === undefined) return null;
    const price = this.#priceAt(provider, record.model, record.startMs);
    return price === null ? null : costOfTokens(record, price);
  }

  #priceAt(provider: Provider, model: string, atMs: number): TokenPrice | null {
    const periods = this.#periods.get(provider) ?? new Map<string, PricePeriod>();
    this.#periods.set(provider, periods);
    const known = periods.get(model);
    if (known !== undefined && known.fromMs <= atMs && atMs < known.untilMs) return known.price;
    const price = priceOf(provider.spec, model, atMs);
    const untilMs = nextPriceChange(provider.spec.prices, atMs) ?? Number.POSITIVE_INFINITY;
    // Names come from clients, within what grants admit: they must not fill the memory.
    if (periods.size >= KNOWN_MODELS_PER_PROVIDER) periods.clear();
    periods.set(model, { price, fromMs: atMs, untilMs });
    return price;
  }
}

/** Kinds of calls that no provider charges for. */
const FREE_ENDPOINTS: ReadonlySet<string> = new Set([
  'count_tokens',
  'gemini_count',
  'input_tokens',
  'response_item',
]);

function costsNothing({ outcome, endpoint, input, output }: UsageRecord): boolean {
  // A stream that failed in the middle was charged for so far.
  return input === 0 && output === 0 && (outcome === 'failed' || FREE_ENDPOINTS.has(endpoint));
}

/** Pico-USD as US dollars, exact: at most twelve decimals and none that says nothing. */
export function formatUsd(picoUsd: bigint): string {
  const digits = picoUsd.toString().padStart(13, '0');
  const decimals = digits.slice(-12).replace(/0+$/, '');
  const whole = digits.slice(0, -12);
  return decimals === '' ? whole : `${whole}.${decimals}`;
}

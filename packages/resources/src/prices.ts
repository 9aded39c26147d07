import { matchModelPattern } from '@hiclaw/policy-image';
import { type Static, Type } from 'typebox';
import type { FieldErrors } from './field-errors.js';
import { CLOSED, formatted } from './schema-parts.js';
import { parseTimestamp } from './timestamp.js';
import { microUsd, readUsd, usdAmount } from './usd.js';

function perMillion(what: string) {
  return usdAmount(`US dollars for a million ${what}, such as 2.50; at most six decimals.`);
}

/** What a provider asks for the models of one pattern, from one moment on. */
export const Price = Type.Object(
  {
    model: formatted('model-pattern', {
      maxLength: 256,
      description: "Pattern of the provider's own model names; `*` stands for any run of characters.",
    }),
    from: Type.Optional(
      formatted('date-time', {
        maxLength: 35,
        description:
          'The price counts from here on, until a later `from` of the same pattern; absent: it always did.',
      }),
    ),
    inputPerMillion: perMillion('input tokens'),
    cachedInputPerMillion: Type.Optional(
      perMillion('input tokens read from a cache; default: the input price'),
    ),
    cacheWritePerMillion: Type.Optional(
      perMillion('input tokens written to a cache; default: the input price'),
    ),
    outputPerMillion: perMillion('output tokens, reasoning included'),
  },
  CLOSED,
);
export type Price = Readonly<Static<typeof Price>>;

/** A price per token, each in pico-USD (1e-12 US dollars). */
export interface TokenPrice {
  readonly input: bigint;
  readonly cachedInput: bigint;
  readonly cacheWrite: bigint;
  readonly output: bigint;
}

/** A price per token of the models of one pattern. */
export interface PriceRow extends TokenPrice {
  readonly model: string;
}

function startOf({ from }: Price): number {
  return from === undefined ? 0 : (parseTimestamp(from).value ?? 0) * 1000;
}

/**
 * The prices in force at a moment, one for each pattern, in the order in which the patterns first stand in the list:
 * the first whose pattern matches a model is its price.
 *
 * @param atMs milliseconds since the Unix epoch
 */
export function pricesAt(prices: readonly Price[], atMs: number): readonly PriceRow[] {
  const inForce = new Map<string, Price | null>();
  for (const price of prices) {
    const known = inForce.get(price.model) ?? null;
    const later = startOf(price) <= atMs && (known === null || startOf(price) > startOf(known));
    inForce.set(price.model, later ? price : known);
  }
  return [...inForce.values()]
    .filter((price) => price !== null)
    .map((price) => {
      const input = amount(price.inputPerMillion);
      const { cachedInputPerMillion: cached, cacheWritePerMillion: write } = price;
      return {
        model: price.model,
        input,
        cachedInput: cached === undefined ? input : amount(cached),
        cacheWrite: write === undefined ? input : amount(write),
        output: amount(price.outputPerMillion),
      };
    });
}

/**
 * What a model of the provider costs at a moment, or null when no price is known.
 *
 * @param model the provider's name of it
 * @param atMs milliseconds since the Unix epoch
 */
export function priceOf(
  spec: { readonly prices: readonly Price[] },
  model: string,
  atMs: number,
): TokenPrice | null {
  return pricesAt(spec.prices, atMs).find((row) => matchModelPattern(row.model, model)) ?? null;
}

/** When the prices in force change next after a moment (milliseconds since the Unix epoch), or null: never. */
export function nextPriceChange(prices: readonly Price[], atMs: number): number | null {
  const later = prices.map(startOf).filter((start) => start > atMs);
  return later.length === 0 ? null : Math.min(...later);
}

function amount(stored: string | number): bigint {
  return microUsd(String(stored));
}

const AMOUNTS = [
  'inputPerMillion',
  'cachedInputPerMillion',
  'cacheWritePerMillion',
  'outputPerMillion',
] as const;

function completePrice(price: Price, path: string, errors: FieldErrors): Price {
  const texts: Partial<Record<(typeof AMOUNTS)[number], string>> = {};
  for (const field of AMOUNTS) {
    const value = price[field];
    if (value === undefined) continue;
    const read = readUsd(value);
    if (read.problem === undefined) texts[field] = read.value;
    // The schema has said it of a text.
    else if (typeof value === 'number') errors.add(`${path}.${field}`, read.problem);
  }
  return { ...price, ...texts };
}

/** Amounts as text, in which they stay exact. Two prices of one pattern need different moments. */
export function completePrices(prices: readonly Price[], errors: FieldErrors): Price[] {
  const seen = new Set<string>();
  prices.forEach((price, index) => {
    const key = JSON.stringify([price.model, startOf(price)]);
    if (seen.has(key)) {
      const fix = 'give one of them another "from", or remove it';
      errors.add(
        `spec.prices[${index}]`,
        `is the second price of ${JSON.stringify(price.model)} for one moment; ${fix}`,
      );
    }
    seen.add(key);
  });
  return prices.map((price, index) => completePrice(price, `spec.prices[${index}]`, errors));
}

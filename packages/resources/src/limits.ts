import type { KeyAuthLimit, Meter } from '@hiclaw/policy-image';
import { type Static, Type } from 'typebox';
import type { FieldErrors } from './field-errors.js';
import { CLOSED, words } from './schema-parts.js';
import { microUsd, readUsd, usdAmount } from './usd.js';

/** Highest budget, US dollars: a million million million pico-USD still fits a signed 64-bit number. */
const MAX_USD = 1_000_000;
const PICO_PER_MICRO = 1_000_000n;

const Budget = Type.Object(
  {
    per: words(['day', 'month'], { description: 'UTC day or month, from its first second to its last.' }),
    tokens: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000_000_000,
        description: 'Input and output tokens together.',
      }),
    ),
    usd: Type.Optional(
      usdAmount(`US dollars, such as 20 or 2.50: at most six decimals, more than 0, at most ${MAX_USD}.`),
    ),
  },
  CLOSED,
);

/** What a consumer may spend, in fixed UTC windows. */
export const Limits = Type.Object(
  {
    requestsPerMinute: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'Calls of any kind that are forwarded per UTC minute.',
      }),
    ),
    tokensPerMinute: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000_000,
        description: 'Input and output tokens of LLM calls per UTC minute.',
      }),
    ),
    budgets: Type.Optional(
      Type.Array(Budget, {
        maxItems: 4,
        description:
          'At most one in tokens and one in US dollars for each of day and month. A budget in US dollars admits only models with a known price.',
      }),
    ),
  },
  { ...CLOSED, description: 'Most that it may spend; all of them hold at once, over all gateways together.' },
);
export type Limits = Readonly<Static<typeof Limits>>;
type Budget = Readonly<Static<typeof Budget>>;

function usdOf(value: string | number): { readonly text: string } | { readonly problem: string } {
  const parsed = readUsd(value);
  if (parsed.problem !== undefined) return { problem: parsed.problem };
  const micro = microUsd(parsed.value);
  if (micro === 0n) return { problem: 'must be more than 0; to admit nothing, disable the consumer' };
  if (micro > BigInt(MAX_USD) * 1_000_000n) return { problem: `must be at most ${MAX_USD}` };
  return { text: parsed.value };
}

function completeBudget(budget: Budget, path: string, errors: FieldErrors): Budget {
  if ((budget.tokens === undefined) === (budget.usd === undefined)) {
    errors.add(path, 'must have exactly one of tokens and usd');
  }
  if (budget.usd === undefined) return budget;
  const usd = usdOf(budget.usd);
  if ('text' in usd) return { ...budget, usd: usd.text };
  errors.add(`${path}.usd`, usd.problem);
  return budget;
}

/** What is spent, per window: one meter for each limit that there can be. */
function meterOf({ per, tokens }: Budget): Meter {
  if (per === 'day') return tokens === undefined ? 'usd-day' : 'tokens-day';
  return tokens === undefined ? 'usd-month' : 'tokens-month';
}

function capOf({ tokens, usd }: Budget): bigint {
  return tokens === undefined ? microUsd(String(usd)) * PICO_PER_MICRO : BigInt(tokens);
}

/** Cross-field checks and canonical form: amounts as text, budgets by period, nothing at all instead of no limits. */
export function completeLimits(limits: Limits | undefined, errors: FieldErrors): Limits | undefined {
  if (limits === undefined) return undefined;
  const before = errors.list().length;
  const budgets = (limits.budgets ?? []).map((budget, index) =>
    completeBudget(budget, `spec.limits.budgets[${index}]`, errors),
  );
  if (errors.list().length > before) return limits;
  const caps = new Map<Meter, bigint>();
  budgets.forEach((budget, index) => {
    const meter = meterOf(budget);
    if (caps.has(meter)) {
      const unit = budget.tokens === undefined ? 'usd' : 'tokens';
      errors.add(`spec.limits.budgets[${index}]`, `is the second budget in ${unit} per ${budget.per}`);
    }
    caps.set(meter, capOf(budget));
  });
  for (const unit of ['tokens', 'usd'] as const) {
    const month = caps.get(`${unit}-month`);
    if (month !== undefined && (caps.get(`${unit}-day`) ?? 0n) > month) {
      errors.add(
        'spec.limits.budgets',
        `has more ${unit} per day than per month; lower the one or raise the other`,
      );
    }
  }
  const { requestsPerMinute, tokensPerMinute } = limits;
  if (requestsPerMinute === undefined && tokensPerMinute === undefined && budgets.length === 0)
    return undefined;
  const sorted = budgets.sort((a, b) => (meterOf(a) < meterOf(b) ? -1 : 1));
  return {
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    ...(budgets.length === 0 ? {} : { budgets: sorted }),
  };
}

/** The limits as the gateway counts them: each meter at most once, caps in requests, tokens or pico-USD (1e-12 USD). */
export function limitCaps(limits: Limits | undefined): readonly KeyAuthLimit[] {
  if (limits === undefined) return [];
  const { requestsPerMinute, tokensPerMinute, budgets = [] } = limits;
  return [
    ...(requestsPerMinute === undefined
      ? []
      : [{ meter: 'requests-minute' as const, cap: BigInt(requestsPerMinute) }]),
    ...(tokensPerMinute === undefined
      ? []
      : [{ meter: 'tokens-minute' as const, cap: BigInt(tokensPerMinute) }]),
    ...budgets.map((budget) => ({ meter: meterOf(budget), cap: capOf(budget) })),
  ];
}

import { MAX_PICO_USD } from './cost.js';
import type { UsageRecord } from './record.js';

/** What the calls of one bucket add up to. */
export interface Sums {
  requests: number;
  completed: number;
  aborted: number;
  failed: number;
  cut: number;
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
  /** Calls of which a number is estimated. */
  estimated: number;
  /** Calls whose price is not known. */
  unpriced: number;
  /** Pico-USD of all other calls. */
  cost: bigint;
}

/** Columns of the counts in the tables of sums; the cost stands beside them. */
export const COUNT_COLUMNS = [
  'requests',
  'completed',
  'aborted',
  'failed',
  'cut',
  'input',
  'cached_input',
  'cache_write',
  'output',
  'reasoning',
  'estimated',
  'unpriced',
] as const;

export function noSums(): Sums {
  return {
    requests: 0,
    completed: 0,
    aborted: 0,
    failed: 0,
    cut: 0,
    input: 0,
    cachedInput: 0,
    cacheWrite: 0,
    output: 0,
    reasoning: 0,
    estimated: 0,
    unpriced: 0,
    cost: 0n,
  };
}

/** @param cost pico-USD, null: its price is not known */
export function addCall(sums: Sums, record: UsageRecord, cost: bigint | null): void {
  sums.requests++;
  sums[record.outcome]++;
  sums.input += record.input;
  sums.cachedInput += record.cachedInput;
  sums.cacheWrite += record.cacheWrite;
  sums.output += record.output;
  sums.reasoning += record.reasoning;
  if (record.estimated) sums.estimated++;
  if (cost === null) sums.unpriced++;
  else sums.cost = bounded(sums.cost + cost);
}

/** Adds sums of buckets. The cost is not held to what one bucket can hold. */
export function addSums(to: Sums, from: Readonly<Sums>): void {
  to.requests += from.requests;
  to.completed += from.completed;
  to.aborted += from.aborted;
  to.failed += from.failed;
  to.cut += from.cut;
  to.input += from.input;
  to.cachedInput += from.cachedInput;
  to.cacheWrite += from.cacheWrite;
  to.output += from.output;
  to.reasoning += from.reasoning;
  to.estimated += from.estimated;
  to.unpriced += from.unpriced;
  to.cost += from.cost;
}

function bounded(cost: bigint): bigint {
  return cost > MAX_PICO_USD ? MAX_PICO_USD : cost;
}

import type { Database } from 'better-sqlite3';
import { prepared } from '../store/statements.js';
import type { Outcome, UsageRecord } from './record.js';

/** A record as it is stored. */
export interface StoredCall extends Omit<UsageRecord, 'id'> {
  /** Rises with each call that is stored. */
  readonly sequence: number;
  /** Node id of the gateway that served it. */
  readonly node: string;
  /** Pico-USD; null: no price was known. */
  readonly cost: bigint | null;
}

type CallRow = Readonly<Record<'consumer' | 'node' | 'route' | 'provider' | 'model', string>> &
  Readonly<Record<'requested_model' | 'endpoint' | 'flags', string>> &
  Readonly<Record<'sequence' | 'start' | 'duration' | 'stream' | 'status' | 'attempts', bigint>> &
  Readonly<
    Record<'input' | 'cached_input' | 'cache_write' | 'output' | 'reasoning' | 'estimated', bigint>
  > & {
    readonly first_byte: bigint | null;
    readonly target: bigint | null;
    readonly cost: bigint | null;
    readonly outcome: Outcome;
  };

/**
 * Recorded calls of a consumer, the last to be stored first.
 *
 * @param before only those that were stored before the call of this sequence number
 */
export function callsOf(
  database: Database,
  consumer: string,
  before: number | undefined,
  limit: number,
): readonly StoredCall[] {
  const rows = prepared(
    database,
    'SELECT * FROM calls WHERE consumer = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?',
  )
    .safeIntegers()
    .all(consumer, before ?? Number.MAX_SAFE_INTEGER, limit) as CallRow[];
  return rows.map((row) => ({
    sequence: Number(row.sequence),
    node: row.node,
    startMs: Number(row.start),
    durationMs: Number(row.duration),
    firstByteMs: row.first_byte === null ? null : Number(row.first_byte),
    consumer: row.consumer,
    route: row.route,
    provider: row.provider,
    model: row.model,
    requestedModel: row.requested_model,
    target: row.target === null ? null : Number(row.target),
    endpoint: row.endpoint,
    stream: row.stream === 1n,
    outcome: row.outcome,
    status: Number(row.status),
    flags: row.flags,
    attempts: Number(row.attempts),
    input: Number(row.input),
    cachedInput: Number(row.cached_input),
    cacheWrite: Number(row.cache_write),
    output: Number(row.output),
    reasoning: Number(row.reasoning),
    estimated: row.estimated === 1n,
    cost: row.cost,
  }));
}

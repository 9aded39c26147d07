import type { Database } from 'better-sqlite3';
import { prepared } from '../store/statements.js';
import type { RecordedCall, RecordsQuery } from './consumption.js';
import { MAX_PICO_USD } from './cost.js';
import { bucketStart, GRANULARITIES, type Granularity, TABLES } from './granularity.js';
import type { UsageRecord } from './record.js';
import { SeriesBook } from './series.js';
import { addCall, COUNT_COLUMNS, noSums, type Sums } from './sums.js';

/** How far a journal is read. It is known by its inode and its first line, whatever it is called now. */
export interface JournalPosition {
  readonly inode: string;
  /** Digest of the first line. */
  readonly head: Buffer;
  /** Bytes from its start. */
  readonly position: number;
  /** For people. */
  readonly name: string;
}

/** What one batch changed. */
export interface Ingested {
  readonly added: readonly AddedCall[];
  /** Records that were stored before. */
  readonly duplicates: number;
}

export interface AddedCall {
  readonly record: UsageRecord;
  /** Pico-USD; null: no price is known. */
  readonly cost: bigint | null;
}

interface CallRow {
  readonly id: Buffer;
  readonly node: string;
  readonly consumer: string;
  readonly route: string;
  readonly start: bigint;
  readonly duration: bigint;
  readonly tokens: bigint;
  readonly cost: bigint | null;
}

/** Everything that is known of past calls: each call once, its sums, and how far each journal is read. */
export class UsageLedger {
  readonly #database: Database;
  readonly #costOf: (record: UsageRecord) => bigint | null;
  readonly series: SeriesBook;

  /** @param costOf pico-USD; null: no price is known */
  constructor(database: Database, costOf: (record: UsageRecord) => bigint | null) {
    this.#database = database;
    this.#costOf = costOf;
    this.series = new SeriesBook(database);
  }

  /** Stores records, their sums and how far the journal is read with them: all of it or nothing. */
  ingest(node: string, records: readonly UsageRecord[], journal: JournalPosition): Ingested {
    try {
      return this.#database.transaction(() => this.#ingest(node, records, journal)).immediate();
    } catch (error) {
      this.series.reload();
      throw error;
    }
  }

  /** Bytes of a journal that are read. */
  positionOf({ inode, head }: Pick<JournalPosition, 'inode' | 'head'>): number {
    const row = prepared(this.#database, 'SELECT position FROM journals WHERE inode = ? AND head = ?').get(
      inode,
      head,
    ) as { position: number } | undefined;
    return row?.position ?? 0;
  }

  /** Forgets journals that are not among these any more. */
  keepJournals(journals: readonly Pick<JournalPosition, 'inode' | 'head'>[]): void {
    const kept = new Set(journals.map(({ inode, head }) => `${inode} ${head.toString('hex')}`));
    const rows = prepared(this.#database, 'SELECT inode, head FROM journals').all() as JournalPosition[];
    for (const { inode, head } of rows) {
      if (kept.has(`${inode} ${head.toString('hex')}`)) continue;
      prepared(this.#database, 'DELETE FROM journals WHERE inode = ? AND head = ?').run(inode, head);
    }
  }

  /**
   * Makes everything that was committed survive a loss of power, so that its source may be deleted.
   *
   * @throws Error when it cannot
   */
  makeDurable(): void {
    const [result] = this.#database.pragma('wal_checkpoint(FULL)') as { busy: number }[];
    if (result?.busy !== 0) throw new Error('the write-ahead log cannot be written back');
  }

  /** See `UsageConsumption.recordsOf`. */
  recordsOf({ node, consumer, fromMs, toMs, endedFromMs }: RecordsQuery): readonly RecordedCall[] {
    const rows = prepared(
      this.#database,
      `SELECT id, node, consumer, route, start, duration, input + output AS tokens, cost FROM calls
        WHERE start >= @fromMs AND start < @toMs AND start + duration >= @endedFromMs
          AND (@node IS NULL OR node = @node) AND (@consumer IS NULL OR consumer = @consumer)
        ORDER BY sequence`,
    )
      .safeIntegers()
      .all({
        fromMs,
        endedFromMs: endedFromMs ?? 0,
        toMs: toMs ?? Number.MAX_SAFE_INTEGER,
        node: node ?? null,
        consumer: consumer ?? null,
      }) as CallRow[];
    return rows.map((row) => ({
      id: row.id.toString('hex'),
      node: row.node,
      consumer: row.consumer,
      route: row.route,
      startMs: Number(row.start),
      endMs: Number(row.start + row.duration),
      tokens: Number(row.tokens),
      picoUsd: row.cost,
    }));
  }

  #ingest(node: string, records: readonly UsageRecord[], journal: JournalPosition): Ingested {
    const added: AddedCall[] = [];
    const buckets = new Map<string, Bucket>();
    for (const record of records) {
      const cost = this.#costOf(record);
      if (!this.#insertCall(node, record, cost)) continue;
      added.push({ record, cost });
      const series = this.series.idOf(record);
      for (const granularity of GRANULARITIES) {
        const start = bucketStart(granularity, record.startMs);
        const key = `${granularity} ${series} ${start}`;
        let bucket = buckets.get(key);
        if (bucket === undefined) buckets.set(key, (bucket = { granularity, series, start, sums: noSums() }));
        addCall(bucket.sums, record, cost);
      }
    }
    for (const bucket of buckets.values()) this.#addBucket(bucket);
    prepared(
      this.#database,
      `INSERT INTO journals (inode, head, position, name) VALUES (?, ?, ?, ?)
       ON CONFLICT (inode, head) DO UPDATE SET position = excluded.position, name = excluded.name`,
    ).run(journal.inode, journal.head, journal.position, journal.name);
    return { added, duplicates: records.length - added.length };
  }

  /** @returns false when it is stored already */
  #insertCall(node: string, record: UsageRecord, cost: bigint | null): boolean {
    const { changes } = prepared(this.#database, INSERT_CALL).run(
      record.id,
      node,
      record.startMs,
      record.durationMs,
      record.firstByteMs,
      record.consumer,
      record.route,
      record.provider,
      record.model,
      record.requestedModel,
      record.target,
      record.endpoint,
      record.stream ? 1 : 0,
      record.outcome,
      record.status,
      record.flags,
      record.attempts,
      record.input,
      record.cachedInput,
      record.cacheWrite,
      record.output,
      record.reasoning,
      record.estimated ? 1 : 0,
      cost,
    );
    return changes === 1;
  }

  #addBucket({ granularity, series, start, sums }: Bucket): void {
    prepared(this.#database, ADD_BUCKET[granularity]).run(
      series,
      start,
      sums.requests,
      sums.completed,
      sums.aborted,
      sums.failed,
      sums.cut,
      sums.input,
      sums.cachedInput,
      sums.cacheWrite,
      sums.output,
      sums.reasoning,
      sums.estimated,
      sums.unpriced,
      sums.cost,
    );
  }
}

interface Bucket {
  readonly granularity: Granularity;
  readonly series: number;
  readonly start: number;
  readonly sums: Sums;
}

const INSERT_CALL = `INSERT INTO calls (id, node, start, duration, first_byte, consumer, route, provider, model,
  requested_model, target, endpoint, stream, outcome, status, flags, attempts, input, cached_input, cache_write, output,
  reasoning, estimated, cost)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

function addBucketSql(granularity: Granularity): string {
  const sums = COUNT_COLUMNS.map((column) => `${column} = ${column} + excluded.${column}`).join(', ');
  return `INSERT INTO ${TABLES[granularity]} (series, start, ${COUNT_COLUMNS.join(', ')}, cost)
    VALUES (?, ?, ${COUNT_COLUMNS.map(() => '?').join(', ')}, ?)
    ON CONFLICT (series, start) DO UPDATE SET ${sums},
      cost = CASE WHEN cost > ${MAX_PICO_USD} - excluded.cost THEN ${MAX_PICO_USD} ELSE cost + excluded.cost END`;
}

const ADD_BUCKET: Readonly<Record<Granularity, string>> = {
  minute: addBucketSql('minute'),
  hour: addBucketSql('hour'),
  day: addBucketSql('day'),
};

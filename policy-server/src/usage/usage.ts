import { type Clock, ensurePrivateDirectory, GatewayError, type Logger } from '@hiclaw/service-kit';
import type { Provider } from '@hiclaw/resources';
import type { Database } from 'better-sqlite3';
import { sqliteCode } from '../store/database.js';
import { callsOf, type StoredCall } from './calls.js';
import type { RecordedCall, RecordsQuery, UsageConsumption } from './consumption.js';
import { PriceBook } from './cost.js';
import { openUsageDatabase } from './database.js';
import { JournalReader } from './journal-reader.js';
import { type JournalPosition, UsageLedger } from './ledger.js';
import type { UsageRecord } from './record.js';
import { type Report, report, type ReportQuery } from './report.js';
import { deleteOld, type Retention } from './retention.js';
import { reopenLogs } from './rotation.js';
import type { UsageSettings } from './settings.js';
import { UsageCounters, type UsageMetrics, type UsageMetricsSource } from './usage-metrics.js';

export interface UsageOptions {
  /** The database's file. */
  readonly database: string;
  /** Folder of the gateways' journals; made when missing. */
  readonly journals: string;
  readonly settings: UsageSettings;
  /** Providers by name, as of now. */
  readonly providers: () => ReadonlyMap<string, Provider>;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETENTION_EVERY_MS = 600_000;

/** What consumers use, from the gateways' journals to reports. */
export class Usage implements UsageConsumption, UsageMetricsSource, AsyncDisposable {
  readonly #options: UsageOptions;
  readonly #database: Database;
  readonly #ledger: UsageLedger;
  readonly #counters = new UsageCounters();
  readonly #stopping = new AbortController();
  #reader: JournalReader | null = null;
  #retention: NodeJS.Timeout | null = null;
  #deleting: Promise<void> = Promise.resolve();

  /**
   * Opens the database. Nothing is read before `start`.
   *
   * @throws GatewayError as `openDatabase` does
   */
  constructor(options: UsageOptions) {
    this.#options = options;
    ensurePrivateDirectory(options.journals);
    this.#database = openUsageDatabase(options.database, new Date(options.clock.nowMs()).toISOString());
    const prices = new PriceBook(options.providers);
    this.#ledger = new UsageLedger(this.#database, (record) => prices.costOf(record));
  }

  get retention(): Retention {
    return this.#options.settings;
  }

  /**
   * Begins to read journals.
   *
   * @param adminSocketOf path of the Unix socket of a connected gateway's admin interface; null: it is not known
   */
  start(adminSocketOf: (node: string) => string | null): void {
    const { journals, clock, log, settings } = this.#options;
    this.#reader = new JournalReader({
      folder: journals,
      rotateBytes: settings.journalBytes,
      ingest: (node, records, journal) => this.#ingest(node, records, journal),
      positionOf: (journal) => this.#ledger.positionOf(journal),
      keepJournals: (kept) => this.#ledger.keepJournals(kept),
      makeDurable: () => this.#ledger.makeDurable(),
      reopenerOf: (node) => {
        const socket = adminSocketOf(node);
        return socket === null ? null : () => reopenLogs(socket);
      },
      clock,
      log,
    });
    this.#reader.start();
    this.#retention = setInterval(() => this.#deleteOld(), RETENTION_EVERY_MS).unref();
    this.#deleteOld();
  }

  /** Stores what the journals hold, then closes the database. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#retention !== null) clearInterval(this.#retention);
    await this.#deleting;
    await this.#reader?.stop();
    this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  recordsOf(query: RecordsQuery): readonly RecordedCall[] {
    return this.#read(() => this.#ledger.recordsOf(query));
  }

  drainedAt(node: string): number | null {
    return this.#reader?.drainedAt(node) ?? null;
  }

  /** Sums of stored usage; null: there are too many groups. */
  async report(query: ReportQuery): Promise<Report | null> {
    try {
      return await report(this.#database, this.#ledger.series.all(), query);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** See `callsOf`. */
  calls(consumer: string, before: number | undefined, limit: number): readonly StoredCall[] {
    return this.#read(() => callsOf(this.#database, consumer, before, limit));
  }

  metrics(): UsageMetrics {
    return {
      ...this.#counters.read(),
      malformed: this.#reader?.malformed ?? 0,
      lagSeconds: this.#reader?.lagSeconds ?? 0,
    };
  }

  #ingest(node: string, records: readonly UsageRecord[], journal: JournalPosition): void {
    const { added, duplicates } = this.#ledger.ingest(node, records, journal);
    this.#counters.count(added, duplicates);
  }

  #deleteOld(): void {
    const { settings, clock, log } = this.#options;
    this.#deleting = this.#deleting
      .then(() =>
        deleteOld(this.#database, this.#ledger.series, settings, clock.nowMs(), this.#stopping.signal),
      )
      .catch((error: unknown) => log.error({ err: error }, 'old usage cannot be deleted'));
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): unknown {
    const code = sqliteCode(error);
    if (code === '') return error;
    this.#options.log.error({ sqlite: code }, 'the database of usage refused a statement');
    return new GatewayError('STORAGE_FAILED', `The database of usage failed (${code}); see the log.`, {
      cause: error,
      retryable: true,
    });
  }
}

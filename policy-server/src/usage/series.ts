import type { Database } from 'better-sqlite3';
import { prepared } from '../store/statements.js';
import { bucketStart } from './granularity.js';
import type { UsageRecord } from './record.js';

/** What aggregates tell apart. */
export interface SeriesNames {
  readonly consumer: string;
  readonly route: string;
  readonly provider: string;
  /** What the provider was asked for. */
  readonly model: string;
  /** What the client asked for. */
  readonly requestedModel: string;
}

/** Stands for all models of a consumer beyond those of a day that are told apart. No model is called so. */
export const OTHER_MODELS = '(other)';

/** Pairs of requested and actual model that are told apart per consumer and day. */
export const MODELS_PER_CONSUMER_AND_DAY = 100;

const REMEMBERED_DAYS = 4096;

interface SeriesRow {
  readonly id: number;
  readonly consumer: string;
  readonly route: string;
  readonly provider: string;
  readonly model: string;
  readonly requested_model: string;
}

/**
 * The series of the database and their numbers. Clients name models, within what their grants admit: however many they
 * think of, the number of series stays bounded.
 */
export class SeriesBook {
  readonly #database: Database;
  #ids = new Map<string, number>();
  /** Pairs of models by consumer and day. */
  #models = new Map<string, Set<string>>();

  constructor(database: Database) {
    this.#database = database;
    this.reload();
  }

  /** Reads what is stored: after a transaction that failed, nothing else is known. */
  reload(): void {
    this.#ids = new Map(this.all().map(({ id, ...names }) => [keyOf(names), id]));
    this.#models = new Map();
  }

  /** Number of the series that a record counts in; a new one is stored, as part of the open transaction. */
  idOf(record: UsageRecord): number {
    const { consumer, route, provider, model, requestedModel } = record;
    const names = this.#isTold(record)
      ? { consumer, route, provider, model, requestedModel }
      : { consumer, route, provider, model: OTHER_MODELS, requestedModel: OTHER_MODELS };
    const key = keyOf(names);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const { lastInsertRowid } = prepared(
      this.#database,
      'INSERT INTO series (consumer, route, provider, model, requested_model) VALUES (?, ?, ?, ?, ?)',
    ).run(names.consumer, names.route, names.provider, names.model, names.requestedModel);
    const id = Number(lastInsertRowid);
    this.#ids.set(key, id);
    return id;
  }

  /** All series, by number. */
  all(): readonly ({ readonly id: number } & SeriesNames)[] {
    const rows = prepared(this.#database, 'SELECT * FROM series ORDER BY id').all() as SeriesRow[];
    return rows.map(({ id, consumer, route, provider, model, requested_model: requestedModel }) => ({
      id,
      consumer,
      route,
      provider,
      model,
      requestedModel,
    }));
  }

  /** Forgets a series that the database does not hold any more. */
  forget(names: SeriesNames): void {
    this.#ids.delete(keyOf(names));
  }

  #isTold(record: UsageRecord): boolean {
    const models = this.#modelsOf(record.consumer, bucketStart('day', record.startMs));
    const pair = JSON.stringify([record.model, record.requestedModel]);
    if (models.has(pair)) return true;
    if (models.size >= MODELS_PER_CONSUMER_AND_DAY) return false;
    models.add(pair);
    return true;
  }

  #modelsOf(consumer: string, day: number): Set<string> {
    const key = JSON.stringify([consumer, day]);
    const known = this.#models.get(key);
    if (known !== undefined) return known;
    if (this.#models.size >= REMEMBERED_DAYS) this.#models.clear();
    const rows = prepared(
      this.#database,
      `SELECT DISTINCT s.model, s.requested_model AS requested FROM series s JOIN days d ON d.series = s.id
        WHERE s.consumer = ? AND d.start = ? AND s.model <> ?`,
    ).all(consumer, day, OTHER_MODELS) as { model: string; requested: string }[];
    const models = new Set(rows.map(({ model, requested }) => JSON.stringify([model, requested])));
    this.#models.set(key, models);
    return models;
  }
}

function keyOf({ consumer, route, provider, model, requestedModel }: SeriesNames): string {
  return JSON.stringify([consumer, route, provider, model, requestedModel]);
}

import type { AddedCall } from './ledger.js';
import { addCall, noSums, type Sums } from './sums.js';

/** What metrics show of usage. Counts are those since the process began. */
export interface UsageMetrics {
  /** Records that were stored. */
  readonly records: number;
  /** Records that had been stored before and were not counted again. */
  readonly duplicates: number;
  /** Lines of journals that hold no record. */
  readonly malformed: number;
  /** For how long there have been records that are not stored, seconds; 0: all are. */
  readonly lagSeconds: number;
  /** Sums by route and provider, whose names are those of resources. */
  readonly sums: readonly RouteSums[];
}

export interface RouteSums {
  readonly route: string;
  readonly provider: string;
  readonly sums: Readonly<Sums>;
}

/** Where metrics of usage are read from. */
export interface UsageMetricsSource {
  /** As of now. */
  metrics(): UsageMetrics;
}

/** Counts what is stored. */
export class UsageCounters {
  readonly #sums = new Map<string, RouteSums & { readonly sums: Sums }>();
  #records = 0;
  #duplicates = 0;

  count(added: readonly AddedCall[], duplicates: number): void {
    this.#records += added.length;
    this.#duplicates += duplicates;
    for (const { record, cost } of added) {
      const { route, provider } = record;
      const key = JSON.stringify([route, provider]);
      let entry = this.#sums.get(key);
      if (entry === undefined) this.#sums.set(key, (entry = { route, provider, sums: noSums() }));
      addCall(entry.sums, record, cost);
    }
  }

  read(): Pick<UsageMetrics, 'records' | 'duplicates' | 'sums'> {
    return { records: this.#records, duplicates: this.#duplicates, sums: [...this.#sums.values()] };
  }
}

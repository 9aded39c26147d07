import { type Meter, METERS } from '@hiclaw/policy-image';
import type { Database } from 'better-sqlite3';
import type { AccountKey, Lease } from './ledger.js';

/** All leases of one account, in the window that ends then. */
export interface AccountLeases extends AccountKey {
  readonly windowEndMs: number;
  readonly leases: readonly Lease[];
}

interface Row {
  readonly consumer: string;
  readonly meter: bigint;
  readonly window_end_ms: bigint;
  readonly boot: string;
  readonly node: string;
  readonly allowance: bigint;
  readonly used: bigint;
  readonly generation: bigint;
  readonly reported_at_ms: bigint;
}

/** Leases on disk: what was promised is known after whatever happens to the policy server. */
export class LeaseStore {
  readonly #write: (accounts: readonly AccountLeases[]) => void;
  readonly #prune: (nowMs: number) => void;
  readonly #database: Database;

  /** @param database with the tables of `LEASE_MIGRATIONS` */
  constructor(database: Database) {
    this.#database = database;
    const remove = database.prepare('DELETE FROM leases WHERE consumer = ? AND meter = ?');
    const insert = database.prepare(
      `INSERT INTO leases (consumer, meter, window_end_ms, boot, node, allowance, used, generation, reported_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const prune = database.prepare('DELETE FROM leases WHERE window_end_ms <= ?');
    this.#write = database.transaction((accounts: readonly AccountLeases[]) => {
      for (const { consumer, meter, windowEndMs, leases } of accounts) {
        const number = METERS.indexOf(meter);
        remove.run(consumer, number);
        for (const { boot, node, allowance, used, generation, reportedAtMs } of leases) {
          const at = Math.floor(reportedAtMs);
          insert.run(consumer, number, windowEndMs, boot, node, allowance, used, generation, at);
        }
      }
    });
    this.#prune = (nowMs) => void prune.run(Math.floor(nowMs));
  }

  /** Keeps these accounts in one transaction; on return they are on disk. */
  write(accounts: readonly AccountLeases[]): void {
    this.#write(accounts);
  }

  /** Forgets windows that are over. */
  prune(nowMs: number): void {
    this.#prune(nowMs);
  }

  /** Every lease that is kept. */
  *read(): Generator<{ readonly key: AccountKey; readonly windowEndMs: number; readonly lease: Lease }> {
    const rows = this.#database.prepare<[], Row>('SELECT * FROM leases').safeIntegers().all();
    for (const row of rows) {
      const meter: Meter | undefined = METERS[Number(row.meter)];
      if (meter === undefined) continue;
      const { consumer, boot, node, allowance, used } = row;
      const generation = Number(row.generation);
      const reportedAtMs = Number(row.reported_at_ms);
      const lease = { boot, node, allowance, used, generation, reportedAtMs };
      yield { key: { consumer, meter }, windowEndMs: Number(row.window_end_ms), lease };
    }
  }
}

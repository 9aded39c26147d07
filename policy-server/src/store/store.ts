import type { Clock, Logger } from '@hiclaw/service-kit';
import { GatewayError } from '@hiclaw/service-kit';
import type { Database } from 'better-sqlite3';
import { type AuditEvent, AuditLog } from './audit-log.js';
import { openDatabase, sqliteCode } from './database.js';
import { Draft, type StoredSet } from './draft.js';
import { grantsOnRoute } from './grant-reads.js';
import { loadResourceSet, readSealedOAuth2Rows, readSealedRows, type SealedRow } from './load.js';
import type { Grant, GrantKind, ResourceSet } from './resource-set.js';
import type { TokenRow } from './rows.js';
import { WriteTransaction } from './transaction.js';

/** Who writes, and whether for real. */
export interface WriteContext {
  readonly actor: string;
  readonly requestId: string;
  /** Everything is checked, nothing is kept. */
  readonly dryRun?: boolean;
}

/** What a change function gives back: the record of it, and what the caller wants to know. */
export interface Change<T> {
  readonly result: T;
  readonly audit: AuditEvent;
}

export interface Written<T> {
  readonly result: T;
  /** The new policy version; the unchanged one after a dry run. */
  readonly policyVersion: number;
}

export interface StoreOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
}

class DryRunEnded extends Error {}

/**
 * The one truth: a SQLite database, and in memory a mirror of what policy is compiled from. Each write is one
 * transaction over state, audit record and policy version; the mirror follows after the commit.
 */
export class PolicyStore {
  readonly #database: Database;
  readonly #options: StoreOptions;
  readonly #listeners = new Set<() => void>();
  readonly audit: AuditLog;
  #mirror: StoredSet;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#database = openDatabase(options.path, new Date(options.clock.nowMs()).toISOString());
    try {
      this.#mirror = loadResourceSet(this.#database, options.path);
    } catch (error) {
      this.#database.close();
      throw error;
    }
    this.audit = new AuditLog(this.#database);
  }

  /** The current state; a new object after each write. */
  resources(): ResourceSet {
    return this.#mirror;
  }

  /** Calls the listener after each commit. @returns a function that ends it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * One write: everything `change` does is kept with its audit record and a new policy version, or nothing is.
   * `change` must not wait for anything.
   */
  write<T>(context: WriteContext, change: (tx: WriteTransaction) => Change<T>): Written<T> {
    const draft = new Draft(this.#mirror);
    const policyVersion = this.#mirror.policyVersion + 1;
    const nowMs = this.#options.clock.nowMs();
    let result: { readonly value: T } | undefined;
    try {
      this.#database
        .transaction(() => {
          const tx = new WriteTransaction(this.#database, draft, policyVersion, nowMs);
          const done = change(tx);
          result = { value: done.result };
          this.audit.append(done.audit, {
            at: new Date(nowMs).toISOString(),
            actor: context.actor,
            requestId: context.requestId,
            policyVersion,
          });
          this.#database.prepare('UPDATE installation SET policy_version = ?').run(policyVersion);
          if (context.dryRun === true) throw new DryRunEnded();
        })
        .immediate();
    } catch (error) {
      if (error instanceof DryRunEnded && result !== undefined) {
        return { result: result.value, policyVersion: this.#mirror.policyVersion };
      }
      throw this.#explain(error);
    }
    this.#mirror = draft.finish(policyVersion);
    this.#notify();
    if (result === undefined) throw new Error('a transaction ended without a result');
    return { result: result.value, policyVersion };
  }

  /** All grants on one route, sorted by consumer. */
  grantsOnRoute(kind: GrantKind, route: string): readonly Grant[] {
    return grantsOnRoute(this.#database, kind, route);
  }

  /** Tokens of a consumer without anything that would help to forge one, oldest first. */
  tokenRows(consumer: string): readonly Omit<TokenRow, 'digest'>[] {
    return this.#database
      .prepare<[string], Omit<TokenRow, 'digest'>>(
        `SELECT t.id, r.name AS consumer, t.description, t.created_at, t.expires_at
           FROM tokens t JOIN resources r ON r.uid = t.consumer_uid
          WHERE r.kind = 'Consumer' AND r.name = ? ORDER BY t.created_at, t.id`,
      )
      .all(consumer);
  }

  /** When the consumer was revoked, or null. */
  revokedAt(uid: string): string | null {
    const row = this.#database
      .prepare<[string], { at: string }>(
        'SELECT revoked_at AS at FROM consumer_revocations WHERE consumer_uid = ?',
      )
      .get(uid);
    return row?.at ?? null;
  }

  /** All sealed values. */
  sealedRows(): readonly SealedRow[] {
    return readSealedRows(this.#database);
  }

  /** All sealed secrets of credentials with OAuth 2. */
  sealedOAuth2Rows(): readonly SealedRow[] {
    return readSealedOAuth2Rows(this.#database);
  }

  /**
   * Replaces ciphertexts by others of the same values. A value that changed meanwhile is left alone.
   *
   * @param of what they are: values of credentials, or secrets of those with OAuth 2
   */
  rewrap(rows: readonly SealedRow[], of: 'values' | 'oauth2' = 'values'): void {
    const update = this.#database.prepare(
      of === 'values'
        ? 'UPDATE credential_values SET key_id = ?, jwe = ? WHERE credential_uid = ? AND value_version = ?'
        : 'UPDATE oauth2_tokens SET key_id = ?, jwe = ? WHERE credential_uid = ? AND secret_version = ?',
    );
    this.#database
      .transaction(() => {
        for (const row of rows) update.run(row.key_id, row.jwe, row.credential_uid, row.value_version);
      })
      .immediate();
  }

  /** Reads the whole state anew, as at start. */
  reload(): StoredSet {
    return loadResourceSet(this.#database, this.#options.path);
  }

  /** @throws GatewayError `STORAGE_FAILED` when the database cannot be read */
  ping(): void {
    try {
      this.#database.prepare('SELECT policy_version FROM installation').get();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  close(): void {
    this.#listeners.clear();
    this.#database.close();
  }

  #notify(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#options.log.error({ err: error }, 'a listener of the store failed');
      }
    }
  }

  /** After a failed commit only the database knows what is kept. */
  #followDatabase(): void {
    try {
      const { policy_version: kept } = this.#database
        .prepare<[], { policy_version: number }>('SELECT policy_version FROM installation')
        .get() ?? { policy_version: this.#mirror.policyVersion };
      if (kept === this.#mirror.policyVersion) return;
      this.#mirror = this.reload();
      this.#notify();
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the database cannot be read; the last state in memory stays in force',
      );
    }
  }

  #explain(error: unknown): unknown {
    const code = sqliteCode(error);
    if (code === '') return error;
    this.#options.log.error({ sqlite: code }, 'the database refused a statement');
    this.#followDatabase();
    return new GatewayError(
      'STORAGE_FAILED',
      `The database failed (${code}); nothing was changed. Check disk space and the log.`,
      {
        cause: error,
        retryable: true,
      },
    );
  }
}

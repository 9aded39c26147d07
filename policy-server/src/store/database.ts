import { closeSync, openSync } from 'node:fs';
import { GatewayError } from '@hiclaw/service-kit';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { databaseCorrupt } from './errors.js';
import { migrate, MIGRATIONS } from './migrate.js';
import type { Migration } from './migrations/migration.js';

/** What tells the databases of this program apart. */
export interface DatabaseKind {
  /** Marks a SQLite file as this one of ours. */
  readonly applicationId: number;
  readonly migrations: readonly Migration[];
  /** FULL: what is committed survives a loss of power. */
  readonly synchronous: 'FULL' | 'NORMAL';
}

const POLICY: DatabaseKind = {
  // "HCLW"
  applicationId: 0x48434c57,
  migrations: MIGRATIONS,
  synchronous: 'FULL',
};

/** The SQLite result code of an error, such as `SQLITE_BUSY`; empty for other errors. */
export function sqliteCode(error: unknown): string {
  return error instanceof SqliteDatabase.SqliteError ? error.code : '';
}

function configure(database: Database, { synchronous }: DatabaseKind): void {
  // Exclusive: the mirror in memory is only right while nobody else writes.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${synchronous}`);
  database.pragma('foreign_keys = ON');
  // Replaced ciphertexts and digests must not linger in free pages.
  database.pragma('secure_delete = ON');
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
}

function checkIdentity(database: Database, path: string, { applicationId }: DatabaseKind): void {
  const id = database.pragma('application_id', { simple: true });
  if (id === applicationId) return;
  const tables = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_master').get()?.n ?? 0;
  if (id !== 0 || tables > 0) {
    throw new GatewayError(
      'DATABASE_FOREIGN',
      `${path} is a database of another program; give another path.`,
    );
  }
  database.pragma(`application_id = ${applicationId}`);
}

function checkIntegrity(database: Database, path: string): void {
  const finding: unknown = database.pragma('quick_check(1)', { simple: true });
  if (finding !== 'ok') throw databaseCorrupt(path, String(finding).split('\n', 1)[0] ?? '');
  const dangling = database.pragma('foreign_key_check') as unknown[];
  if (dangling.length > 0) throw databaseCorrupt(path, 'rows refer to rows that are missing');
}

function explain(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return databaseCorrupt(path, code, error);
  if (code.startsWith('SQLITE_BUSY')) {
    return new GatewayError('DATABASE_IN_USE', `${path} is in use by another process; stop that one first.`, {
      cause: error,
      retryable: true,
    });
  }
  if (code !== '') {
    return new GatewayError('DATABASE_UNUSABLE', `The database ${path} cannot be opened (${code}).`, {
      cause: error,
    });
  }
  return error;
}

/**
 * Opens a database for this process alone, checks it and brings its schema up to date. A new file has mode 0600.
 *
 * @param kind default: the one of policy
 * @throws GatewayError `DATABASE_CORRUPT`, `DATABASE_NEWER`, `DATABASE_FOREIGN`, `DATABASE_IN_USE`, `MIGRATION_EDITED`
 */
export function openDatabase(path: string, at: string, kind: DatabaseKind = POLICY): Database {
  closeSync(openSync(path, 'a', 0o600));
  let database: Database | undefined;
  try {
    database = new SqliteDatabase(path, { timeout: 2000 });
    configure(database, kind);
    checkIdentity(database, path, kind);
    checkIntegrity(database, path);
    migrate(database, at, kind.migrations);
    return database;
  } catch (error) {
    database?.close();
    throw explain(error, path);
  }
}

import { createHash } from 'node:crypto';
import { GatewayError } from '@hiclaw/service-kit';
import type { Database } from 'better-sqlite3';
import { initial } from './migrations/001-initial.js';
import { oauth2Tokens } from './migrations/002-oauth2-tokens.js';
import type { Migration } from './migrations/migration.js';

/** All migrations, in order. */
export const MIGRATIONS: readonly Migration[] = [initial, oauth2Tokens];

interface AppliedRow {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql, 'utf8').digest('hex');
}

function checkApplied(applied: readonly AppliedRow[], known: readonly Migration[]): void {
  const newest = applied.at(-1);
  if (newest !== undefined && newest.number > known.length) {
    throw new GatewayError(
      'DATABASE_NEWER',
      `The database was written by a newer version (migration ${newest.number} "${newest.name}"; this version knows ${known.length}). Start that version again, or restore a backup made before the upgrade.`,
    );
  }
  applied.forEach((row, index) => {
    const migration = known[index];
    if (migration?.number !== row.number || checksum(migration) !== row.checksum) {
      throw new GatewayError(
        'MIGRATION_EDITED',
        `Migration ${row.number} "${row.name}" of this version is not the one the database was made with. Use an unmodified release.`,
      );
    }
  });
}

/**
 * Brings the schema up to date, each migration in a transaction of its own.
 *
 * @throws GatewayError `DATABASE_NEWER`, or `MIGRATION_EDITED` when a migration that ran was edited since
 */
export function migrate(database: Database, at: string, migrations: readonly Migration[] = MIGRATIONS): void {
  database.exec(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`);
  const applied = database
    .prepare<[], AppliedRow>('SELECT number, name, checksum FROM schema_migrations ORDER BY number')
    .all();
  checkApplied(applied, migrations);
  const record = database.prepare(
    'INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)',
  );
  for (const migration of migrations.slice(applied.length)) {
    database
      .transaction(() => {
        database.exec(migration.sql);
        record.run(migration.number, migration.name, checksum(migration), at);
      })
      .immediate();
  }
}

import SqliteDatabase from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { migrate, MIGRATIONS } from './migrate.js';

const AT = '2026-01-01T00:00:00.000Z';
const number = MIGRATIONS.length + 1;
const next = { number, name: 'next', sql: 'CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT' };

describe('migrate', () => {
  it('numbers migrations from one without gaps', () => {
    expect(MIGRATIONS.map(({ number }) => number)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });

  it('runs each migration once, also over several versions', () => {
    const database = new SqliteDatabase(':memory:');
    migrate(database, AT);
    migrate(database, AT);
    migrate(database, AT, [...MIGRATIONS, next]);
    expect(database.prepare('SELECT number, name FROM schema_migrations ORDER BY number').all()).toEqual([
      ...MIGRATIONS.map(({ number, name }) => ({ number, name })),
      { number, name: 'next' },
    ]);
  });

  it('refuses a database made with an edited migration', () => {
    const database = new SqliteDatabase(':memory:');
    migrate(database, AT, [...MIGRATIONS, next]);
    const edited = { ...next, sql: `${next.sql} -- edited` };
    expect(() => migrate(database, AT, [...MIGRATIONS, edited])).toThrow(
      /Migration \d+ "next" .* is not the one/,
    );
  });

  it('refuses a database of a newer version', () => {
    const database = new SqliteDatabase(':memory:');
    migrate(database, AT, [...MIGRATIONS, next]);
    expect(() => migrate(database, AT)).toThrow(/newer version/);
  });

  it('leaves nothing of a migration that fails', () => {
    const database = new SqliteDatabase(':memory:');
    const broken = { number, name: 'broken', sql: 'CREATE TABLE half (id INTEGER); SELECT nonsense' };
    expect(() => migrate(database, AT, [...MIGRATIONS, broken])).toThrow();
    expect(database.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([]);
    migrate(database, AT, [...MIGRATIONS, next]);
  });
});

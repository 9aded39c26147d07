import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, resource, temporaryDirectory, TESTER } from './store.fixture.js';
import { writeResource } from './resource-writes.js';

describe('opening the database', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let path: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, 'policy.db');
  });
  afterEach(() => directory.remove());

  /** A database with one consumer in it, closed. */
  function fill(): void {
    const store = openStore(directory.path);
    store.write(TESTER, (tx) => ({
      result: writeResource(
        tx,
        (kind, route) => store.grantsOnRoute(kind, route),
        resource('Consumer', 'alice', {}),
        {
          mode: 'create',
          precondition: {},
        },
      ),
      audit: { action: 'create', kind: 'Consumer', name: 'alice', changes: [] },
    }));
    store.close();
  }

  /** Edits the closed database with the means of any SQLite client. */
  function tamper(sql: string): void {
    const database = new SqliteDatabase(path);
    database.pragma('foreign_keys = OFF');
    database.pragma('ignore_check_constraints = ON');
    database.exec(sql);
    database.close();
  }

  it('keeps the file to its owner', () => {
    fill();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each<[string, () => void, RegExp]>([
    ['no database at all', () => writeFileSync(path, 'hello '.repeat(1000)), /damaged \(SQLITE_NOTADB\)/],
    [
      'a newer schema',
      () => tamper("INSERT INTO schema_migrations VALUES (99, 'later', 'x', 'x')"),
      /newer version/,
    ],
    ['an edited migration', () => tamper("UPDATE schema_migrations SET checksum = 'x'"), /not the one/],
    [
      'a resource that is not valid',
      () => tamper(`UPDATE resources SET spec = '{"disabled":"no"}'`),
      /Consumer "alice" is not valid/,
    ],
    [
      'a resource with an unknown field',
      () => tamper(`UPDATE resources SET spec = json_set(spec, '$.admin', 1)`),
      /not valid/,
    ],
    ['dangling rows', () => tamper("INSERT INTO consumer_revocations VALUES ('nobody', 'x')"), /damaged/],
    ['no policy version', () => tamper('DELETE FROM installation'), /policy version is missing/],
    [
      'a credential without value',
      () => tamper(`UPDATE resources SET kind = 'Credential', spec = '{"in":"header","hosts":["a.b"]}'`),
      /has no value/,
    ],
  ])('refuses %s with a clear error', (_case, damage, message) => {
    fill();
    damage();
    expect(() => openStore(directory.path)).toThrow(message);
  });

  it('refuses a database of another program', () => {
    const database = new SqliteDatabase(path);
    database.exec('CREATE TABLE theirs (id INTEGER)');
    database.close();
    expect(() => openStore(directory.path)).toThrow(/another program/);
  });

  it('refuses a file with damaged pages', () => {
    fill();
    const bytes = readFileSync(path);
    for (let offset = 4096; offset < bytes.length; offset += 4096) bytes.fill(0xa5, offset, offset + 2048);
    writeFileSync(path, bytes);
    expect(() => openStore(directory.path)).toThrow(/damaged|cannot be opened/);
  });

  it('refuses to share the file with another process', () => {
    const store = openStore(directory.path);
    expect(() => openStore(directory.path)).toThrow(/in use by another process/);
    store.close();
  });
});

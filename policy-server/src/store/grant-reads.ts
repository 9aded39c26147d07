import type { Database } from 'better-sqlite3';
import type { Grant, GrantKind } from './resource-set.js';
import { grantOfRow, type GrantRow } from './rows.js';

/** All grants on one route, sorted by consumer, then source. */
export function grantsOnRoute(database: Database, kind: GrantKind, route: string): Grant[] {
  return database
    .prepare<[string, string], GrantRow>(
      'SELECT kind, route, consumer, source, models FROM grants WHERE kind = ? AND route = ? ORDER BY consumer, source',
    )
    .all(kind, route)
    .map(grantOfRow)
    .filter((grant) => grant !== null);
}

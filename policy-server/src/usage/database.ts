import type { Database } from 'better-sqlite3';
import { type DatabaseKind, openDatabase } from '../store/database.js';
import { usage } from './migrations/001-usage.js';

const USAGE: DatabaseKind = {
  // "HCLU"
  applicationId: 0x48434c55,
  migrations: [usage],
  // A commit that a loss of power takes back takes the position in the journal back too, and is repeated from there.
  synchronous: 'NORMAL',
};

/**
 * Opens the database of usage for this process alone. It is a file of its own, so that records, however many, never make
 * a change of policy wait for the disk.
 *
 * @param at moment that new migrations are recorded with
 * @throws GatewayError as `openDatabase` does
 */
export function openUsageDatabase(path: string, at: string): Database {
  return openDatabase(path, at, USAGE);
}

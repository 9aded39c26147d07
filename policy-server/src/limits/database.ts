import type { Database } from 'better-sqlite3';
import { type DatabaseKind, openDatabase } from '../store/database.js';
import { leases } from './migrations/001-leases.js';

/** A file of its own: a lease is kept many times a minute, which must not hold up writes of policy. */
const LEASES: DatabaseKind = {
  // "HCLL"
  applicationId: 0x48434c4c,
  migrations: [leases],
  // What was promised to gateways must be known after a loss of power too, or a budget would be spent twice.
  synchronous: 'FULL',
};

/**
 * Opens the database of leases, for this process alone.
 *
 * @throws GatewayError as `openDatabase`
 */
export function openLeaseDatabase(path: string, nowMs: number): Database {
  return openDatabase(path, new Date(nowMs).toISOString(), LEASES);
}

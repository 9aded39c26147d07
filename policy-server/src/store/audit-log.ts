import { createHash } from 'node:crypto';
import type { Database } from 'better-sqlite3';

/** One thing a write changed; secret values are never in it. */
export interface AuditChange {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What happened, as the writer tells it. */
export interface AuditEvent {
  /** Such as `create`, `replace`, `delete`, `revoke`, `token.issue`. */
  readonly action: string;
  readonly kind: string;
  readonly name: string;
  readonly changes: readonly AuditChange[];
}

/** Where and by whom it happened. */
export interface AuditOrigin {
  readonly at: string;
  readonly actor: string;
  readonly requestId: string;
  readonly policyVersion: number;
}

/** A stored record. `hash` covers the record and the hash before it, so that a record cannot be changed or taken out alone. */
export interface AuditRecord extends AuditEvent, AuditOrigin {
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** Which records to read, newest first. */
export interface AuditQuery {
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  /** Inclusive, RFC 3339. */
  readonly from?: string | undefined;
  /** Exclusive, RFC 3339. */
  readonly to?: string | undefined;
  /** Only records before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

interface AuditRow {
  readonly sequence: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly kind: string;
  readonly name: string;
  readonly policy_version: number;
  readonly request_id: string;
  readonly changes: string;
  readonly previous_hash: string;
  readonly hash: string;
}

const GENESIS = '0'.repeat(64);

function hashOf(row: Omit<AuditRow, 'hash'>): string {
  const fields = [
    row.previous_hash,
    row.sequence,
    row.at,
    row.actor,
    row.action,
    row.kind,
    row.name,
    row.policy_version,
    row.request_id,
    row.changes,
  ];
  return createHash('sha256').update(JSON.stringify(fields), 'utf8').digest('hex');
}

function recordOf(row: AuditRow): AuditRecord {
  return {
    sequence: row.sequence,
    at: row.at,
    actor: row.actor,
    action: row.action,
    kind: row.kind,
    name: row.name,
    policyVersion: row.policy_version,
    requestId: row.request_id,
    changes: JSON.parse(row.changes) as readonly AuditChange[],
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

/** The append-only, hash-chained record of all writes. */
export class AuditLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Appends one record; part of the transaction that is open. */
  append(event: AuditEvent, origin: AuditOrigin): void {
    const last = this.#database
      .prepare<[], { sequence: number; hash: string }>(
        'SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1',
      )
      .get();
    const row = {
      sequence: (last?.sequence ?? 0) + 1,
      at: origin.at,
      actor: origin.actor,
      action: event.action,
      kind: event.kind,
      name: event.name,
      policy_version: origin.policyVersion,
      request_id: origin.requestId,
      changes: JSON.stringify(event.changes),
      previous_hash: last?.hash ?? GENESIS,
    };
    this.#database
      .prepare(
        `INSERT INTO audit (sequence, at, actor, action, kind, name, policy_version, request_id, changes, previous_hash, hash)
         VALUES (@sequence, @at, @actor, @action, @kind, @name, @policy_version, @request_id, @changes, @previous_hash, @hash)`,
      )
      .run({ ...row, hash: hashOf(row) });
  }

  read(query: AuditQuery): AuditRecord[] {
    const conditions: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, value: string | number | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    add('kind = ?', query.kind);
    add('name = ?', query.name);
    add('actor = ?', query.actor);
    add('action = ?', query.action);
    add('at >= ?', query.from);
    add('at < ?', query.to);
    add('sequence < ?', query.before);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#database
      .prepare<(string | number)[], AuditRow>(`SELECT * FROM audit ${where} ORDER BY sequence DESC LIMIT ?`)
      .all(...values, query.limit)
      .map(recordOf);
  }

  /** Recomputes the whole chain. `brokenAt` is the sequence number of the first record that does not fit. */
  verify(): { readonly records: number; readonly brokenAt: number | null; readonly head: string } {
    let previous = GENESIS;
    let records = 0;
    for (const row of this.#database
      .prepare<[], AuditRow>('SELECT * FROM audit ORDER BY sequence')
      .iterate()) {
      records++;
      const fits = row.sequence === records && row.previous_hash === previous && row.hash === hashOf(row);
      if (!fits) return { records, brokenAt: row.sequence, head: previous };
      previous = row.hash;
    }
    return { records, brokenAt: null, head: previous };
  }
}

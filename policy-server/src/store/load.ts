import type { Consumer, Credential, Resource } from '@hiclaw/resources';
import type { Database } from 'better-sqlite3';
import { Draft, EMPTY_RESOURCE_SET, MAP_OF_KIND, type StoredSet } from './draft.js';
import { databaseCorrupt } from './errors.js';
import type { Grant, Token, TokenState } from './resource-set.js';
import { grantOfRow, type GrantRow, type ResourceRow, resourceOfRow, type TokenRow } from './rows.js';

/** A credential's value as it is stored. */
export interface SealedRow {
  readonly credential_uid: string;
  readonly value_version: number;
  readonly key_id: string;
  readonly jwe: string;
}

interface ExtraFacts {
  readonly valueVersions: ReadonlyMap<string, number>;
  readonly tokenStates: ReadonlyMap<string, TokenState>;
  readonly revoked: ReadonlySet<string>;
  readonly path: string;
}

export function readSealedRows(database: Database): SealedRow[] {
  return database
    .prepare<[], SealedRow>('SELECT credential_uid, value_version, key_id, jwe FROM credential_values')
    .all();
}

/** The secrets of credentials with OAuth 2, sealed; their version stands for that of a value. */
export function readSealedOAuth2Rows(database: Database): SealedRow[] {
  return database
    .prepare<[], SealedRow>(
      'SELECT credential_uid, secret_version AS value_version, key_id, jwe FROM oauth2_tokens',
    )
    .all();
}

function readTokenStates(database: Database): Map<string, TokenState> {
  const rows = database
    .prepare<[], { uid: string; obtainedAt: number; expiresAt: number; suspended: number }>(
      `SELECT credential_uid AS uid, obtained_at AS obtainedAt, expires_at AS expiresAt, suspended
         FROM oauth2_tokens`,
    )
    .all();
  return new Map(rows.map(({ uid, suspended, ...rest }) => [uid, { ...rest, suspended: suspended === 1 }]));
}

function addResource(draft: Draft, resource: Resource, facts: ExtraFacts): void {
  const { name, uid } = resource.metadata;
  switch (resource.kind) {
    case 'Credential': {
      const credential = resource as Credential;
      const token = facts.tokenStates.get(uid);
      const { oauth2 } = credential.spec;
      const valueVersion = facts.valueVersions.get(uid);
      // Before its first access token a credential with OAuth 2 has none.
      if ((oauth2 === undefined ? valueVersion : token) === undefined) {
        throw databaseCorrupt(facts.path, `credential "${name}" has no value`);
      }
      draft.set('credentials', name, {
        resource: credential,
        valueVersion: valueVersion ?? 0,
        ...(token === undefined ? {} : { token }),
      });
      return;
    }
    case 'Consumer':
      draft.set('consumers', name, { resource: resource as Consumer, revoked: facts.revoked.has(uid) });
      return;
    case 'Provider':
    case 'LlmRoute':
    case 'McpServer':
    case 'ServiceRoute':
      draft.set(MAP_OF_KIND[resource.kind], name, resource as never);
      return;
    default:
      resource.kind satisfies never;
  }
}

function groupByConsumer<T extends { readonly consumer: string }>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.consumer);
    if (group === undefined) groups.set(entry.consumer, [entry]);
    else group.push(entry);
  }
  return groups;
}

function readGrants(database: Database, path: string): Grant[] {
  const rows = database
    .prepare<[], GrantRow>('SELECT kind, route, consumer, source, models FROM grants')
    .all();
  return rows.map((row) => {
    const grant = grantOfRow(row);
    if (grant === null) throw databaseCorrupt(path, `grant of ${row.kind}/${row.route} to "${row.consumer}"`);
    return grant;
  });
}

function readTokens(database: Database): Token[] {
  return database
    .prepare<[], TokenRow>(
      `SELECT t.id, r.name AS consumer, t.digest, t.description, t.created_at, t.expires_at
         FROM tokens t JOIN resources r ON r.uid = t.consumer_uid`,
    )
    .all()
    .map((row) => ({ id: row.id, consumer: row.consumer, digest: row.digest, expiresAt: row.expires_at }));
}

/** Reads the whole state from the database. */
export function loadResourceSet(database: Database, path: string): StoredSet {
  const draft = new Draft(EMPTY_RESOURCE_SET);
  const facts: ExtraFacts = {
    valueVersions: new Map(readSealedRows(database).map((row) => [row.credential_uid, row.value_version])),
    tokenStates: readTokenStates(database),
    revoked: new Set(
      database
        .prepare<[], { uid: string }>('SELECT consumer_uid AS uid FROM consumer_revocations')
        .all()
        .map(({ uid }) => uid),
    ),
    path,
  };
  for (const row of database.prepare<[], ResourceRow>('SELECT * FROM resources').iterate()) {
    const resource = resourceOfRow(row);
    if (resource === null) throw databaseCorrupt(path, `${row.kind} "${row.name}" is not valid`);
    addResource(draft, resource, facts);
  }
  for (const [consumer, grants] of groupByConsumer(readGrants(database, path)))
    draft.setGrants(consumer, grants);
  for (const [consumer, tokens] of groupByConsumer(readTokens(database))) draft.setTokens(consumer, tokens);
  const version = database
    .prepare<[], { v: number }>('SELECT policy_version AS v FROM installation')
    .get()?.v;
  if (version === undefined) throw databaseCorrupt(path, 'the policy version is missing');
  return draft.finish(version);
}

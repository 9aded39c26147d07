import {
  API_VERSION,
  type Consumer,
  type Credential,
  type Kind,
  type Metadata,
  type Resource,
  type SpecByKind,
} from '@hiclaw/resources';
import type { Database } from 'better-sqlite3';
import { type Draft, findResource, KIND_OF_GRANT, MAP_OF_KIND } from './draft.js';
import type { Grant, GrantKind, ResourceSet, StoredCredential, Token, TokenState } from './resource-set.js';
import { prepared } from './statements.js';

/** The parts of a resource that a write decides. */
export interface ResourceContent<K extends Kind> {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: SpecByKind[K];
}

/** A credential's value, sealed for exactly this credential and version. */
export interface SealedValue {
  readonly uid: string;
  readonly valueVersion: number;
  readonly keyId: string;
  readonly jwe: string;
}

export interface NewToken {
  readonly id: string;
  readonly digest: Uint8Array;
  readonly description: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Unix seconds; 0: never. */
  readonly expiresAt: number;
}

/**
 * The elementary edits. Each changes the database and the draft of the mirror alike; the store commits or drops both.
 * Rules about what may be edited are the business of the callers.
 */
export class WriteTransaction {
  readonly #database: Database;
  readonly #draft: Draft;
  /** The policy version that this transaction makes. */
  readonly policyVersion: number;
  readonly now: { readonly unixSeconds: number; readonly timestamp: string };

  constructor(database: Database, draft: Draft, policyVersion: number, nowMs: number) {
    this.#database = database;
    this.#draft = draft;
    this.policyVersion = policyVersion;
    const unixSeconds = Math.floor(nowMs / 1000);
    this.now = { unixSeconds, timestamp: new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z') };
  }

  /** The state including all edits of this transaction. */
  get current(): ResourceSet {
    return this.#draft.current;
  }

  insertResource<K extends Kind>(
    kind: K,
    name: string,
    uid: string,
    content: ResourceContent<K>,
  ): Resource<K> {
    const metadata: Metadata = {
      name,
      labels: content.labels,
      annotations: content.annotations,
      uid,
      resourceVersion: String(this.policyVersion),
      generation: 1,
      creationTimestamp: this.now.timestamp,
    };
    const resource: Resource<K> = { apiVersion: API_VERSION, kind, metadata, spec: content.spec };
    this.#run(
      `INSERT INTO resources (kind, name, uid, resource_version, generation, created_at, labels, annotations, spec)
       VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)`,
      ...[kind, name, uid, this.policyVersion, metadata.creationTimestamp],
      ...[JSON.stringify(content.labels), JSON.stringify(content.annotations), JSON.stringify(content.spec)],
    );
    this.#mirror(resource);
    return resource;
  }

  /** Gives the resource its next version; `generation` rises when the spec changed. */
  updateResource<K extends Kind>(
    existing: Resource<K>,
    content: ResourceContent<K>,
    specChanged: boolean,
  ): Resource<K> {
    const generation = existing.metadata.generation + (specChanged ? 1 : 0);
    const resource: Resource<K> = {
      ...existing,
      metadata: {
        ...existing.metadata,
        labels: content.labels,
        annotations: content.annotations,
        resourceVersion: String(this.policyVersion),
        generation,
      },
      spec: content.spec,
    };
    this.#run(
      `UPDATE resources SET resource_version = ?, generation = ?, labels = ?, annotations = ?, spec = ? WHERE uid = ?`,
      ...[
        this.policyVersion,
        generation,
        JSON.stringify(content.labels),
        JSON.stringify(content.annotations),
      ],
      ...[JSON.stringify(content.spec), existing.metadata.uid],
    );
    this.#mirror(resource);
    return resource;
  }

  /** Removes the resource and what belongs to it alone: value, revocation, tokens. */
  removeResource({ kind, metadata: { name, uid } }: Resource): void {
    this.#run('DELETE FROM resources WHERE uid = ?', uid);
    this.#draft.delete(MAP_OF_KIND[kind], name);
    if (kind === 'Consumer') this.#draft.setTokens(name, []);
  }

  setCredentialValue(credential: Credential, sealed: SealedValue): void {
    this.#run(
      `INSERT INTO credential_values (credential_uid, value_version, key_id, jwe) VALUES (?, ?, ?, ?)
       ON CONFLICT (credential_uid) DO UPDATE SET value_version = excluded.value_version, key_id = excluded.key_id, jwe = excluded.jwe`,
      ...[sealed.uid, sealed.valueVersion, sealed.keyId, sealed.jwe],
    );
    this.#setCredential(credential, { valueVersion: sealed.valueVersion });
  }

  /** Stores the secrets of a credential with OAuth 2. One that had none is suspended until its first access token. */
  setOAuth2Secrets(credential: Credential, sealed: SealedValue): void {
    this.#run(
      `INSERT INTO oauth2_tokens (credential_uid, secret_version, key_id, jwe, obtained_at, expires_at, suspended)
       VALUES (?, ?, ?, ?, 0, 0, 1)
       ON CONFLICT (credential_uid) DO UPDATE SET secret_version = excluded.secret_version, key_id = excluded.key_id, jwe = excluded.jwe`,
      ...[sealed.uid, sealed.valueVersion, sealed.keyId, sealed.jwe],
    );
    const known = this.#draft.read('credentials', credential.metadata.name)?.token;
    this.#setCredential(credential, { token: known ?? { obtainedAt: 0, expiresAt: 0, suspended: true } });
  }

  /** Says what is known of the access token; the credential has secrets already. */
  setTokenState(credential: Credential, token: TokenState): void {
    this.#run(
      'UPDATE oauth2_tokens SET obtained_at = ?, expires_at = ?, suspended = ? WHERE credential_uid = ?',
      ...[token.obtainedAt, token.expiresAt, token.suspended ? 1 : 0, credential.metadata.uid],
    );
    this.#setCredential(credential, { token });
  }

  /** Forgets what belongs to OAuth 2. */
  removeOAuth2(credential: Credential): void {
    this.#run('DELETE FROM oauth2_tokens WHERE credential_uid = ?', credential.metadata.uid);
    const { valueVersion } = this.#draft.read('credentials', credential.metadata.name) ?? { valueVersion: 0 };
    this.#draft.set('credentials', credential.metadata.name, { resource: credential, valueVersion });
  }

  #setCredential(credential: Credential, change: Omit<Partial<StoredCredential>, 'resource'>): void {
    const { name } = credential.metadata;
    const before = this.#draft.read('credentials', name);
    this.#draft.set('credentials', name, {
      ...{ valueVersion: 0, ...before, ...change },
      resource: credential,
    });
  }

  setRevoked(consumer: Consumer, revoked: boolean): void {
    const { uid, name } = consumer.metadata;
    if (revoked) {
      this.#run(
        'INSERT OR IGNORE INTO consumer_revocations (consumer_uid, revoked_at) VALUES (?, ?)',
        uid,
        this.now.timestamp,
      );
    } else {
      this.#run('DELETE FROM consumer_revocations WHERE consumer_uid = ?', uid);
    }
    this.#draft.set('consumers', name, { resource: consumer, revoked });
  }

  insertToken(consumer: Consumer, token: NewToken): void {
    const { uid, name } = consumer.metadata;
    this.#run(
      'INSERT INTO tokens (id, consumer_uid, digest, description, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[token.id, uid, Buffer.from(token.digest), token.description, token.createdAt, token.expiresAt],
    );
    const { id, digest, expiresAt } = token;
    this.#draft.setTokens(name, [
      ...this.tokensOf(name),
      { id, consumer: name, digest: Buffer.from(digest), expiresAt },
    ]);
  }

  setTokenExpiry(token: Token, expiresAt: number): void {
    this.#run('UPDATE tokens SET expires_at = ? WHERE id = ?', expiresAt, token.id);
    const tokens = this.tokensOf(token.consumer);
    this.#draft.setTokens(
      token.consumer,
      tokens.map((other) => (other.id === token.id ? { ...other, expiresAt } : other)),
    );
  }

  deleteToken(token: Token): void {
    this.#run('DELETE FROM tokens WHERE id = ?', token.id);
    const tokens = this.tokensOf(token.consumer);
    this.#draft.setTokens(
      token.consumer,
      tokens.filter((other) => other.id !== token.id),
    );
  }

  tokensOf(consumer: string): readonly Token[] {
    return this.#draft.read('tokens', consumer) ?? [];
  }

  grantsOf(consumer: string): readonly Grant[] {
    return this.#draft.read('grants', consumer) ?? [];
  }

  /** Adds the grant, or replaces the one with the same route, consumer and source. */
  putGrant(grant: Grant): void {
    this.#run(
      `INSERT INTO grants (kind, route, consumer, source, models) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, route, consumer, source) DO UPDATE SET models = excluded.models`,
      ...[grant.kind, grant.route, grant.consumer, grant.source],
      grant.models === null ? null : JSON.stringify(grant.models),
    );
    const others = this.grantsOf(grant.consumer).filter(
      (other) => other.kind !== grant.kind || other.route !== grant.route || other.source !== grant.source,
    );
    this.#draft.setGrants(grant.consumer, [...others, grant]);
  }

  /** Removes every grant of the route to the consumer, whatever its source; true when there was one. */
  removeGrants(kind: GrantKind, route: string, consumer: string): boolean {
    this.#run('DELETE FROM grants WHERE kind = ? AND route = ? AND consumer = ?', kind, route, consumer);
    const grants = this.grantsOf(consumer);
    const others = grants.filter((grant) => grant.kind !== kind || grant.route !== route);
    if (others.length === grants.length) return false;
    this.#draft.setGrants(consumer, others);
    return true;
  }

  /** Gives the route its next version after a change of its grants. A route that does not exist has none. */
  touchRoute(kind: GrantKind, name: string): void {
    const route = findResource(this.current, KIND_OF_GRANT[kind], name);
    if (route === undefined || route.metadata.resourceVersion === String(this.policyVersion)) return;
    const { labels, annotations } = route.metadata;
    this.updateResource(route, { labels, annotations, spec: route.spec }, true);
  }

  #run(sql: string, ...values: (string | number | Buffer | null)[]): void {
    prepared(this.#database, sql).run(...values);
  }

  #mirror(resource: Resource): void {
    const { name } = resource.metadata;
    switch (resource.kind) {
      case 'Credential': {
        // A new credential gets its value within the same transaction.
        this.#setCredential(resource as Credential, {});
        return;
      }
      case 'Consumer': {
        const revoked = this.#draft.read('consumers', name)?.revoked ?? false;
        this.#draft.set('consumers', name, { resource: resource as Consumer, revoked });
        return;
      }
      case 'Provider':
      case 'LlmRoute':
      case 'McpServer':
      case 'ServiceRoute':
        this.#draft.set(MAP_OF_KIND[resource.kind], name, resource as never);
        return;
      default:
        resource.kind satisfies never;
    }
  }
}

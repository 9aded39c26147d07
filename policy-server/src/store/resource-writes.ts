import { randomUUID } from 'node:crypto';
import type { AllowedConsumer, Credential, Kind, Resource, ResourceInput } from '@hiclaw/resources';
import { changesBetween } from './changes.js';
import type { AuditChange } from './audit-log.js';
import { findResource, GRANT_KIND_OF, isGrantedKind } from './draft.js';
import { alreadyExists, InvalidInput, notFound, preconditionFailed, stillReferenced } from './errors.js';
import { allowedConsumersOf } from './grant-writes.js';
import { checkPrecondition, type Precondition } from './precondition.js';
import { referrersOf } from './references.js';
import type { Grant, GrantKind } from './resource-set.js';
import type { SealedValue, WriteTransaction } from './transaction.js';

export interface ResourceWrite<K extends Kind = Kind> {
  readonly resource: Resource<K>;
  readonly created: boolean;
  readonly changes: readonly AuditChange[];
  /** Who may use the route after this write; absent for kinds that are not granted. */
  readonly allowedConsumers?: readonly AllowedConsumer[];
}

/** Reads the grants on a route as the transaction sees them. */
export type GrantReader = (kind: GrantKind, route: string) => readonly Grant[];

/** The version and identity inside a body are demands too: what was read can be sent back safely. */
function checkBodyVersion(existing: Resource | undefined, { kind, metadata }: ResourceInput): void {
  const { name, uid, resourceVersion } = metadata;
  const differs =
    (resourceVersion !== undefined && resourceVersion !== existing?.metadata.resourceVersion) ||
    (uid !== undefined && uid !== existing?.metadata.uid);
  if (differs) throw preconditionFailed(kind, name);
}

/** Makes the grants on a route exactly these; unchanged ones keep their source. */
function replaceGrants(
  tx: WriteTransaction,
  kind: GrantKind,
  route: string,
  wanted: readonly AllowedConsumer[],
  before: readonly AllowedConsumer[],
): boolean {
  const same = (a: AllowedConsumer, b: AllowedConsumer | undefined): boolean =>
    JSON.stringify(a.models) === JSON.stringify(b?.models);
  const old = new Map(before.map((entry) => [entry.name, entry]));
  let changed = false;
  for (const entry of wanted) {
    if (!same(entry, old.get(entry.name))) {
      tx.removeGrants(kind, route, entry.name);
      tx.putGrant({ kind, route, consumer: entry.name, models: entry.models, source: 'admin' });
      changed = true;
    }
    old.delete(entry.name);
  }
  for (const name of old.keys()) changed = tx.removeGrants(kind, route, name) || changed;
  return changed;
}

interface Content {
  readonly labels: object;
  readonly annotations: object;
  readonly spec: object;
}

function auditedContent(
  { labels, annotations, spec }: Content,
  consumers: readonly AllowedConsumer[] | undefined,
): object {
  if (consumers === undefined) return { metadata: { labels, annotations }, spec };
  const allowed = Object.fromEntries(consumers.map((entry) => [entry.name, entry.models ?? 'all']));
  return { metadata: { labels, annotations }, spec: { ...spec, allowedConsumers: allowed } };
}

function checkSealed(
  existing: Resource | undefined,
  input: ResourceInput,
  sealed: SealedValue | undefined,
): void {
  if (input.kind !== 'Credential' || sealed !== undefined) return;
  if ((input as ResourceInput<'Credential'>).spec.oauth2 !== undefined) return;
  if (existing === undefined) {
    throw new InvalidInput([{ path: 'spec.value', message: 'is required for a new credential' }]);
  }
  if ((existing as Credential).spec.oauth2 !== undefined) {
    const message = 'is required when spec.oauth2 is removed';
    throw new InvalidInput([{ path: 'spec.value', message }]);
  }
}

function writeSecrets(
  tx: WriteTransaction,
  credential: Credential,
  value: SealedValue | undefined,
  oauth2: SealedValue | undefined,
): void {
  if (value !== undefined) tx.setCredentialValue(credential, value);
  if (oauth2 !== undefined) tx.setOAuth2Secrets(credential, oauth2);
  if (credential.spec.oauth2 === undefined) tx.removeOAuth2(credential);
}

/**
 * Creates or replaces a resource. Content that equals the stored one leaves the resource and its version as they are.
 *
 * @param mode `create` fails when it exists; `replace` creates when it does not; `update` fails when it does not
 * @param sealed the credential's new value, when there is one
 */
export function writeResource(
  tx: WriteTransaction,
  grantsOnRoute: GrantReader,
  input: ResourceInput,
  options: {
    readonly mode: 'create' | 'replace' | 'update';
    readonly precondition: Precondition;
    readonly sealed?: SealedValue | undefined;
    /** New secrets of a credential with OAuth 2, when there are some. */
    readonly sealedOAuth2?: SealedValue | undefined;
  },
): ResourceWrite {
  const { kind, metadata, spec } = input;
  const { labels, annotations, name } = metadata;
  const existing = findResource(tx.current, kind, name);
  if (options.mode === 'create' && existing !== undefined) throw alreadyExists(kind, name);
  if (options.mode === 'update' && existing === undefined) throw notFound(kind, name);
  checkPrecondition(kind, name, existing, options.precondition);
  if (options.mode !== 'create') checkBodyVersion(existing, input);
  checkSealed(existing, input, options.sealed);

  const grantKind = isGrantedKind(kind) ? GRANT_KIND_OF[kind] : null;
  const before = grantKind === null ? undefined : allowedConsumersOf(grantsOnRoute(grantKind, name));
  const wanted = grantKind === null ? undefined : (input.allowedConsumers ?? before);
  let grantsChanged = false;
  if (grantKind !== null && wanted !== undefined && before !== undefined) {
    grantsChanged = replaceGrants(tx, grantKind, name, wanted, before);
  }
  const changes = changesBetween(
    existing === undefined ? {} : auditedContent({ ...existing.metadata, spec: existing.spec }, before),
    auditedContent({ labels, annotations, spec }, wanted),
  );
  if (options.sealed !== undefined) changes.push({ path: 'spec.value', after: '[replaced]' });
  const { sealed, sealedOAuth2 } = options;
  if (sealedOAuth2 !== undefined) changes.push({ path: 'spec.oauth2.secrets', after: '[replaced]' });
  const facts = { changes, ...(wanted === undefined ? {} : { allowedConsumers: wanted }) };
  if (existing !== undefined && changes.length === 0) return { resource: existing, created: false, ...facts };

  const content = { labels, annotations, spec };
  const specChanged =
    grantsChanged ||
    (sealed ?? sealedOAuth2) !== undefined ||
    changesBetween(existing?.spec ?? {}, spec).length > 0;
  const resource =
    existing === undefined
      ? tx.insertResource(kind, name, (sealed ?? sealedOAuth2)?.uid ?? randomUUID(), content)
      : tx.updateResource(existing, content, specChanged);
  if (resource.kind === 'Credential') writeSecrets(tx, resource as Credential, sealed, sealedOAuth2);
  return { resource, created: existing === undefined, ...facts };
}

/** Deletes a resource with everything that belongs to it: tokens and grants of a consumer, grants on a route. */
export function deleteResource(
  tx: WriteTransaction,
  grantsOnRoute: GrantReader,
  kind: Kind,
  name: string,
  precondition: Precondition,
): readonly AuditChange[] {
  const existing = findResource(tx.current, kind, name);
  if (existing === undefined) throw notFound(kind, name);
  checkPrecondition(kind, name, existing, precondition);
  const referrers = referrersOf(tx.current, kind, name);
  if (referrers.length > 0) throw stillReferenced(kind, name, referrers);
  const changes = [
    ...changesBetween(auditedContent({ ...existing.metadata, spec: existing.spec }, undefined), {}),
  ];
  if (isGrantedKind(kind)) {
    const grantKind = GRANT_KIND_OF[kind];
    for (const grant of grantsOnRoute(grantKind, name)) tx.removeGrants(grantKind, name, grant.consumer);
  }
  tx.removeResource(existing);
  if (kind === 'Consumer') {
    for (const grant of tx.grantsOf(name)) {
      tx.removeGrants(grant.kind, grant.route, name);
      tx.touchRoute(grant.kind, grant.route);
    }
  }
  return changes;
}

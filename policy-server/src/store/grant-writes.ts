import { createHash } from 'node:crypto';
import type { AllowedConsumer } from '@hiclaw/resources';
import type { AuditChange } from './audit-log.js';
import { findResource, KIND_OF_GRANT } from './draft.js';
import { GatewayError } from '@hiclaw/service-kit';
import { InvalidInput, notFound } from './errors.js';
import { checkPrecondition, type Precondition } from './precondition.js';
import type { Grant, GrantKind } from './resource-set.js';
import type { WriteTransaction } from './transaction.js';

/** A consumer's grants on one route together: all models when any of them says so, otherwise the union. */
export function unionOfModels(grants: readonly Grant[]): readonly string[] | null {
  const models = new Set<string>();
  for (const grant of grants) {
    if (grant.models === null) return null;
    for (const model of grant.models) models.add(model);
  }
  return [...models].sort();
}

function byName(grants: readonly Grant[], nameOf: (grant: Grant) => string): Map<string, Grant[]> {
  const groups = new Map<string, Grant[]>();
  for (const grant of grants) {
    const group = groups.get(nameOf(grant));
    if (group === undefined) groups.set(nameOf(grant), [grant]);
    else group.push(grant);
  }
  return groups;
}

/** The grants on one route as `spec.allowedConsumers`, sorted by name. */
export function allowedConsumersOf(grants: readonly Grant[]): readonly AllowedConsumer[] {
  return [...byName(grants, ({ consumer }) => consumer)]
    .map(([name, group]) => ({ name, models: unionOfModels(group) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function modelsShown(models: readonly string[] | null): unknown {
  return models ?? 'all';
}

/** Grants the route to one consumer, in place of all grants it had on it; true when it had none. */
export function grant(
  tx: WriteTransaction,
  target: { readonly kind: GrantKind; readonly route: string; readonly consumer: string },
  models: readonly string[] | null,
  precondition: Precondition,
): { readonly created: boolean; readonly changes: readonly AuditChange[] } {
  const { kind, route, consumer } = target;
  const resource = findResource(tx.current, KIND_OF_GRANT[kind], route);
  if (resource === undefined) throw notFound(KIND_OF_GRANT[kind], route);
  checkPrecondition(KIND_OF_GRANT[kind], route, resource, precondition);
  const existing = tx.grantsOf(consumer).filter((other) => other.kind === kind && other.route === route);
  const before = existing.length === 0 ? undefined : unionOfModels(existing);
  const sorted = models === null ? null : [...models].sort();
  const path = `allowedConsumers["${consumer}"]`;
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(sorted))
    return { created: false, changes: [] };
  tx.removeGrants(kind, route, consumer);
  tx.putGrant({ kind, route, consumer, models: sorted, source: 'admin' });
  tx.touchRoute(kind, route);
  const after = modelsShown(sorted);
  const change = before === undefined ? { path, after } : { path, before: modelsShown(before), after };
  return { created: before === undefined, changes: [change] };
}

/** Takes the route from one consumer. */
export function withdraw(
  tx: WriteTransaction,
  target: { readonly kind: GrantKind; readonly route: string; readonly consumer: string },
  precondition: Precondition,
): readonly AuditChange[] {
  const { kind, route, consumer } = target;
  const resource = findResource(tx.current, KIND_OF_GRANT[kind], route);
  if (resource === undefined) throw notFound(KIND_OF_GRANT[kind], route);
  checkPrecondition(KIND_OF_GRANT[kind], route, resource, precondition);
  const existing = tx.grantsOf(consumer).filter((other) => other.kind === kind && other.route === route);
  if (existing.length === 0) {
    throw new GatewayError('NOT_FOUND', `Consumer "${consumer}" has no grant on ${kind}/${route}.`);
  }
  tx.removeGrants(kind, route, consumer);
  tx.touchRoute(kind, route);
  return [{ path: `allowedConsumers["${consumer}"]`, before: modelsShown(unionOfModels(existing)) }];
}

/** Identifies what a consumer may reach: an ETag of its access. */
export function accessVersion(grants: readonly Grant[]): string {
  const facts = grants.map(({ kind, route, models, source }) => [kind, route, models, source]);
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** One edit of a consumer's access; `models: undefined` takes the route away. */
export interface AccessEdit {
  readonly kind: GrantKind;
  readonly route: string;
  readonly models: readonly string[] | null | undefined;
  /** Of the field in the request, for errors. */
  readonly path: string;
}

/** Applies many edits of one consumer's access at once, or none. Taking what is not there is no error. */
export function editAccess(
  tx: WriteTransaction,
  consumer: string,
  edits: readonly AccessEdit[],
): readonly AuditChange[] {
  const missing = edits.filter(
    ({ kind, route, models }) =>
      models !== undefined && findResource(tx.current, KIND_OF_GRANT[kind], route) === undefined,
  );
  if (missing.length > 0) {
    throw new InvalidInput(
      missing.map(({ kind, route, path }) => ({
        path,
        message: `${kind}/${route} does not exist; create it first`,
      })),
    );
  }
  const changes: AuditChange[] = [];
  for (const { kind, route, models } of edits) {
    const before = tx.grantsOf(consumer).filter((other) => other.kind === kind && other.route === route);
    const path = `${kind}["${route}"]`;
    const shownBefore = before.length === 0 ? {} : { before: modelsShown(unionOfModels(before)) };
    const sorted = models === undefined || models === null ? models : [...models].sort();
    const same =
      before.length === 0
        ? sorted === undefined
        : JSON.stringify(unionOfModels(before)) === JSON.stringify(sorted);
    if (same) continue;
    tx.removeGrants(kind, route, consumer);
    if (sorted !== undefined) tx.putGrant({ kind, route, consumer, models: sorted, source: 'admin' });
    tx.touchRoute(kind, route);
    changes.push({ path, ...shownBefore, ...(sorted === undefined ? {} : { after: modelsShown(sorted) }) });
  }
  return changes;
}

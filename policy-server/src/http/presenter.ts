import type { AllowedConsumer, Kind, Resource } from '@hiclaw/resources';
import { GRANT_KIND_OF, isGrantedKind } from '../store/draft.js';
import { allowedConsumersOf } from '../store/grant-writes.js';
import type { ResourceWrite } from '../store/resource-writes.js';
import type { ResourceSet } from '../store/resource-set.js';
import type { ApiContext } from './context.js';

/** A resource as the API shows it. */
export interface PresentedResource {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: Resource['metadata'];
  readonly spec: object;
  readonly status: object;
}

function kindStatus(
  context: ApiContext,
  set: ResourceSet,
  { kind, metadata: { name, uid } }: Resource,
): object {
  if (kind === 'Credential') return { valueVersion: set.credentials.get(name)?.valueVersion ?? 0 };
  if (kind !== 'Consumer') return {};
  const revoked = set.consumers.get(name)?.revoked ?? false;
  return {
    revoked,
    revokedAt: revoked ? context.store.revokedAt(uid) : null,
    tokens: set.tokens.get(name)?.length ?? 0,
  };
}

function status(context: ApiContext, resource: Resource, more: object): object {
  const { kind, metadata } = resource;
  const translated = context.gateways.conditions(kind, metadata.name);
  const fresh = kind === 'Credential' ? context.tokens.condition(metadata.name) : null;
  const conditions = fresh === null ? translated : [...translated, fresh];
  return { observedGeneration: metadata.generation, conditions, ...more };
}

function shownConsumers(consumers: readonly AllowedConsumer[]): readonly (string | AllowedConsumer)[] {
  return consumers.map(({ name, models }) => (models === null ? name : { name, models }));
}

/** A stored resource with its grants and status. Secret values are no part of a stored resource. */
export function present(context: ApiContext, resource: Resource): PresentedResource {
  const { apiVersion, kind, metadata, spec } = resource;
  const set = context.store.resources();
  if (!isGrantedKind(kind)) {
    return {
      apiVersion,
      kind,
      metadata,
      spec,
      status: status(context, resource, kindStatus(context, set, resource)),
    };
  }
  const grants = context.store.grantsOnRoute(GRANT_KIND_OF[kind], metadata.name);
  const sources = grants.map(({ consumer, models, source }) => ({
    name: consumer,
    ...(models === null ? {} : { models }),
    source,
  }));
  return {
    apiVersion,
    kind,
    metadata,
    spec: { ...spec, allowedConsumers: shownConsumers(allowedConsumersOf(grants)) },
    status: status(context, resource, { allowedConsumers: sources }),
  };
}

/** What a dry run would have made. It has no status: nothing observed it. */
export function presentDryRun({ resource, allowedConsumers }: ResourceWrite): PresentedResource {
  const { apiVersion, kind, metadata, spec } = resource;
  const consumers =
    allowedConsumers === undefined ? {} : { allowedConsumers: shownConsumers(allowedConsumers) };
  return { apiVersion, kind, metadata, spec: { ...spec, ...consumers }, status: {} };
}

import {
  decodeResource,
  type Kind,
  type KindDefinition,
  mergePatch,
  type Resource,
  type ResourceInput,
  withoutCredentialDefaults,
  withoutProviderDefaults,
} from '@hiclaw/resources';
import { GatewayError, Secret } from '@hiclaw/service-kit';
import type { FastifyRequest } from 'fastify';
import { findResource } from '../store/draft.js';
import { notFound } from '../store/errors.js';
import type { Precondition } from '../store/precondition.js';
import {
  deleteResource,
  type GrantReader,
  type ResourceWrite,
  writeResource,
} from '../store/resource-writes.js';
import type { Written } from '../store/store.js';
import type { SealedValue } from '../store/transaction.js';
import type { ApiContext } from './context.js';
import { invalid, unwrap } from './query.js';
import { commit, type WriteOptions } from './write-options.js';

export type WriteMode = 'create' | 'replace' | 'update';

const MAX_PATCH_ATTEMPTS = 50;

function grantReader(context: ApiContext): GrantReader {
  return (kind, route) => context.store.grantsOnRoute(kind, route);
}

function actionOf(write: ResourceWrite, mode: WriteMode): string {
  if (write.created) return 'create';
  if (write.changes.length === 0) return 'unchanged';
  return mode === 'update' ? 'patch' : 'replace';
}

/** Stores a decoded resource; a credential's value goes through the vault first. */
export async function storeResource(
  context: ApiContext,
  request: FastifyRequest,
  input: ResourceInput,
  how: { readonly mode: WriteMode; readonly precondition: Precondition; readonly options: WriteOptions },
): Promise<Written<ResourceWrite>> {
  const { kind, metadata, value } = input;
  const write = (sealed: SealedValue | undefined, sealedOAuth2?: SealedValue): Written<ResourceWrite> =>
    commit(context, request, how.options, (tx) => {
      const result = writeResource(tx, grantReader(context), input, { ...how, sealed, sealedOAuth2 });
      return {
        result,
        audit: { action: actionOf(result, how.mode), kind, name: metadata.name, changes: result.changes },
      };
    });
  const oauth2 = kind === 'Credential' ? (input as ResourceInput<'Credential'>).spec.oauth2 : undefined;
  if (oauth2 !== undefined) {
    const given = input.oauth2Secrets ?? {};
    return context.vault.sealOAuth2(metadata.name, oauth2, given, (sealed) => write(undefined, sealed));
  }
  if (value === undefined) return write(undefined);
  return context.vault.seal(metadata.name, new Secret(value), write);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A patch that sets the list of consumers to null empties it: read as "not given", it would leave every grant in force. */
function closeRemovedConsumers(
  patch: Record<string, unknown>,
  definition: KindDefinition,
): Record<string, unknown> {
  const { spec } = patch;
  if (!definition.granted || !isObject(spec) || spec['allowedConsumers'] !== null) return patch;
  return { ...patch, spec: { ...spec, allowedConsumers: [] } };
}

/** What a preset gave is given anew after a patch, so that a patch of the preset or its options takes effect. */
function withoutDefaults(existing: Resource): object {
  if (existing.kind === 'Provider') {
    return { ...existing, spec: withoutProviderDefaults((existing as Resource<'Provider'>).spec) };
  }
  if (existing.kind === 'Credential') {
    return { ...existing, spec: withoutCredentialDefaults((existing as Resource<'Credential'>).spec) };
  }
  return existing;
}

function applyPatch(
  context: ApiContext,
  definition: KindDefinition,
  name: string,
  patch: Record<string, unknown>,
) {
  const existing = findResource(context.store.resources(), definition.kind, name);
  if (existing === undefined) throw notFound(definition.kind, name);
  let merged: unknown;
  try {
    merged = mergePatch(withoutDefaults(existing), closeRemovedConsumers(patch, definition));
  } catch (error) {
    if (error instanceof RangeError) throw invalid('', error.message);
    throw error;
  }
  return { existing, input: unwrap(decodeResource<Kind>(definition.kind, merged, name)) };
}

/**
 * Applies a merge patch (RFC 7396) to the stored resource. Without If-Match it is repeated on the newer version when
 * somebody else was faster, so that neither edit is lost.
 */
export async function patchResource(
  context: ApiContext,
  request: FastifyRequest,
  target: { readonly definition: KindDefinition; readonly name: string; readonly patch: unknown },
  how: { readonly precondition: Precondition; readonly options: WriteOptions },
): Promise<Written<ResourceWrite>> {
  const { definition, name, patch } = target;
  if (!isObject(patch)) throw invalid('', 'a merge patch must be an object');
  for (let attempt = 1; ; attempt++) {
    const { existing, input } = applyPatch(context, definition, name, patch);
    const ifMatch = how.precondition.ifMatch ?? [existing.metadata.resourceVersion];
    try {
      return await storeResource(context, request, input, {
        mode: 'update',
        precondition: { ...how.precondition, ifMatch },
        options: how.options,
      });
    } catch (error) {
      const overtaken = error instanceof GatewayError && error.code === 'PRECONDITION_FAILED';
      const moved = findResource(context.store.resources(), definition.kind, name) !== existing;
      const mayRepeat =
        overtaken && moved && how.precondition.ifMatch === undefined && attempt < MAX_PATCH_ATTEMPTS;
      if (!mayRepeat) throw error;
    }
  }
}

/** Deletes a resource with all that belongs to it. */
export async function removeResource(
  context: ApiContext,
  request: FastifyRequest,
  target: { readonly kind: Kind; readonly name: string },
  how: { readonly precondition: Precondition; readonly options: WriteOptions },
): Promise<Written<null>> {
  const { kind, name } = target;
  const write = (): Written<null> =>
    commit(context, request, how.options, (tx) => {
      const changes = deleteResource(tx, grantReader(context), kind, name, how.precondition);
      return { result: null, audit: { action: 'delete', kind, name, changes } };
    });
  return kind === 'Credential' ? context.vault.forget(name, write) : write();
}

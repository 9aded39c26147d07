import { API_VERSION, decodeSchema, type Kind, KINDS, Metadata, type Resource } from '@hiclaw/resources';
import type { Grant, GrantKind } from './resource-set.js';

/** A row of the table `resources`. */
export interface ResourceRow {
  readonly kind: Kind;
  readonly name: string;
  readonly uid: string;
  readonly resource_version: number;
  readonly generation: number;
  readonly created_at: string;
  readonly labels: string;
  readonly annotations: string;
  readonly spec: string;
}

/** A row of the table `grants`. */
export interface GrantRow {
  readonly kind: GrantKind;
  readonly route: string;
  readonly consumer: string;
  readonly source: string;
  readonly models: string | null;
}

/** A row of the table `tokens` with the consumer's name. */
export interface TokenRow {
  readonly id: string;
  readonly consumer: string;
  readonly digest: Buffer;
  readonly description: string;
  readonly created_at: number;
  readonly expires_at: number;
}

/**
 * The resource of a row, checked as strictly as what comes over the API.
 *
 * @returns null when the row holds something that no version of the API would have accepted
 */
export function resourceOfRow(row: ResourceRow): Resource | null {
  const metadata = decodeSchema(Metadata, {
    name: row.name,
    labels: JSON.parse(row.labels) as unknown,
    annotations: JSON.parse(row.annotations) as unknown,
    uid: row.uid,
    resourceVersion: String(row.resource_version),
    generation: row.generation,
    creationTimestamp: row.created_at,
  });
  const spec = decodeSchema(KINDS[row.kind].spec, JSON.parse(row.spec));
  if (!metadata.ok || !spec.ok) return null;
  return { apiVersion: API_VERSION, kind: row.kind, metadata: metadata.value, spec: spec.value } as Resource;
}

/** The grant of a row, or null when its model list is not one. */
export function grantOfRow(row: GrantRow): Grant | null {
  const models: unknown = row.models === null ? null : JSON.parse(row.models);
  if (models !== null && !(Array.isArray(models) && models.every((model) => typeof model === 'string')))
    return null;
  return { kind: row.kind, route: row.route, consumer: row.consumer, models, source: row.source };
}

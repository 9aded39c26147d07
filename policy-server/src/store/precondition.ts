import { preconditionFailed } from './errors.js';

/** What a client demands of the version it edits. */
export interface Precondition {
  /** `resourceVersion`s of which the stored one must be one; null: it must exist; absent: no demand. */
  readonly ifMatch?: readonly string[] | null | undefined;
  /** The resource must not exist yet. */
  readonly ifNoneMatch?: boolean | undefined;
}

/** @throws GatewayError `PRECONDITION_FAILED` */
export function checkPrecondition(
  kind: string,
  name: string,
  existing: { readonly metadata: { readonly resourceVersion: string } } | undefined,
  precondition: Precondition,
): void {
  const { ifMatch, ifNoneMatch } = precondition;
  if (ifNoneMatch === true && existing !== undefined) throw preconditionFailed(kind, name);
  if (ifMatch === undefined) return;
  if (existing === undefined) throw preconditionFailed(kind, name);
  if (ifMatch !== null && !ifMatch.includes(existing.metadata.resourceVersion))
    throw preconditionFailed(kind, name);
}

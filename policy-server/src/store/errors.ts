import type { FieldError } from '@hiclaw/resources';
import { GatewayError } from '@hiclaw/service-kit';

/** Input that cannot be accepted; says everything that is wrong with it. */
export class InvalidInput extends GatewayError {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[], detail = 'The input is not valid; nothing was changed.') {
    super('INVALID_INPUT', detail);
    this.errors = errors;
  }
}

export function notFound(kind: string, name: string): GatewayError {
  return new GatewayError('NOT_FOUND', `${kind} "${name}" does not exist.`);
}

export function alreadyExists(kind: string, name: string): GatewayError {
  return new GatewayError(
    'ALREADY_EXISTS',
    `${kind} "${name}" exists already; use PUT or PATCH to change it.`,
  );
}

export function preconditionFailed(kind: string, name: string): GatewayError {
  return new GatewayError(
    'PRECONDITION_FAILED',
    `${kind} "${name}" is not the version you read: somebody changed, created or deleted it. Read it again, then repeat your edit.`,
  );
}

export function stillReferenced(kind: string, name: string, referrers: readonly string[]): GatewayError {
  const shown = referrers.slice(0, 10).join(', ');
  const more = referrers.length > 10 ? ` and ${referrers.length - 10} more` : '';
  return new GatewayError(
    'STILL_REFERENCED',
    `${kind} "${name}" is used by ${shown}${more}; change these first.`,
  );
}

export function databaseCorrupt(path: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError(
    'DATABASE_CORRUPT',
    `The database ${path} is damaged (${what}). Stop, keep a copy of it, and restore the last backup.`,
    { cause },
  );
}

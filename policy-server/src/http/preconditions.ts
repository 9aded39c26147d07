import type { FastifyRequest } from 'fastify';
import type { Precondition } from '../store/precondition.js';
import { invalid } from './query.js';

const ENTITY_TAG = /^(W\/)?"([\x21\x23-\x7e]*)"$/;

/** The strong tags of an If-Match header; null for `*`, undefined without one. Weak tags match nothing. */
export function parseIfMatch(header: string | undefined): readonly string[] | null | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return null;
  const tags: string[] = [];
  for (const part of header.split(',')) {
    const match = ENTITY_TAG.exec(part.trim());
    if (match === null) throw invalid('If-Match', 'must be an ETag in double quotes as it was read, or *');
    if (match[1] === undefined) tags.push(match[2] ?? '');
  }
  return tags;
}

/** What the request demands of the version it edits. */
export function preconditionOf(request: FastifyRequest): Precondition {
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw invalid('If-None-Match', 'must be * on a write: only create, never replace');
  }
  return { ifMatch: parseIfMatch(request.headers['if-match']), ifNoneMatch: ifNoneMatch !== undefined };
}

/** The ETag of a resource. */
export function entityTag(resourceVersion: string): string {
  return `"${resourceVersion}"`;
}

/** Documents the headers of a conditional write. */
export const CONDITIONAL_HEADERS = {
  type: 'object',
  properties: {
    'if-match': {
      type: 'string',
      description: 'ETag of the version that was read; 412 when it is another one now.',
    },
  },
} as const;

import { CLOSED, formatted, parseTimestamp } from '@hiclaw/resources';
import { Type } from 'typebox';
import type { App } from './app.js';
import type { ApiContext } from './context.js';
import { decodeContinue, encodeContinue, pagingFields } from './paging.js';
import { invalid } from './query.js';
import { describe } from './route-docs.js';

const AuditQuery = Type.Object(
  {
    ...pagingFields,
    kind: Type.Optional(Type.String({ maxLength: 64, description: 'Such as `Consumer`.' })),
    name: Type.Optional(Type.String({ maxLength: 64 })),
    actor: Type.Optional(Type.String({ maxLength: 128 })),
    action: Type.Optional(Type.String({ maxLength: 64, description: 'Such as `revoke`.' })),
    from: Type.Optional(formatted('date-time', { maxLength: 64, description: 'Not before this moment.' })),
    to: Type.Optional(formatted('date-time', { maxLength: 64, description: 'Before this moment.' })),
  },
  CLOSED,
);

/** Records hold milliseconds; a bound in seconds must compare with them as text. */
function bound(timestamp: string | undefined): string | undefined {
  const seconds = timestamp === undefined ? undefined : parseTimestamp(timestamp).value;
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}

function sequenceOf(token: string | undefined): number | undefined {
  if (token === undefined) return undefined;
  const text = decodeContinue(token);
  if (!/^[1-9]\d{0,15}$/.test(text))
    throw invalid('continue', 'must be metadata.continue of an earlier answer, unchanged');
  return Number(text);
}

/** The record of every write. */
export function registerAudit(app: App, context: ApiContext): void {
  app.get(
    '/audit',
    {
      schema: {
        querystring: AuditQuery,
        ...describe('audit', 'List audit records, newest first', { 200: 'AuditList' }, [400]),
      },
    },
    (request) => {
      const { limit, continue: token, from, to, ...filters } = request.query;
      const records = context.store.audit.read({
        ...filters,
        from: bound(from),
        to: bound(to),
        before: sequenceOf(token),
        limit: limit + 1,
      });
      const items = records.slice(0, limit);
      const last = records.length > limit ? items.at(-1) : undefined;
      return {
        metadata: last === undefined ? {} : { continue: encodeContinue(String(last.sequence)) },
        items,
      };
    },
  );

  app.get(
    '/audit/verification',
    {
      schema: {
        querystring: Type.Object({}, CLOSED),
        ...describe(
          'audit',
          'Check that no audit record was changed or removed',
          { 200: 'AuditVerification' },
          [],
        ),
      },
    },
    () => context.store.audit.verify(),
  );
}

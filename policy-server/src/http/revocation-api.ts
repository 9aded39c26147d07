import { CLOSED, decodeSchema, Name } from '@hiclaw/resources';
import { Type } from 'typebox';
import { consumerOf } from '../store/token-writes.js';
import type { App } from './app.js';
import { optionalBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { unwrap } from './query.js';
import { describe } from './route-docs.js';
import { commit, finishWrite, WaitingWriteQuery } from './write-options.js';

const ConsumerParams = Type.Object({ name: Name }, CLOSED);
const NoFields = Type.Object({}, CLOSED);

/** Cutting a consumer off and letting it back in. Both wait for the gateways unless told otherwise. */
export function registerRevocation(app: App, context: ApiContext): void {
  const routes = [
    ['revoke', true, 'Refuse all tokens of a consumer and cut its streams'],
    ['restore', false, 'Let a revoked consumer in again'],
  ] as const;
  for (const [action, revoked, summary] of routes) {
    app.post(
      `/consumers/:name/${action}`,
      {
        schema: {
          params: ConsumerParams,
          querystring: WaitingWriteQuery,
          ...describe('consumers', summary, { 200: 'Applied' }, [400, 404]),
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        unwrap(decodeSchema(NoFields, optionalBody(request)));
        const { policyVersion } = commit(context, request, request.query, (tx) => {
          const consumer = consumerOf(tx, name);
          const before = tx.current.consumers.get(name)?.revoked ?? false;
          tx.setRevoked(consumer, revoked);
          const changes = before === revoked ? [] : [{ path: 'status.revoked', before, after: revoked }];
          return { result: null, audit: { action, kind: 'Consumer', name, changes } };
        });
        const replicas = await finishWrite(context, reply, policyVersion, request.query);
        const waited = request.query.wait === 'applied' && !request.query.dryRun;
        return { policyVersion, applied: waited ? replicas.every(({ applied }) => applied) : null, replicas };
      },
    );
  }
}

import { CLOSED, decodeSchema, type KindDefinition, LlmGrant, Name, PlainGrant } from '@hiclaw/resources';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { findResource, GRANT_KIND_OF, isGrantedKind } from '../store/draft.js';
import { grant, unionOfModels, withdraw } from '../store/grant-writes.js';
import type { App } from './app.js';
import { optionalBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { CONDITIONAL_HEADERS, entityTag, preconditionOf } from './preconditions.js';
import { unwrap } from './query.js';
import { describe } from './route-docs.js';
import { commit, finishWrite, WriteQuery } from './write-options.js';

const GrantParams = Type.Object({ name: Name, consumer: Name }, CLOSED);

function setRouteTag(
  context: ApiContext,
  reply: FastifyReply,
  definition: KindDefinition,
  name: string,
): void {
  const route = findResource(context.store.resources(), definition.kind, name);
  if (route !== undefined) reply.header('etag', entityTag(route.metadata.resourceVersion));
}

/** Single grants on the routes of one kind. If-Match speaks of the route. */
export function registerGrants(app: App, context: ApiContext, definition: KindDefinition): void {
  const { kind, collection } = definition;
  if (!isGrantedKind(kind)) return;
  const grantKind = GRANT_KIND_OF[kind];
  const path = `/${collection}/:name/allowedConsumers/:consumer`;
  const bodySchema = kind === 'LlmRoute' ? LlmGrant : PlainGrant;

  app.put(
    path,
    {
      schema: {
        params: GrantParams,
        querystring: WriteQuery,
        headers: CONDITIONAL_HEADERS,
        body: bodySchema,
        ...describe(
          collection,
          `Grant one of ${collection} to a consumer`,
          { 200: 'Grant', 201: 'Grant' },
          [400, 404, 412],
        ),
      },
    },
    async (request, reply) => {
      const { name: route, consumer } = request.params;
      const { models } = unwrap(decodeSchema(bodySchema, optionalBody(request))) as {
        models?: readonly string[];
      };
      const precondition = preconditionOf(request);
      const { result, policyVersion } = commit(context, request, request.query, (tx) => {
        const done = grant(tx, { kind: grantKind, route, consumer }, models ?? null, precondition);
        const held = tx
          .grantsOf(consumer)
          .filter((other) => other.kind === grantKind && other.route === route);
        return {
          result: { created: done.created, models: unionOfModels(held) },
          audit: { action: 'grant', kind, name: route, changes: done.changes },
        };
      });
      await finishWrite(context, reply, policyVersion, request.query);
      if (!request.query.dryRun) setRouteTag(context, reply, definition, route);
      reply.status(result.created ? 201 : 200);
      return {
        name: consumer,
        ...(result.models === null ? {} : { models: result.models }),
        source: 'admin',
      };
    },
  );

  app.delete(
    path,
    {
      schema: {
        params: GrantParams,
        querystring: WriteQuery,
        headers: CONDITIONAL_HEADERS,
        ...describe(
          collection,
          `Withdraw one of ${collection} from a consumer`,
          { 204: null },
          [400, 404, 412],
        ),
      },
    },
    async (request, reply) => {
      const { name: route, consumer } = request.params;
      const precondition = preconditionOf(request);
      const { policyVersion } = commit(context, request, request.query, (tx) => ({
        result: null,
        audit: {
          action: 'withdraw',
          kind,
          name: route,
          changes: withdraw(tx, { kind: grantKind, route, consumer }, precondition),
        },
      }));
      await finishWrite(context, reply, policyVersion, request.query);
      if (!request.query.dryRun) setRouteTag(context, reply, definition, route);
      return reply.status(204).send();
    },
  );
}

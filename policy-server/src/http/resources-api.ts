import { API_VERSION, CLOSED, decodeResource, type Kind, type KindDefinition, Name } from '@hiclaw/resources';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { findResource, listResources } from '../store/draft.js';
import { notFound } from '../store/errors.js';
import type { ResourceWrite } from '../store/resource-writes.js';
import type { Written } from '../store/store.js';
import type { App } from './app.js';
import { requireBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { parseLabelSelector } from './label-selector.js';
import { decodeContinue, encodeContinue, pagingFields } from './paging.js';
import { CONDITIONAL_HEADERS, entityTag, preconditionOf } from './preconditions.js';
import { present, presentDryRun, type PresentedResource } from './presenter.js';
import { unwrap } from './query.js';
import { patchResource, removeResource, storeResource } from './resource-commits.js';
import { describe } from './route-docs.js';
import { finishWrite, type WriteOptions, WriteQuery } from './write-options.js';

const NameParams = Type.Object({ name: Name }, CLOSED);

const ListQuery = Type.Object(
  {
    ...pagingFields,
    labelSelector: Type.String({
      maxLength: 2048,
      default: '',
      description: 'Such as `team=red,tier!=test,env in (a,b),!old`.',
    }),
  },
  CLOSED,
);

/** Sends what a write made, or would have made. */
async function sendWritten(
  context: ApiContext,
  reply: FastifyReply,
  written: Written<ResourceWrite>,
  options: WriteOptions,
): Promise<PresentedResource> {
  const { resource, created } = written.result;
  await finishWrite(context, reply, written.policyVersion, options);
  reply.status(created ? 201 : 200);
  if (options.dryRun) return presentDryRun(written.result);
  reply.header('etag', entityTag(resource.metadata.resourceVersion));
  return present(context, resource);
}

function registerReads(app: App, context: ApiContext, { kind, collection }: KindDefinition): void {
  app.get(
    `/${collection}`,
    {
      schema: {
        querystring: ListQuery,
        ...describe(collection, `List ${collection}`, { 200: `${kind}List` }, [400]),
      },
    },
    (request) => {
      const { limit, continue: token, labelSelector } = request.query;
      const after = token === undefined ? '' : decodeContinue(token);
      const selects = parseLabelSelector(labelSelector);
      const set = context.store.resources();
      const found = listResources(set, kind)
        .filter(({ metadata }) => metadata.name > after && selects(metadata.labels))
        .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
      const page = found.slice(0, limit);
      const last = found.length > limit ? page.at(-1) : undefined;
      return {
        apiVersion: API_VERSION,
        kind: `${kind}List`,
        metadata: {
          resourceVersion: String(set.policyVersion),
          ...(last === undefined
            ? {}
            : { continue: encodeContinue(last.metadata.name), remainingItemCount: found.length - limit }),
        },
        items: page.map((resource) => present(context, resource)),
      };
    },
  );

  app.get(
    `/${collection}/:name`,
    {
      schema: {
        params: NameParams,
        querystring: Type.Object({}, CLOSED),
        ...describe(collection, `Get one of ${collection}`, { 200: kind }, [400, 404]),
      },
    },
    (request, reply) => {
      const resource = findResource(context.store.resources(), kind, request.params.name);
      if (resource === undefined) throw notFound(kind, request.params.name);
      reply.header('etag', entityTag(resource.metadata.resourceVersion));
      return present(context, resource);
    },
  );
}

function registerWrites(app: App, context: ApiContext, definition: KindDefinition): void {
  const { kind, collection } = definition;
  const body = { $ref: `${kind}Input#` };

  app.post(
    `/${collection}`,
    {
      schema: {
        querystring: WriteQuery,
        body,
        ...describe(collection, `Create one of ${collection}`, { 201: kind }, [400, 409, 413, 415]),
      },
    },
    async (request, reply) => {
      const input = unwrap(decodeResource<Kind>(kind, requireBody(request)));
      const how = { mode: 'create' as const, precondition: preconditionOf(request), options: request.query };
      return sendWritten(context, reply, await storeResource(context, request, input, how), request.query);
    },
  );

  app.put(
    `/${collection}/:name`,
    {
      schema: {
        params: NameParams,
        querystring: WriteQuery,
        headers: CONDITIONAL_HEADERS,
        body,
        ...describe(
          collection,
          `Create or replace one of ${collection}`,
          { 200: kind, 201: kind },
          [400, 412, 413, 415],
        ),
      },
    },
    async (request, reply) => {
      const input = unwrap(decodeResource<Kind>(kind, requireBody(request), request.params.name));
      const how = { mode: 'replace' as const, precondition: preconditionOf(request), options: request.query };
      return sendWritten(context, reply, await storeResource(context, request, input, how), request.query);
    },
  );

  app.patch(
    `/${collection}/:name`,
    {
      schema: {
        params: NameParams,
        querystring: WriteQuery,
        headers: CONDITIONAL_HEADERS,
        body: { $ref: 'MergePatch#' },
        ...describe(
          collection,
          `Change one of ${collection} by JSON merge patch`,
          { 200: kind },
          [400, 404, 412, 413, 415],
        ),
      },
    },
    async (request, reply) => {
      const target = { definition, name: request.params.name, patch: requireBody(request) };
      const how = { precondition: preconditionOf(request), options: request.query };
      return sendWritten(context, reply, await patchResource(context, request, target, how), request.query);
    },
  );

  app.delete(
    `/${collection}/:name`,
    {
      schema: {
        params: NameParams,
        querystring: WriteQuery,
        headers: CONDITIONAL_HEADERS,
        ...describe(collection, `Delete one of ${collection}`, { 204: null }, [400, 404, 409, 412]),
      },
    },
    async (request, reply) => {
      const how = { precondition: preconditionOf(request), options: request.query };
      const { policyVersion } = await removeResource(
        context,
        request,
        { kind, name: request.params.name },
        how,
      );
      await finishWrite(context, reply, policyVersion, request.query);
      return reply.status(204).send();
    },
  );
}

/** List, get, create, replace, patch and delete of one kind. */
export function registerResources(app: App, context: ApiContext, definition: KindDefinition): void {
  registerReads(app, context, definition);
  registerWrites(app, context, definition);
}

import { CLOSED, decodeSchema, fieldPath, GrantModels, Name, record } from '@hiclaw/resources';
import { type Static, Type } from 'typebox';
import { preconditionFailed, notFound } from '../store/errors.js';
import { type AccessEdit, accessVersion, editAccess, unionOfModels } from '../store/grant-writes.js';
import type { Grant, GrantKind } from '../store/resource-set.js';
import { consumerOf } from '../store/token-writes.js';
import type { App } from './app.js';
import { requireBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { CONDITIONAL_HEADERS, entityTag, parseIfMatch } from './preconditions.js';
import { invalid, unwrap } from './query.js';
import { describe } from './route-docs.js';
import { commit, finishWrite, WriteQuery } from './write-options.js';

const MAX_EDITS = 1000;

function edits(description: string) {
  return record<string[] | null>('name', Type.Union([GrantModels, Type.Null()]), {
    maxProperties: MAX_EDITS,
    default: {},
    description,
  });
}

/** A merge patch of one consumer's access: routes that are not named stay as they are, null takes one away. */
const AccessPatch = Type.Object(
  {
    llmRoutes: edits('Models by route; `["*"]`: all models of the route.'),
    mcpServers: edits('`["*"]` by server.'),
    serviceRoutes: edits('`["*"]` by route.'),
  },
  CLOSED,
);

const FIELDS = [
  ['llmRoutes', 'llm-routes'],
  ['mcpServers', 'mcp-servers'],
  ['serviceRoutes', 'service-routes'],
] as const;

const ConsumerParams = Type.Object({ name: Name }, CLOSED);

function isEverything(list: readonly string[]): boolean {
  return list.length === 1 && list[0] === '*';
}

function editsOf(patch: Static<typeof AccessPatch>): readonly AccessEdit[] {
  return FIELDS.flatMap(([field, kind]) =>
    Object.entries(patch[field]).map(([route, list]): AccessEdit => {
      const path = fieldPath(field, route);
      if (list === null) return { kind, route, models: undefined, path };
      if (isEverything(list)) return { kind, route, models: null, path };
      if (kind === 'llm-routes') return { kind, route, models: list, path };
      throw invalid(path, 'must be ["*"] or null: parts of it cannot be granted yet');
    }),
  );
}

/** What the grants of one kind let the consumer reach; routes that do not exist let nobody reach anything. */
function effective(
  context: ApiContext,
  grants: readonly Grant[],
  kind: GrantKind,
): Record<string, readonly string[]> {
  const set = context.store.resources();
  const reachable: [string, readonly string[]][] = [];
  for (const route of new Set(grants.filter((grant) => grant.kind === kind).map((grant) => grant.route))) {
    const models = unionOfModels(grants.filter((grant) => grant.kind === kind && grant.route === route));
    if (kind === 'llm-routes') {
      const existing = set.llmRoutes.get(route);
      if (existing !== undefined) reachable.push([route, models ?? existing.spec.models]);
    } else if ((kind === 'mcp-servers' ? set.mcpServers : set.serviceRoutes).has(route)) {
      reachable.push([route, ['*']]);
    }
  }
  return Object.fromEntries(reachable);
}

function presentAccess(context: ApiContext, name: string, held?: readonly Grant[]): object {
  const set = context.store.resources();
  const consumer = set.consumers.get(name);
  if (consumer === undefined) throw notFound('Consumer', name);
  const grants = held ?? set.grants.get(name) ?? [];
  return {
    consumer: name,
    policyVersion: set.policyVersion,
    revoked: consumer.revoked,
    disabled: consumer.resource.spec.disabled,
    expiresAt: consumer.resource.spec.expiresAt,
    llmRoutes: effective(context, grants, 'llm-routes'),
    mcpServers: effective(context, grants, 'mcp-servers'),
    serviceRoutes: effective(context, grants, 'service-routes'),
    grants: grants.map(({ kind, route, models, source }) => ({
      route: `${kind}/${route}`,
      ...(models === null ? {} : { models }),
      source,
    })),
  };
}

function tagOf(context: ApiContext, name: string): string {
  return entityTag(accessVersion(context.store.resources().grants.get(name) ?? []));
}

/** What one consumer may reach, over all routes. */
export function registerAccess(app: App, context: ApiContext): void {
  app.get(
    '/consumers/:name/access',
    {
      schema: {
        params: ConsumerParams,
        querystring: Type.Object({}, CLOSED),
        ...describe('consumers', 'Show what a consumer may reach', { 200: 'Access' }, [404]),
      },
    },
    (request, reply) => {
      const access = presentAccess(context, request.params.name);
      reply.header('etag', tagOf(context, request.params.name));
      return access;
    },
  );

  app.patch(
    '/consumers/:name/access',
    {
      schema: {
        params: ConsumerParams,
        querystring: WriteQuery,
        headers: CONDITIONAL_HEADERS,
        body: AccessPatch,
        ...describe('consumers', 'Change what a consumer may reach', { 200: 'Access' }, [400, 404, 412]),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const wanted = editsOf(unwrap(decodeSchema(AccessPatch, requireBody(request))));
      const ifMatch = parseIfMatch(request.headers['if-match']);
      const { result, policyVersion } = commit(context, request, request.query, (tx) => {
        consumerOf(tx, name);
        const matches =
          ifMatch === undefined || ifMatch === null || ifMatch.includes(accessVersion(tx.grantsOf(name)));
        if (!matches) throw preconditionFailed('Access of consumer', name);
        const changes = editAccess(tx, name, wanted);
        return {
          result: tx.grantsOf(name),
          audit: { action: 'access.patch', kind: 'Consumer', name, changes },
        };
      });
      await finishWrite(context, reply, policyVersion, request.query);
      if (!request.query.dryRun) reply.header('etag', tagOf(context, name));
      return presentAccess(context, name, result);
    },
  );
}

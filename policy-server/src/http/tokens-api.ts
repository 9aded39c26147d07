import { randomBytes } from 'node:crypto';
import { formatToken, TOKEN_RANDOM_BYTES, tokenDigest } from '@hiclaw/policy-image';
import {
  CLOSED,
  decodeSchema,
  Description,
  formatted,
  formatTimestamp,
  Name,
  parseTimestamp,
} from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import { Type } from 'typebox';
import { notFound } from '../store/errors.js';
import { deleteToken, issueToken, rotateTokens } from '../store/token-writes.js';
import type { NewToken } from '../store/transaction.js';
import type { App } from './app.js';
import { optionalBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { invalid, unwrap } from './query.js';
import { describe } from './route-docs.js';
import { commit, finishWrite, WriteQuery } from './write-options.js';

const MAX_GRACE_SECONDS = 30 * 24 * 3600;

const issueFields = {
  expiresAt: Type.Union([formatted('date-time', { maxLength: 64 }), Type.Null()], {
    default: null,
    description: 'When the token ends; null: never.',
  }),
  description: Type.Optional(Description),
};

/** Body of a request for a token. */
const TokenRequest = Type.Object(issueFields, CLOSED);

/** Body of a rotation. */
const TokenRotation = Type.Object(
  {
    ...issueFields,
    graceSeconds: Type.Integer({
      minimum: 0,
      maximum: MAX_GRACE_SECONDS,
      default: 0,
      description: 'How long the tokens of before still work; 0: they end at once.',
    }),
  },
  CLOSED,
);

const ConsumerParams = Type.Object({ name: Name }, CLOSED);
const TokenParams = Type.Object({ name: Name, id: Type.String({ maxLength: 64 }) }, CLOSED);

interface Issue {
  readonly token: Secret;
  readonly stored: NewToken;
}

function expiryOf(context: ApiContext, expiresAt: string | null): number {
  if (expiresAt === null) return 0;
  const seconds = parseTimestamp(expiresAt).value ?? 0;
  if (seconds * 1000 <= context.clock.nowMs()) throw invalid('expiresAt', 'must be in the future');
  return seconds;
}

/** Makes a token. Only its digest is kept; the token itself is in this answer and nowhere else. */
function makeToken(context: ApiContext, request: { expiresAt: string | null; description?: string }): Issue {
  const token = formatToken(randomBytes(TOKEN_RANDOM_BYTES));
  return {
    token: new Secret(token),
    stored: {
      id: `tok-${randomBytes(8).toString('hex')}`,
      digest: tokenDigest(token),
      description: request.description ?? '',
      createdAt: Math.floor(context.clock.nowMs() / 1000),
      expiresAt: expiryOf(context, request.expiresAt),
    },
  };
}

function moment(unixSeconds: number): string | null {
  return unixSeconds === 0 ? null : formatTimestamp(unixSeconds);
}

function presentIssue(consumer: string, { token, stored }: Issue, dryRun: boolean): object {
  return {
    id: stored.id,
    consumer,
    ...(dryRun ? {} : { token: token.expose() }),
    description: stored.description,
    createdAt: moment(stored.createdAt),
    expiresAt: moment(stored.expiresAt),
  };
}

function registerReads(app: App, context: ApiContext): void {
  app.get(
    '/consumers/:name/tokens',
    {
      schema: {
        params: ConsumerParams,
        querystring: Type.Object({}, CLOSED),
        ...describe('consumers', 'List the tokens of a consumer', { 200: 'TokenList' }, [404]),
      },
    },
    (request) => {
      const { name } = request.params;
      if (!context.store.resources().consumers.has(name)) throw notFound('Consumer', name);
      const now = context.clock.nowMs() / 1000;
      const items = context.store.tokenRows(name).map((row) => ({
        id: row.id,
        consumer: name,
        description: row.description,
        createdAt: moment(row.created_at),
        expiresAt: moment(row.expires_at),
        expired: row.expires_at !== 0 && row.expires_at <= now,
      }));
      return { items };
    },
  );
}

/** Tokens of consumers: list, issue, rotate, delete. */
export function registerTokens(app: App, context: ApiContext): void {
  registerReads(app, context);

  app.post(
    '/consumers/:name/tokens',
    {
      schema: {
        params: ConsumerParams,
        querystring: WriteQuery,
        body: TokenRequest,
        ...describe(
          'consumers',
          'Issue a token, shown in this answer only',
          { 201: 'IssuedToken' },
          [400, 404, 409],
        ),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const issue = makeToken(context, unwrap(decodeSchema(TokenRequest, optionalBody(request))));
      const { policyVersion } = commit(context, request, request.query, (tx) => {
        issueToken(tx, name, issue.stored);
        const changes = [
          { path: 'tokens', after: { id: issue.stored.id, expiresAt: moment(issue.stored.expiresAt) } },
        ];
        return { result: null, audit: { action: 'token.issue', kind: 'Consumer', name, changes } };
      });
      await finishWrite(context, reply, policyVersion, request.query);
      reply.status(201);
      return presentIssue(name, issue, request.query.dryRun);
    },
  );

  app.post(
    '/consumers/:name/tokens/rotate',
    {
      schema: {
        params: ConsumerParams,
        querystring: WriteQuery,
        body: TokenRotation,
        ...describe('consumers', 'Issue a token and end the others', { 201: 'RotatedToken' }, [400, 404]),
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { graceSeconds, ...wanted } = unwrap(decodeSchema(TokenRotation, optionalBody(request)));
      const issue = makeToken(context, wanted);
      const { result, policyVersion } = commit(context, request, request.query, (tx) => {
        const ending = rotateTokens(tx, name, issue.stored, graceSeconds);
        const changes = [{ path: 'tokens', after: { id: issue.stored.id, graceSeconds } }];
        return { result: ending, audit: { action: 'token.rotate', kind: 'Consumer', name, changes } };
      });
      await finishWrite(context, reply, policyVersion, request.query);
      reply.status(201);
      const ending = result.map(({ id, expiresAt }) => ({ id, expiresAt: moment(expiresAt) }));
      return { ...presentIssue(name, issue, request.query.dryRun), ending };
    },
  );

  app.delete(
    '/consumers/:name/tokens/:id',
    {
      schema: {
        params: TokenParams,
        querystring: WriteQuery,
        ...describe('consumers', 'End one token for good', { 204: null }, [400, 404]),
      },
    },
    async (request, reply) => {
      const { name, id } = request.params;
      const { policyVersion } = commit(context, request, request.query, (tx) => {
        deleteToken(tx, name, id);
        return {
          result: null,
          audit: {
            action: 'token.delete',
            kind: 'Consumer',
            name,
            changes: [{ path: 'tokens', before: { id } }],
          },
        };
      });
      await finishWrite(context, reply, policyVersion, request.query);
      return reply.status(204).send();
    },
  );
}

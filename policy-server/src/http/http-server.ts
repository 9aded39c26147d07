import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { ALL_KINDS, decodeSchema } from '@hiclaw/resources';
import { type FastifyReply, type FastifyRequest, fastify, type FastifyError } from 'fastify';
import type { TSchema } from 'typebox';
import { registerAccess } from './access-api.js';
import type { App } from './app.js';
import { registerAudit } from './audit-api.js';
import { MAX_BODY_BYTES, registerBodyParsers } from './bodies.js';
import type { ApiContext } from './context.js';
import { registerGateways } from './gateways-api.js';
import { registerGrants } from './grants-api.js';
import { registerHealth } from './health-api.js';
import { MethodTable } from './methods.js';
import { registerMetrics } from './metrics-api.js';
import { registerOpenApi } from './openapi.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';
import { decodeQuery, unwrap } from './query.js';
import { registerProviderTest } from './providers-api.js';
import { registerResources } from './resources-api.js';
import { registerRevocation } from './revocation-api.js';
import { registerAuthentication, registerSecurityHooks, setSecurityHeaders } from './security.js';
import { registerTokens } from './tokens-api.js';
import { registerLimits } from './limits-api.js';
import { registerUsage } from './usage-api.js';
import { registerVault } from './vault-api.js';

const REQUEST_TIMEOUT_MS = 90_000;
const HEADERS_TIMEOUT_MS = 15_000;
const MAX_HEADER_BYTES = 16_384;

function sendProblem(
  context: ApiContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const problem = problemOf(error);
  if (problem.status >= 500) context.log.error({ err: error, requestId: request.id }, 'request failed');
  if (problem.status === 401) {
    const invalid = problem.code === 'ADMIN_TOKEN_MISSING' ? '' : ', error="invalid_token"';
    reply.header('www-authenticate', `Bearer realm="hiclaw"${invalid}`);
  }
  if (problem.status === 503) reply.header('retry-after', '1');
  void reply
    .status(problem.status)
    .header('content-type', PROBLEM_TYPE)
    .send({ ...problem, requestId: request.id });
}

/** What Node's parser refuses never becomes a request: it is answered on the bare connection. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const [status, title, code] = tooLarge
    ? [431, 'Request Header Fields Too Large', 'HEADERS_TOO_LARGE']
    : [400, 'Bad Request', 'REQUEST_MALFORMED'];
  const detail = tooLarge ? 'The request headers are too large.' : 'This is not a valid HTTP request.';
  const body = JSON.stringify({ type: 'about:blank', title, status, code, detail });
  socket.end(
    `HTTP/1.1 ${String(status)} ${title}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function registerObservation(app: App, context: ApiContext): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const seconds = reply.elapsedTime / 1000;
    context.metrics.countRequest(request.method, route, reply.statusCode, seconds);
    // The route's pattern, not the URL: a query may hold anything.
    const facts = { method: request.method, route, status: reply.statusCode, seconds, requestId: request.id };
    context.log.debug(facts, 'request answered');
    done();
  });
}

/** The API behind authentication, under `/api/v1`. */
function registerApi(app: App, context: ApiContext, methods: MethodTable): void {
  registerAuthentication(app, context.adminTokens);
  methods.registerNotFound(app);
  for (const definition of ALL_KINDS) {
    registerResources(app, context, definition);
    registerGrants(app, context, definition);
  }
  registerProviderTest(app, context);
  registerTokens(app, context);
  registerAccess(app, context);
  registerRevocation(app, context);
  registerGateways(app, context);
  registerAudit(app, context);
  registerUsage(app, context);
  registerLimits(app, context);
  registerVault(app, context);
}

/** Queries and path parameters are decoded here; bodies by the handlers, which know more about them. */
function compileValidator({ schema, httpPart }: { schema: unknown; httpPart?: string }) {
  if (httpPart === 'querystring')
    return (value: unknown) => ({ value: decodeQuery(schema as TSchema, value) });
  if (httpPart === 'params')
    return (value: unknown) => ({ value: unwrap(decodeSchema(schema as TSchema, value)) });
  return (value: unknown) => ({ value });
}

/** Builds the web server; it does not listen yet. */
export async function buildHttpServer(context: ApiContext): Promise<App> {
  const app = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 256 },
    http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error: FastifyError, request, reply) => {
      // No hook runs for what no route could take.
      setSecurityHeaders(request, reply);
      sendProblem(context, error, request, reply);
    },
  }).withTypeProvider() as unknown as App;
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => sendProblem(context, error, request, reply));
  const methods = new MethodTable();
  methods.observe(app);
  registerSecurityHooks(app, context.bind);
  registerObservation(app, context);
  registerBodyParsers(app);
  methods.registerNotFound(app);
  await registerOpenApi(app, context.version);
  registerHealth(app, context);
  registerMetrics(app, context);
  await app.register(
    (api) => {
      registerApi(api, context, methods);
      return Promise.resolve();
    },
    { prefix: '/api/v1' },
  );
  return app;
}

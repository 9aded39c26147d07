import { parseHostPort } from '@hiclaw/resources';
import { GatewayError } from '@hiclaw/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admin, AdminTokens } from './admin-tokens.js';

const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=()'],
];
const API_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Refuses requests for other names when listening on loopback: a web page may point a name of its own at 127.0.0.1
 * (DNS rebinding), but it cannot choose the Host header.
 */
function checkHost(bind: string, request: FastifyRequest): void {
  const own = parseHostPort(bind.includes(':') ? `[${bind}]` : bind).value?.host;
  if (own === undefined || !isLoopback(own)) return;
  const asked = parseHostPort(request.headers.host ?? '').value?.host;
  if (asked !== undefined && isLoopback(asked)) return;
  throw new GatewayError(
    'HOST_NOT_ALLOWED',
    'The API listens on loopback only; ask for localhost or 127.0.0.1.',
  );
}

/** Headers of every answer. */
export function setSecurityHeaders(request: FastifyRequest, reply: FastifyReply): void {
  for (const [name, value] of HEADERS) reply.header(name, value);
  reply.header('cache-control', 'no-store');
  reply.header('x-request-id', request.id);
}

export function registerSecurityHooks(app: FastifyInstance, bind: string): void {
  app.addHook('onRequest', (request, reply, done) => {
    setSecurityHeaders(request, reply);
    checkHost(bind, request);
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('content-security-policy')) {
      reply.header('content-security-policy', API_CONTENT_POLICY);
    }
    done(null, payload);
  });
}

const admins = new WeakMap<FastifyRequest, Admin>();

/** Who makes the request. Only for routes behind `registerAuthentication`. */
export function adminOf(request: FastifyRequest): Admin {
  const admin = admins.get(request);
  if (admin === undefined) throw new Error('a route answers without authentication');
  return admin;
}

/** Lets only bearers of an admin token through, before any byte of the body is read. */
export function registerAuthentication(app: FastifyInstance, tokens: AdminTokens): void {
  app.addHook('onRequest', async (request) => {
    const header = request.headers.authorization ?? '';
    const token = /^bearer +([\x21-\x7e]+)$/i.exec(header)?.[1];
    if (token === undefined) {
      throw new GatewayError(
        'ADMIN_TOKEN_MISSING',
        'Send "Authorization: Bearer <admin token>"; it is in the file admin-token of HICLAW_HOME.',
      );
    }
    admins.set(request, await tokens.verify(token));
  });
}

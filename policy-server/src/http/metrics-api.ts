import { timingSafeEqual } from 'node:crypto';
import { GatewayError, type Secret } from '@hiclaw/service-kit';
import type { FastifyRequest } from 'fastify';
import { scrapeGateways } from '../gateway-metrics/scrape.js';
import type { App } from './app.js';
import type { ApiContext } from './context.js';
import { describe } from './route-docs.js';

const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const HEX = /^[0-9a-f]+$/;

function isScrapeToken(presented: string, scrapeToken: Secret<Uint8Array>): boolean {
  const expected = scrapeToken.expose();
  if (presented.length !== expected.length * 2 || !HEX.test(presented)) return false;
  return timingSafeEqual(Buffer.from(presented, 'hex'), expected);
}

/** Metrics that name routes and providers, and what is spent there: not for everyone who reaches the port. */
export function registerMetrics(app: App, context: ApiContext): void {
  const authenticate = async (request: FastifyRequest): Promise<void> => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      throw new GatewayError(
        'ADMIN_TOKEN_MISSING',
        'Send "Authorization: Bearer <token>"; the token for metrics is in the file keys/metrics-token of HICLAW_HOME.',
      );
    }
    if (!isScrapeToken(token, context.scrapeToken)) await context.adminTokens.verify(token);
  };
  const page = (path: string, summary: string, render: () => Promise<string>): void => {
    const documented = describe('operation', summary, {}, [503]);
    const metrics = { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } };
    app.get(
      path,
      {
        onRequest: authenticate,
        schema: {
          ...documented,
          security: [{ metricsToken: [] }, { adminToken: [] }],
          response: { ...documented.response, 200: metrics },
        },
      },
      async (_request, reply) => {
        reply.header('content-type', context.metrics.contentType);
        return render();
      },
    );
  };
  page('/metrics/usage', 'Metrics of usage for Prometheus', () => context.metrics.renderUsage());
  page('/metrics/gateways', 'Metrics of the gateways for Prometheus', () =>
    scrapeGateways(
      context.gateways
        .list()
        .filter(({ connected }) => connected)
        .map(({ id }) => ({ id, adminSocket: context.adminSocketOf(id) })),
    ),
  );
}

import { CLOSED } from '@hiclaw/resources';
import { Type } from 'typebox';
import type { App } from './app.js';
import type { ApiContext } from './context.js';
import { describe } from './route-docs.js';

const Nothing = Type.Object({}, CLOSED);

/** Health and metrics of the process, open to everyone who reaches the port: they tell nothing but numbers. */
export function registerHealth(app: App, context: ApiContext): void {
  const answer = (): object => ({
    status: 'ok',
    version: context.version,
    policyVersion: context.store.resources().policyVersion,
  });
  app.get(
    '/healthz',
    {
      schema: {
        querystring: Nothing,
        security: [],
        ...describe('operation', 'Whether the process works', { 200: 'Health' }, []),
      },
    },
    answer,
  );
  app.get(
    '/readyz',
    {
      schema: {
        querystring: Nothing,
        security: [],
        ...describe('operation', 'Whether requests can be served', { 200: 'Health' }, [503]),
      },
    },
    () => {
      context.store.ping();
      return answer();
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        security: [],
        tags: ['operation'],
        summary: 'Metrics for Prometheus',
        operationId: 'metrics',
        response: {
          200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    async (_request, reply) => {
      reply.header('content-type', context.metrics.contentType);
      return context.metrics.render();
    },
  );
}

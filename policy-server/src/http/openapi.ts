import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { ALL_KINDS } from '@hiclaw/resources';
import type { App } from './app.js';
import { COMPONENTS } from './schemas.js';

const INTRODUCTION = `Who may call what through the gateway.

Every error is \`application/problem+json\`. Every write takes \`dryRun\`, \`wait\` and \`timeout\`, honours \`If-Match\` with the
ETag of the last read, and answers the new policy version in \`x-hiclaw-policy-version\`; with \`wait=applied\` also
\`x-hiclaw-applied\` and, when not all replicas confirmed in time, their ids in \`x-hiclaw-pending\`.`;

/** The page brings everything along and speaks to this server only; no `upgrade-insecure-requests`: loopback has no TLS. */
const PAGE_CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TAGS = [
  ...ALL_KINDS.map(({ collection, kind }) => ({
    name: collection,
    description: `Resources of kind ${kind}.`,
  })),
  { name: 'gateways', description: 'What runs the policy.' },
  { name: 'usage', description: 'What LLM calls used and cost.' },
  { name: 'audit', description: 'Who changed what, and when.' },
  { name: 'vault', description: 'Encryption of credentials at rest.' },
  { name: 'operation', description: 'Health and metrics.' },
];

/** The API document at `/openapi.json` and a page to read it at `/docs`. Register before the routes it describes. */
export async function registerOpenApi(app: App, version: string): Promise<void> {
  for (const [name, schema] of Object.entries(COMPONENTS)) app.addSchema({ ...schema, $id: name });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'HiClaw policy server',
        version,
        description: INTRODUCTION,
        license: { name: 'Apache-2.0' },
      },
      tags: TAGS,
      components: {
        securitySchemes: {
          metricsToken: {
            type: 'http',
            scheme: 'bearer',
            description:
              'The token in the file keys/metrics-token of HICLAW_HOME; it opens metrics and nothing else.',
          },
          adminToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'The admin token in the file admin-token of HICLAW_HOME.',
          },
        },
      },
      security: [{ adminToken: [] }],
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `def-${index}`,
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    transformStaticCSP: () => PAGE_CONTENT_POLICY,
    uiConfig: {
      validatorUrl: null,
      docExpansion: 'list',
      persistAuthorization: false,
      tryItOutEnabled: false,
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

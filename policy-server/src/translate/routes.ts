import { type KeyAuthRoute, matchModelPattern } from '@hiclaw/policy-image';
import type { LlmRoute, McpServer, Provider, ServiceRoute } from '@hiclaw/resources';
import type { GatewayRoute, Upstream } from './state.js';
import type { AcceptedUpstream } from './upstreams.js';

/** A route that is served, for the gateway and for key-auth. */
export interface AcceptedRoute {
  readonly route: GatewayRoute;
  readonly access: KeyAuthRoute;
}

export function translateLlmRoute(
  resource: LlmRoute,
  provider: Provider,
  at: AcceptedUpstream,
): AcceptedRoute {
  const { path, models } = resource.spec;
  const key = `llm-routes/${resource.metadata.name}`;
  return {
    route: {
      key,
      kind: 'llm',
      upstream: at.upstream.key,
      hostHeader: hostHeader(at.upstream),
      rewrites: [{ match: 'prefix', from: `${path}/`, to: `${at.path}/` }],
    },
    access: {
      kind: 'llm',
      key,
      path,
      models: sorted(models),
      catalogue: sorted([
        ...models.filter((model) => !model.includes('*')),
        ...provider.spec.models.filter((model) =>
          models.some((pattern) => matchModelPattern(pattern, model)),
        ),
      ]),
    },
  };
}

export function translateMcpServer(resource: McpServer, at: AcceptedUpstream): AcceptedRoute {
  const { name } = resource.metadata;
  const key = `mcp-servers/${name}`;
  const endpoint = resource.spec.transport === 'sse' ? 'sse' : 'mcp';
  return {
    route: {
      key,
      kind: 'mcp',
      upstream: key,
      hostHeader: hostHeader(at.upstream),
      rewrites: [
        { match: 'exact', from: `/mcp-servers/${name}/${endpoint}`, to: at.path === '' ? '/' : at.path },
      ],
    },
    access: { kind: 'mcp', key },
  };
}

export function translateServiceRoute(resource: ServiceRoute, at: AcceptedUpstream): AcceptedRoute {
  const { name } = resource.metadata;
  const key = `service-routes/${name}`;
  const from = `/services/${name}`;
  return {
    route: {
      key,
      kind: 'service',
      upstream: key,
      hostHeader: hostHeader(at.upstream),
      rewrites: [
        { match: 'exact', from, to: `${at.path}/` },
        { match: 'prefix', from: `${from}/`, to: `${at.path}/` },
      ],
    },
    access: {
      kind: 'service',
      key,
      rules: resource.spec.allow.map((rule) => ({
        methods: [...new Set(rule.methods)].sort(),
        paths: sorted(rule.paths),
      })),
    },
  };
}

/** As a client at that URL would send it. */
function hostHeader({ host, port, secure }: Upstream): string {
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

import type { KeyAuthRoute } from '@hiclaw/policy-image';
import type { McpServer, ServiceRoute } from '@hiclaw/resources';
import type { RouteVariant } from './llm-routes.js';
import type { GatewayRoute, Pool } from './state.js';
import { type AcceptedUpstream, hostHeader } from './upstreams.js';

/** A route that is served, for the gateway and for key-auth. */
export interface AcceptedRoute {
  readonly route: GatewayRoute;
  readonly access: KeyAuthRoute;
  /** Its targets, when they have a cluster of their own. */
  readonly pool: Pool | null;
  /** The route with only these of its targets, one bit each by index; absent without a pool. */
  readonly variant?: (reachable: number) => RouteVariant;
}

export function translateMcpServer(resource: McpServer, at: AcceptedUpstream): AcceptedRoute {
  const { name } = resource.metadata;
  const key = `mcp-servers/${name}`;
  const endpoint = resource.spec.transport === 'sse' ? 'sse' : 'mcp';
  return {
    route: {
      key,
      variant: key,
      kind: 'mcp',
      upstream: key,
      attempts: null,
      hostHeader: hostHeader(at.upstream),
      rewrites: [
        { match: 'exact', from: `/mcp-servers/${name}/${endpoint}`, to: at.path === '' ? '/' : at.path },
      ],
    },
    access: { kind: 'mcp', key },
    pool: null,
  };
}

export function translateServiceRoute(resource: ServiceRoute, at: AcceptedUpstream): AcceptedRoute {
  const { name } = resource.metadata;
  const key = `service-routes/${name}`;
  const from = `/services/${name}`;
  return {
    route: {
      key,
      variant: key,
      kind: 'service',
      upstream: key,
      attempts: null,
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
    pool: null,
  };
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}

import { randomUUID } from 'node:crypto';
import type { KeyAuthConsumer, KeyAuthPolicy, KeyAuthRoute } from '@hiclaw/policy-image';
import type { Grant, GrantKind, ResourceSet, StoredConsumer, Token } from '@hiclaw/policy-server';
import {
  API_VERSION,
  type Kind,
  type LlmRoute,
  type McpServer,
  type Provider,
  type Resource,
  type ServiceRoute,
  type SpecByKind,
} from '@hiclaw/resources';

/**
 * The resources that would be translated into this policy, with every route leading to one echo service below the path
 * `/via/<route key>`, so that a policy of the vectors goes all the way from resources to a decision in Envoy.
 *
 * @param time vectors happen at a time of their own; what has not expired `from` then does not expire in the minute
 *   after `to` either. Unix seconds.
 */
export function resourcesOf(
  policy: KeyAuthPolicy,
  upstream: string,
  time: { from: number; to: number },
): ResourceSet {
  const routes = policy.routes;
  const consumers = policy.consumers;
  const shifted = (seconds: number): number => {
    if (seconds === 0) return 0;
    return seconds + time.to - time.from + (seconds > time.from ? 60 : 0);
  };
  return {
    policyVersion: Number(policy.policyVersion),
    credentials: new Map(),
    providers: byName(routes, (route, name) =>
      route.kind === 'llm' ? providerOf(route, name, upstream) : null,
    ),
    llmRoutes: byName(routes, (route, name) => (route.kind === 'llm' ? llmRouteOf(route, name) : null)),
    mcpServers: byName(routes, (route, name) =>
      route.kind === 'mcp' ? mcpServerOf(route, name, upstream) : null,
    ),
    serviceRoutes: byName(routes, (route, name) =>
      route.kind === 'service' ? serviceRouteOf(route, name, upstream) : null,
    ),
    consumers: new Map(consumers.map((consumer) => [consumer.name, consumerOf(consumer, shifted)])),
    grants: new Map(consumers.map((consumer) => [consumer.name, grantsOf(consumer)])),
    tokens: new Map(consumers.map((consumer) => [consumer.name, tokensOf(consumer, shifted)])),
  };
}

function byName<T>(
  routes: readonly KeyAuthRoute[],
  make: (route: KeyAuthRoute, name: string) => T | null,
): Map<string, T> {
  const made = new Map<string, T>();
  for (const route of routes) {
    const name = nameOf(route.key);
    const resource = make(route, name);
    if (resource !== null) made.set(name, resource);
  }
  return made;
}

function nameOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function resource<K extends Kind>(kind: K, name: string, spec: SpecByKind[K]): Resource<K> {
  const metadata = {
    name,
    labels: {},
    annotations: {},
    uid: randomUUID(),
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return { apiVersion: API_VERSION, kind, metadata, spec };
}

function providerOf(route: Extract<KeyAuthRoute, { kind: 'llm' }>, name: string, upstream: string): Provider {
  return resource('Provider', name, {
    protocol: 'openai',
    baseUrl: `${upstream}/via/${route.key}`,
    models: [...route.catalogue],
    includeUsage: true,
    prices: [],
  });
}

function llmRouteOf(route: Extract<KeyAuthRoute, { kind: 'llm' }>, name: string): LlmRoute {
  const targets = [{ provider: name, priority: 0, weight: 1 }];
  return resource('LlmRoute', name, {
    path: route.path,
    models: [...route.models],
    targets,
    ...(route.sharesResponses === true && { storedResponses: 'shared' as const }),
  });
}

function mcpServerOf(route: KeyAuthRoute, name: string, upstream: string): McpServer {
  return resource('McpServer', name, { url: `${upstream}/via/${route.key}`, transport: 'http' });
}

function serviceRouteOf(
  route: Extract<KeyAuthRoute, { kind: 'service' }>,
  name: string,
  upstream: string,
): ServiceRoute {
  const allow = route.rules.map(({ methods, paths }) => ({ methods: [...methods], paths: [...paths] }));
  return resource('ServiceRoute', name, { baseUrl: `${upstream}/via/${route.key}`, allow });
}

function consumerOf(consumer: KeyAuthConsumer, shifted: (seconds: number) => number): StoredConsumer {
  const expiresAt =
    consumer.expiresAt === 0 ? null : new Date(shifted(consumer.expiresAt) * 1000).toISOString();
  const spec = { disabled: consumer.disabled, expiresAt, credentials: {} };
  return { resource: resource('Consumer', consumer.name, spec), revoked: consumer.revoked };
}

function grantsOf(consumer: KeyAuthConsumer): Grant[] {
  return consumer.grants.map(({ route, models }) => ({
    kind: route.slice(0, route.indexOf('/')) as GrantKind,
    route: nameOf(route),
    consumer: consumer.name,
    models,
    source: 'admin',
  }));
}

function tokensOf(consumer: KeyAuthConsumer, shifted: (seconds: number) => number): Token[] {
  return consumer.tokens.map(({ digest, expiresAt }, index) => ({
    id: `${consumer.name}-${index}`,
    consumer: consumer.name,
    digest,
    expiresAt: shifted(expiresAt),
  }));
}

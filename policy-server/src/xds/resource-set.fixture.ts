import { createHash } from 'node:crypto';
import type {
  Consumer,
  Credential,
  Kind,
  LlmRoute,
  McpServer,
  Provider,
  Resource,
  ServiceRoute,
  SpecByKind,
} from '@hiclaw/resources';
import type {
  Grant,
  GrantKind,
  ResourceSet,
  StoredConsumer,
  StoredCredential,
  Token,
} from '../store/resource-set.js';

/** A resource as the store holds it, with what tests do not look at filled in. */
export function resource<K extends Kind>(kind: K, name: string, spec: SpecByKind[K]): Resource<K> {
  const metadata = {
    name,
    labels: {},
    annotations: {},
    uid: `uid-${name}`,
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
  };
  return { apiVersion: 'hiclaw.io/v1beta1', kind, metadata, spec };
}

/** The digest of a token that nobody knows. */
export function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** A ResourceSet under construction; each `set()` is an immutable copy. */
export class ResourceSetBuilder {
  #policyVersion = 0;
  readonly credentials = new Map<string, StoredCredential>();
  readonly providers = new Map<string, Provider>();
  readonly llmRoutes = new Map<string, LlmRoute>();
  readonly mcpServers = new Map<string, McpServer>();
  readonly serviceRoutes = new Map<string, ServiceRoute>();
  readonly consumers = new Map<string, StoredConsumer>();
  readonly grants = new Map<string, readonly Grant[]>();
  readonly tokens = new Map<string, readonly Token[]>();

  credential(name: string, hosts: string[], spec: Partial<Credential['spec']> = {}, valueVersion = 1): this {
    const full = {
      in: 'header',
      header: 'Authorization',
      prefix: 'Bearer ',
      ...spec,
      hosts,
    } as Credential['spec'];
    this.credentials.set(name, { resource: resource('Credential', name, full), valueVersion });
    return this;
  }

  provider(name: string, baseUrl: string, spec: Partial<Provider['spec']> = {}): this {
    const full: Provider['spec'] = {
      protocol: 'openai',
      models: [],
      includeUsage: true,
      prices: [],
      ...spec,
      baseUrl,
    };
    this.providers.set(name, resource('Provider', name, full));
    return this;
  }

  llmRoute(name: string, provider: string, models: string[], path = '/v1'): this {
    const targets = [{ provider, priority: 0, weight: 1 }];
    this.llmRoutes.set(name, resource('LlmRoute', name, { path, models, targets }));
    return this;
  }

  mcpServer(name: string, url: string, spec: Partial<McpServer['spec']> = {}): this {
    this.mcpServers.set(name, resource('McpServer', name, { transport: 'http', ...spec, url }));
    return this;
  }

  serviceRoute(name: string, baseUrl: string, spec: Partial<ServiceRoute['spec']> = {}): this {
    const allow: ServiceRoute['spec']['allow'] = [{ methods: ['GET'], paths: ['/**'] }];
    const full: ServiceRoute['spec'] = { allow, ...spec, baseUrl };
    this.serviceRoutes.set(name, resource('ServiceRoute', name, full));
    return this;
  }

  /** With one token, whose text is `token of <name>`. */
  consumer(name: string, spec: Partial<Consumer['spec']> = {}, revoked = false): this {
    const full: Consumer['spec'] = { disabled: false, expiresAt: null, credentials: {}, ...spec };
    this.consumers.set(name, { resource: resource('Consumer', name, full), revoked });
    const token = { id: `t-${name}`, consumer: name, digest: digestOf(`token of ${name}`), expiresAt: 0 };
    return this.withTokens(name, [token]);
  }

  withTokens(name: string, tokens: readonly Token[]): this {
    this.tokens.set(name, tokens);
    return this;
  }

  grant(consumer: string, kind: GrantKind, route: string, models: string[] | null = null): this {
    const grants = this.grants.get(consumer) ?? [];
    this.grants.set(consumer, [...grants, { kind, route, consumer, models, source: 'admin' }]);
    return this;
  }

  set(): ResourceSet {
    this.#policyVersion++;
    return {
      policyVersion: this.#policyVersion,
      credentials: new Map(this.credentials),
      providers: new Map(this.providers),
      llmRoutes: new Map(this.llmRoutes),
      mcpServers: new Map(this.mcpServers),
      serviceRoutes: new Map(this.serviceRoutes),
      consumers: new Map(this.consumers),
      grants: new Map(this.grants),
      tokens: new Map(this.tokens),
    };
  }
}

import type { ConsumerSpec } from './consumer.js';
import type { CredentialSpec } from './credential.js';
import type { API_VERSION, Metadata } from './metadata.js';
import type { LlmRouteSpec } from './llm-route.js';
import type { McpServerSpec } from './mcp-server.js';
import type { ProviderSpec } from './provider.js';
import type { ServiceRouteSpec } from './service-route.js';

/** The stored spec of each kind. Grants and secret values are kept apart from it. */
export interface SpecByKind {
  readonly Credential: CredentialSpec;
  readonly Provider: ProviderSpec;
  readonly LlmRoute: LlmRouteSpec;
  readonly McpServer: McpServerSpec;
  readonly ServiceRoute: ServiceRouteSpec;
  readonly Consumer: ConsumerSpec;
}

export type Kind = keyof SpecByKind;

/** A resource as it is stored. */
export interface Resource<K extends Kind = Kind> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: K;
  readonly metadata: Metadata;
  readonly spec: SpecByKind[K];
}

export type Credential = Resource<'Credential'>;
export type Provider = Resource<'Provider'>;
export type LlmRoute = Resource<'LlmRoute'>;
export type McpServer = Resource<'McpServer'>;
export type ServiceRoute = Resource<'ServiceRoute'>;
export type Consumer = Resource<'Consumer'>;

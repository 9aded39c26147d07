import type { TObject } from 'typebox';
import { ConsumerSpec } from './consumer.js';
import { CredentialSpec, CredentialSpecInput } from './credential.js';
import { LlmRouteSpec, LlmRouteSpecInput } from './llm-route.js';
import { McpServerSpec, McpServerSpecInput } from './mcp-server.js';
import { ProviderSpec, ProviderSpecInput } from './provider.js';
import type { Kind } from './resource.js';
import { ServiceRouteSpec, ServiceRouteSpecInput } from './service-route.js';

export const COLLECTIONS = [
  'credentials',
  'providers',
  'llm-routes',
  'mcp-servers',
  'service-routes',
  'consumers',
] as const;
export type Collection = (typeof COLLECTIONS)[number];

/** A kind, where it lives in the API, and its schemas. */
export interface KindDefinition<K extends Kind = Kind> {
  readonly kind: K;
  readonly collection: Collection;
  /** What is stored. */
  readonly spec: TObject;
  /** What a client sends. */
  readonly specInput: TObject;
  /** Whether consumers are granted it. */
  readonly granted: boolean;
}

/** Every kind, in the order in which they can be created without a dangling reference. */
export const KINDS: { readonly [K in Kind]: KindDefinition<K> } = {
  Credential: {
    kind: 'Credential',
    collection: 'credentials',
    spec: CredentialSpec,
    specInput: CredentialSpecInput,
    granted: false,
  },
  Provider: {
    kind: 'Provider',
    collection: 'providers',
    spec: ProviderSpec,
    specInput: ProviderSpecInput,
    granted: false,
  },
  LlmRoute: {
    kind: 'LlmRoute',
    collection: 'llm-routes',
    spec: LlmRouteSpec,
    specInput: LlmRouteSpecInput,
    granted: true,
  },
  McpServer: {
    kind: 'McpServer',
    collection: 'mcp-servers',
    spec: McpServerSpec,
    specInput: McpServerSpecInput,
    granted: true,
  },
  ServiceRoute: {
    kind: 'ServiceRoute',
    collection: 'service-routes',
    spec: ServiceRouteSpec,
    specInput: ServiceRouteSpecInput,
    granted: true,
  },
  Consumer: {
    kind: 'Consumer',
    collection: 'consumers',
    spec: ConsumerSpec,
    specInput: ConsumerSpec,
    granted: false,
  },
};

export const ALL_KINDS: readonly KindDefinition[] = Object.values(KINDS);

/** The kind whose resources live in this collection. */
export function kindOf(collection: Collection): KindDefinition {
  const found = ALL_KINDS.find((definition) => definition.collection === collection);
  if (found === undefined) throw new RangeError(`no kind has the collection ${collection}`);
  return found;
}

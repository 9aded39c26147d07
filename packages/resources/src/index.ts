export {
  type AllowedConsumer,
  GrantModels,
  LlmAllowedConsumers,
  LlmGrant,
  PlainAllowedConsumers,
  PlainGrant,
} from './allowed-consumers.js';
export { ConsumerSpec } from './consumer.js';
export {
  type CredentialPlacement,
  credentialPlacement,
  CredentialSpec,
  CredentialSpecInput,
  withoutCredentialDefaults,
} from './credential.js';
export { decodeResource, RESOURCE_INPUTS, type ResourceInput } from './decode-resource.js';
export { decodeSchema, REFUSED_FIELDS } from './decode-schema.js';
export { parseDuration, parseTimeout } from './duration.js';
export { type Decoded, type FieldError, FieldErrors, fieldPath } from './field-errors.js';
export { isName } from './formats.js';
export { hostListAdmits, formatHostPort, type HostPort, parseHostPort, type Parsed } from './host.js';
export { ALL_KINDS, type Collection, COLLECTIONS, type KindDefinition, kindOf, KINDS } from './kinds.js';
export { limitCaps } from './limits.js';
export { mergePatch } from './merge-patch.js';
export { API_VERSION, Metadata, MetadataInput } from './metadata.js';
export type {
  Consumer,
  Credential,
  Kind,
  LlmRoute,
  McpServer,
  Provider,
  Resource,
  ServiceRoute,
  SpecByKind,
} from './resource.js';
export { CLOSED, Description, formatted, Name, record, words } from './schema-parts.js';
export { suggest } from './suggestion.js';
export { formatTimestamp, parseTimestamp } from './timestamp.js';
export {
  DEFAULT_FIRST_BYTE_MS,
  DEFAULT_RETRY_STATUSES,
  DEFAULT_SILENCE_MS,
  LlmRouteSpec,
  LlmRouteSpecInput,
} from './llm-route.js';
export { McpServerSpec, McpServerSpecInput } from './mcp-server.js';
export { nextPriceChange, Price, priceOf, type PriceRow, pricesAt, type TokenPrice } from './prices.js';
export { findPreset, PRESETS } from './presets/index.js';
export {
  placementText,
  type PresetEndpoint,
  type PresetPlacement,
  type ProviderPreset,
} from './presets/preset.js';
export { presetBaseUrl, sameBaseUrl } from './presets/resolve.js';
export { ProviderSpec, ProviderSpecInput, withoutProviderDefaults } from './provider.js';
export type { OAuth2Secrets, OAuth2Spec } from './oauth2.js';
export type { Protocol } from './protocol.js';
export { ServiceRouteSpec, ServiceRouteSpecInput } from './service-route.js';
export { parseUpstreamUrl, type UpstreamUrl } from './upstream-url.js';
export { microUsd, parseUsd } from './usd.js';

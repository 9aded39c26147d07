import { type TObject, Type } from 'typebox';
import { type AllowedConsumer, completeAllowedConsumers } from './allowed-consumers.js';
import { completeCredential, type CredentialSpecInput } from './credential.js';
import { decodeSchema } from './decode-schema.js';
import { type Decoded, FieldErrors } from './field-errors.js';
import { type KindDefinition, KINDS } from './kinds.js';
import { completeLimits } from './limits.js';
import { API_VERSION, MetadataInput } from './metadata.js';
import type { Kind, SpecByKind } from './resource.js';
import type { OAuth2Secrets } from './oauth2.js';
import { CLOSED } from './schema-parts.js';
import { checkLlmRoute, type LlmRouteSpecInput } from './llm-route.js';
import { completeProvider, type ProviderSpecInput } from './provider.js';

/** A resource as a client sent it, checked and complete. */
export interface ResourceInput<K extends Kind = Kind> {
  readonly kind: K;
  readonly metadata: MetadataInput;
  readonly spec: SpecByKind[K];
  /** The secret of a Credential, when the client sent one. */
  readonly value?: string;
  /** Secrets of a Credential with OAuth 2, as far as the client sent them. */
  readonly oauth2Secrets?: OAuth2Secrets;
  /** All grants on a route, when the client sent them; sorted by name. */
  readonly allowedConsumers?: readonly AllowedConsumer[];
}

function envelope(definition: KindDefinition): TObject {
  return Type.Object(
    {
      apiVersion: Type.Literal(API_VERSION, { default: API_VERSION }),
      kind: Type.Literal(definition.kind, { default: definition.kind }),
      metadata: MetadataInput,
      spec: definition.kind === 'Consumer' ? { ...definition.specInput, default: {} } : definition.specInput,
      status: Type.Optional(Type.Unknown({ description: 'Read only; ignored on a write.' })),
    },
    CLOSED,
  );
}

/** What a client sends to write a resource of each kind. */
export const RESOURCE_INPUTS: Readonly<Record<Kind, TObject>> = {
  Credential: envelope(KINDS.Credential),
  Provider: envelope(KINDS.Provider),
  LlmRoute: envelope(KINDS.LlmRoute),
  McpServer: envelope(KINDS.McpServer),
  ServiceRoute: envelope(KINDS.ServiceRoute),
  Consumer: envelope(KINDS.Consumer),
};

function checkTransportSecurity(
  url: string,
  field: string,
  caCertificates: unknown,
  errors: FieldErrors,
): void {
  if (caCertificates !== undefined && !url.startsWith('https://')) {
    errors.add('spec.caCertificates', `has no meaning unless spec.${field} begins with https://`);
  }
}

interface Envelope {
  readonly metadata: MetadataInput;
  readonly spec: unknown;
}

/** Cross-field checks and canonical form. The schema has vouched for the shape of `spec`. */
function complete(kind: Kind, { metadata, spec }: Envelope, errors: FieldErrors): ResourceInput {
  switch (kind) {
    case 'Credential': {
      const { spec: shown, value, oauth2Secrets } = completeCredential(spec as CredentialSpecInput, errors);
      return {
        kind,
        metadata,
        spec: shown,
        ...(value === undefined ? {} : { value }),
        ...(oauth2Secrets === undefined ? {} : { oauth2Secrets }),
      };
    }
    case 'Provider': {
      const provider = completeProvider(spec as ProviderSpecInput, errors);
      checkTransportSecurity(provider.baseUrl, 'baseUrl', provider.caCertificates, errors);
      return { kind, metadata, spec: provider };
    }
    case 'Consumer': {
      const { limits, ...rest } = spec as SpecByKind['Consumer'];
      const complete = completeLimits(limits, errors);
      return { kind, metadata, spec: { ...rest, ...(complete === undefined ? {} : { limits: complete }) } };
    }
    case 'LlmRoute':
    case 'McpServer':
    case 'ServiceRoute': {
      const { allowedConsumers, ...rest } = spec as LlmRouteSpecInput;
      const consumers = completeAllowedConsumers(allowedConsumers, errors);
      if (kind === 'LlmRoute') checkLlmRoute(rest, errors);
      const route = rest as SpecByKind[Kind];
      if ('url' in route) checkTransportSecurity(route.url, 'url', route.caCertificates, errors);
      if ('allow' in route) checkTransportSecurity(route.baseUrl, 'baseUrl', route.caCertificates, errors);
      return {
        kind,
        metadata,
        spec: route,
        ...(consumers === undefined ? {} : { allowedConsumers: consumers }),
      };
    }
    default:
      return kind satisfies never;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fills in the name that the request's path gave. */
function withName(input: unknown, name: string): unknown {
  if (!isObject(input)) return input;
  const metadata = Object.hasOwn(input, 'metadata') ? input['metadata'] : {};
  if (!isObject(metadata) || Object.hasOwn(metadata, 'name')) return input;
  return { ...input, metadata: { ...metadata, name } };
}

/**
 * Checks a resource of any origin. Unknown fields are errors, nothing is coerced, defaults are filled in.
 *
 * @param name when the name is known already: filled in when absent, and an error when different
 */
export function decodeResource<K extends Kind>(
  kind: K,
  input: unknown,
  name?: string,
): Decoded<ResourceInput<K>> {
  const decoded = decodeSchema(RESOURCE_INPUTS[kind], name === undefined ? input : withName(input, name));
  if (!decoded.ok) return decoded;
  const errors = new FieldErrors();
  const resource = complete(kind, decoded.value as unknown as Envelope, errors) as ResourceInput<K>;
  if (name !== undefined && resource.metadata.name !== name) {
    errors.add('metadata.name', `must be "${name}", as in the path; a resource cannot be renamed`);
  }
  return errors.result(resource);
}

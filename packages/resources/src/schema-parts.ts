import { type TSchema, Type } from 'typebox';
import type { FormatName } from './formats.js';

/** A text of a named format. */
export function formatted(format: FormatName, options: Record<string, unknown> = {}) {
  return Type.Unsafe<string>({ type: 'string', format, ...options });
}

/** One of a few words. */
export function words<const T extends string>(choices: readonly T[], options: Record<string, unknown> = {}) {
  return Type.Unsafe<T>({ type: 'string', enum: choices, ...options });
}

/** An object with free names of one format and values of one schema. */
export function record<T>(
  names: FormatName,
  values: TSchema,
  options: { readonly maxProperties: number; readonly description: string; readonly default?: object },
) {
  return Type.Unsafe<Record<string, T>>({
    type: 'object',
    propertyNames: { type: 'string', format: names },
    additionalProperties: values,
    ...options,
  });
}

export const CLOSED = { additionalProperties: false } as const;

/** Longest list of consumers a route may name. */
export const MAX_CONSUMERS = 100_000;

export const Name = formatted('name', {
  minLength: 1,
  maxLength: 63,
  pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
  description: 'Lower-case letters, digits and "-", at most 63.',
});

export const CredentialName = formatted('name', {
  maxLength: 63,
  description: 'Name of the Credential that the gateway puts on requests to this upstream.',
});

export const CaCertificates = formatted('pem-certificates', {
  maxLength: 65_536,
  description:
    "PEM certificates that the upstream's certificate is verified against, instead of those the machine trusts.",
});

export const Description = formatted('plain-text', { maxLength: 1024, description: 'For people.' });

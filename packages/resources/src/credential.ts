import { type Static, Type } from 'typebox';
import type { FieldErrors } from './field-errors.js';
import { completeOAuth2, type OAuth2Secrets, OAuth2Spec, OAuth2SpecInput } from './oauth2.js';
import { hasControlCharacter, isWellFormed } from './patterns.js';
import { findPreset, PRESET_NAMES } from './presets/index.js';
import { placementText, placementsOf, type PresetPlacement, type ProviderPreset } from './presets/preset.js';
import { checkPresetOptions, presetHosts, requirePresetOptions } from './presets/resolve.js';
import { PresetOptionValues } from './provider.js';
import { CLOSED, formatted, words } from './schema-parts.js';

/** Characters; providers' keys and service account tokens stay far below. */
const MAX_VALUE_LENGTH = 16_384;

const fields = {
  in: words(['header', 'query', 'basic'], {
    default: 'header',
    description: 'Where the value goes: a header, a query parameter, or Authorization: Basic.',
  }),
  header: Type.Optional(
    formatted('header-name', {
      description: 'With `in: header`: name of the header; default Authorization.',
    }),
  ),
  prefix: Type.Optional(
    formatted('header-prefix', {
      maxLength: 128,
      description:
        'With `in: header`: put before the value; default "Bearer " for Authorization, otherwise nothing.',
    }),
  ),
  parameter: Type.Optional(
    formatted('query-parameter', { description: 'With `in: query`: name of the parameter; required then.' }),
  ),
};

const hosts = Type.Array(formatted('credential-host', { maxLength: 320 }), {
  minItems: 1,
  maxItems: 64,
  description:
    'Hosts the value may be sent to, each `host` (any port) or `host:port`. It is never sent elsewhere. With a preset, default: those of the preset.',
});

/** What is stored and shown of a credential: everything but its secrets. */
export const CredentialSpec = Type.Object(
  {
    // A name that this version does not know is no damage: everything it gave is stored beside it.
    preset: Type.Optional(
      formatted('name', { maxLength: 63, description: 'What the rest was completed from.' }),
    ),
    presetOptions: Type.Optional(PresetOptionValues),
    ...fields,
    hosts,
    oauth2: Type.Optional(OAuth2Spec),
  },
  CLOSED,
);
export type CredentialSpec = Readonly<Static<typeof CredentialSpec>>;

/** What a client sends. The value is write-only. */
export const CredentialSpecInput = Type.Object(
  {
    value: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_VALUE_LENGTH,
        writeOnly: true,
        description:
          'The secret itself; `user:password` for `in: basic`. Required for a new credential; absent later: unchanged.',
      }),
    ),
    preset: Type.Optional(
      words(PRESET_NAMES, {
        description:
          'A known provider; gives `in`, `header`, `prefix` and `hosts`. See docs/reference/providers.md.',
      }),
    ),
    presetOptions: Type.Optional(PresetOptionValues),
    ...fields,
    hosts: Type.Optional(hosts),
    oauth2: Type.Optional(OAuth2SpecInput),
  },
  CLOSED,
);
export type CredentialSpecInput = Readonly<Static<typeof CredentialSpecInput>>;

/** Where and how a credential's value stands in a request. */
export interface CredentialPlacement {
  readonly placement: 'header' | 'query' | 'basic';
  /** Header name in lower case, or query parameter name; empty for `basic`. */
  readonly name: string;
  readonly prefix: string;
}

/** How the gateway writes a credential into a request. */
export function credentialPlacement(spec: CredentialSpec): CredentialPlacement {
  switch (spec.in) {
    case 'header':
      return {
        placement: 'header',
        name: (spec.header ?? 'Authorization').toLowerCase(),
        prefix: spec.prefix ?? '',
      };
    case 'query':
      return { placement: 'query', name: spec.parameter ?? '', prefix: '' };
    case 'basic':
      return { placement: 'basic', name: '', prefix: '' };
    default:
      return spec.in satisfies never;
  }
}

/** Messages here never repeat any part of the value. */
function checkValue(spec: CredentialSpecInput, errors: FieldErrors): void {
  const { value } = spec;
  if (value === undefined) return;
  const path = 'spec.value';
  if (/[\r\n]$/.test(value)) errors.add(path, 'ends with a line break; give the value without it');
  else if (!isWellFormed(value)) errors.add(path, 'must be well-formed Unicode');
  else if (hasControlCharacter(value)) errors.add(path, 'must not hold control characters or line breaks');
  else if (value.trim() !== value) errors.add(path, 'must not begin or end with white space');
  else if (spec.in !== 'basic' && !/^[\x20-\x7e]+$/.test(value))
    errors.add(path, 'must hold ASCII characters only');
  else if (spec.in === 'basic' && !/^[^:]+:/.test(value))
    errors.add(path, 'must be user:password with `in: basic`');
}

function checkOnlyWith(spec: CredentialSpecInput, completed: boolean, errors: FieldErrors): void {
  const rows = [
    ['header', 'header'],
    ['prefix', 'header'],
    ['parameter', 'query'],
  ] as const;
  for (const [field, placement] of rows) {
    if (spec[field] !== undefined && spec.in !== placement) {
      errors.add(`spec.${field}`, `is only for \`in: ${placement}\`; remove it (in a patch, set it to null)`);
    }
  }
  if (spec.in === 'query' && spec.parameter === undefined && !completed) {
    errors.add('spec.parameter', 'is required with `in: query`');
  }
}

/** The placement of this preset that the client chose, or its first; null when it chose one the preset does not take. */
function choosePlacement(preset: ProviderPreset, input: CredentialSpecInput): PresetPlacement | null {
  const asked = placementsOf(preset).filter((placement) => {
    if (placement.in !== input.in) return false;
    if (placement.in === 'query')
      return input.parameter === undefined || input.parameter === placement.parameter;
    const { header = placement.header, prefix = placement.prefix } = input;
    return header.toLowerCase() === placement.header.toLowerCase() && prefix === placement.prefix;
  });
  return asked[0] ?? null;
}

/** Fills in what the preset gives where the client said nothing. */
function completeFromPreset(
  preset: ProviderPreset,
  input: CredentialSpecInput,
  errors: FieldErrors,
): CredentialSpecInput {
  const options = input.presetOptions ?? {};
  checkPresetOptions(preset, options, errors);
  const found = presetHosts(preset, options);
  if (input.hosts === undefined && found.length === 0) {
    requirePresetOptions(preset, options, errors);
    if (Object.values(preset.endpoints).every(({ baseUrl }) => baseUrl === null)) {
      errors.add('spec.hosts', `is required with preset "${preset.name}"`);
    }
  }
  const complete = { ...input, hosts: input.hosts ?? [...found] };
  if (preset.anyPlacement === true) return complete;
  const placement = choosePlacement(preset, input);
  if (placement === null) {
    const taken = placementsOf(preset).map(placementText).join(' or ');
    const field = input.in === 'header' && input.header !== undefined ? 'spec.header' : 'spec.in';
    const fix = 'remove it (in a patch, set it to null), or remove spec.preset';
    errors.add(field, `preset "${preset.name}" takes its key as ${taken}; ${fix}`);
    return complete;
  }
  return placement.in === 'query'
    ? { ...complete, parameter: placement.parameter }
    : { ...complete, header: placement.header, prefix: placement.prefix };
}

function checkOAuth2(input: CredentialSpecInput, errors: FieldErrors): void {
  if (input.oauth2 === undefined) return;
  if (input.value !== undefined) {
    errors.add('spec.value', 'must not be given with spec.oauth2: the token endpoint gives it');
  }
  if (input.in === 'basic') errors.add('spec.in', 'must be header or query with spec.oauth2');
}

/** A credential taken apart: what may be shown, and what may not. */
export interface CompletedCredential {
  readonly spec: CredentialSpec;
  readonly value: string | undefined;
  readonly oauth2Secrets: OAuth2Secrets | undefined;
}

/** Checks what a schema cannot say, fills in what a preset gives, and separates the secrets from what may be shown. */
export function completeCredential(sent: CredentialSpecInput, errors: FieldErrors): CompletedCredential {
  const preset = sent.preset === undefined ? undefined : findPreset(sent.preset);
  if (preset === undefined) {
    if (sent.presetOptions !== undefined) {
      errors.add('spec.presetOptions', 'has a meaning only with spec.preset');
    }
    if (sent.hosts === undefined) errors.add('spec.hosts', 'is required without spec.preset');
  }
  checkOnlyWith(sent, preset !== undefined, errors);
  checkValue(sent, errors);
  checkOAuth2(sent, errors);
  const input = preset === undefined ? sent : completeFromPreset(preset, sent, errors);
  const { value, oauth2: sentOAuth2, ...rest } = input;
  const oauth2 = sentOAuth2 === undefined ? undefined : completeOAuth2(sentOAuth2, errors);
  const header = input.header ?? 'Authorization';
  const prefix = input.prefix ?? (header.toLowerCase() === 'authorization' ? 'Bearer ' : '');
  const spec = {
    ...rest,
    hosts: input.hosts ?? [],
    ...(rest.in === 'header' ? { header, prefix } : {}),
    ...(oauth2 === undefined ? {} : { oauth2: oauth2.spec }),
  };
  return { spec, value, oauth2Secrets: oauth2?.secrets };
}

/**
 * A stored spec as the client could have sent it: without what its preset gives. So a patch of the preset or its
 * options gets what follows from them.
 */
export function withoutCredentialDefaults(spec: CredentialSpec): CredentialSpecInput {
  const preset = spec.preset === undefined ? undefined : findPreset(spec.preset);
  if (preset === undefined) return spec;
  const { hosts: stored, header, prefix, in: where, parameter, ...rest } = spec;
  const found = presetHosts(preset, spec.presetOptions ?? {});
  const [first] = placementsOf(preset);
  const isFirst =
    first?.in === 'header'
      ? header === first.header && prefix === first.prefix
      : parameter === first?.parameter;
  const placed = {
    in: where,
    ...(header === undefined ? {} : { header }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(parameter === undefined ? {} : { parameter }),
  };
  return {
    ...rest,
    preset: preset.name,
    ...(isFirst ? { in: where } : placed),
    ...(found.join() === [...stored].sort().join() ? {} : { hosts: stored }),
  };
}

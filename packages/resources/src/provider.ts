import { type Static, Type } from 'typebox';
import type { FieldErrors } from './field-errors.js';
import { findPreset, PRESET_NAMES } from './presets/index.js';
import type { PresetEndpoint, ProviderPreset } from './presets/preset.js';
import {
  checkPresetOptions,
  presetAt,
  presetBaseUrl,
  requirePresetOptions,
  sameBaseUrl,
} from './presets/resolve.js';
import { completePrices, Price } from './prices.js';
import { type Protocol, PROTOCOLS } from './protocol.js';
import { CaCertificates, CLOSED, CredentialName, formatted, record, words } from './schema-parts.js';

const baseUrl = formatted('upstream-url', {
  description:
    'Where it is, including the version, such as https://api.openai.com/v1. Required without `preset`; with it, only for an address that is not the preset’s own, such as a proxy.',
});

const protocol = words(PROTOCOLS, {
  description: 'Which API it speaks; default: the first that the preset has, without preset `openai`.',
});

const includeUsage = Type.Boolean({
  description:
    'With `protocol: openai`: whether it understands `stream_options.include_usage`, which the gateway then adds to streams that lack it; default: what is known of the preset, otherwise true.',
});

/** Values of a preset's options, such as `{"region": "intl"}`. */
export const PresetOptionValues = record<string>('plain-text', formatted('plain-text', { maxLength: 128 }), {
  maxProperties: 8,
  description:
    'What the address of a preset depends on, such as `region` or `resource`; docs/reference/providers.md lists them.',
});

const fields = {
  credential: Type.Optional(CredentialName),
  models: Type.Array(formatted('model-name'), {
    maxItems: 1024,
    default: [],
    description: 'Models it offers, by exact name.',
  }),
  caCertificates: Type.Optional(CaCertificates),
  prices: Type.Array(Price, {
    maxItems: 1024,
    default: [],
    description:
      'What it asks for its models. Of the prices in force, the first whose pattern matches counts; a model that none matches has no known cost.',
  }),
};

/** An LLM service, with everything that its preset gives written out. */
export const ProviderSpec = Type.Object(
  {
    // A name that this version does not know is no damage: everything it gave is stored beside it.
    preset: Type.Optional(
      formatted('name', { maxLength: 63, description: 'What the rest was completed from.' }),
    ),
    presetOptions: Type.Optional(PresetOptionValues),
    protocol: words(PROTOCOLS, { default: 'openai', description: 'Which API it speaks.' }),
    baseUrl,
    includeUsage: Type.Boolean({
      default: true,
      description: 'Whether it understands `stream_options.include_usage`.',
    }),
    ...fields,
  },
  CLOSED,
);
export type ProviderSpec = Readonly<Static<typeof ProviderSpec>>;

/** What a client sends: with a preset, most of it can be left out. */
export const ProviderSpecInput = Type.Object(
  {
    preset: Type.Optional(
      words(PRESET_NAMES, {
        description:
          'A known provider; gives protocol, base URL and includeUsage. See docs/reference/providers.md.',
      }),
    ),
    presetOptions: Type.Optional(PresetOptionValues),
    protocol: Type.Optional(protocol),
    baseUrl: Type.Optional(baseUrl),
    includeUsage: Type.Optional(includeUsage),
    ...fields,
  },
  CLOSED,
);
export type ProviderSpecInput = Readonly<Static<typeof ProviderSpecInput>>;

interface Completed {
  readonly protocol: Protocol;
  readonly baseUrl: string;
  readonly includeUsage: boolean;
}

/** What the preset says where the client said nothing; contradictions are errors. */
function completeFromPreset(
  preset: ProviderPreset,
  input: ProviderSpecInput,
  errors: FieldErrors,
): Completed {
  const options = input.presetOptions ?? {};
  checkPresetOptions(preset, options, errors);
  const spoken = Object.keys(preset.endpoints) as Protocol[];
  const chosen = input.protocol ?? spoken[0] ?? 'openai';
  const endpoint = preset.endpoints[chosen];
  if (endpoint === undefined) {
    errors.add('spec.protocol', `must be ${spoken.join(' or ')} with preset "${preset.name}"`);
    return { protocol: chosen, baseUrl: input.baseUrl ?? '', includeUsage: true };
  }
  return {
    protocol: chosen,
    baseUrl: chooseBaseUrl(preset, endpoint, input, errors),
    includeUsage: input.includeUsage ?? endpoint.includeUsage,
  };
}

function chooseBaseUrl(
  preset: ProviderPreset,
  endpoint: PresetEndpoint,
  { baseUrl: given, presetOptions = {} }: ProviderSpecInput,
  errors: FieldErrors,
): string {
  const own = presetBaseUrl(preset, endpoint, presetOptions);
  if (given === undefined) {
    if (own !== null) return own;
    if (endpoint.baseUrl === null) errors.add('spec.baseUrl', `is required with preset "${preset.name}"`);
    else requirePresetOptions(preset, presetOptions, errors);
    return '';
  }
  if (own === null || sameBaseUrl(own, given)) return given;
  const owner = presetAt(given);
  if (owner !== null) {
    const fix = 'remove it to get the right one (in a patch, set it to null)';
    errors.add(
      'spec.baseUrl',
      `is an address of preset "${owner}", but the preset, its options and the protocol stand for ${own}; ${fix}`,
    );
  }
  return given;
}

function completeWithout(input: ProviderSpecInput, errors: FieldErrors): Completed {
  if (input.presetOptions !== undefined) {
    errors.add('spec.presetOptions', 'has a meaning only with spec.preset');
  }
  if (input.baseUrl === undefined) errors.add('spec.baseUrl', 'is required without spec.preset');
  const { protocol: chosen = 'openai', baseUrl: url = '', includeUsage: usage = true } = input;
  return { protocol: chosen, baseUrl: url, includeUsage: usage };
}

/** Writes out what the preset gives, and checks what a schema cannot say. */
export function completeProvider(input: ProviderSpecInput, errors: FieldErrors): ProviderSpec {
  const preset = input.preset === undefined ? undefined : findPreset(input.preset);
  const completed =
    preset === undefined ? completeWithout(input, errors) : completeFromPreset(preset, input, errors);
  const prices = completePrices(input.prices, errors);
  const { preset: name, presetOptions: options, credential, models, caCertificates } = input;
  return {
    ...(name === undefined ? {} : { preset: name }),
    ...(options === undefined ? {} : { presetOptions: options }),
    ...completed,
    ...(credential === undefined ? {} : { credential }),
    models,
    ...(caCertificates === undefined ? {} : { caCertificates }),
    prices,
  };
}

/** A stored spec as the client could have sent it: without what its preset gives. So a patch of the preset or its options gets what follows from them. */
export function withoutProviderDefaults(spec: ProviderSpec): ProviderSpecInput {
  const preset = spec.preset === undefined ? undefined : findPreset(spec.preset);
  const endpoint = preset?.endpoints[spec.protocol];
  if (preset === undefined || endpoint === undefined) return spec;
  const { protocol: spoken, baseUrl: url, includeUsage: usage, ...rest } = spec;
  const own = presetBaseUrl(preset, endpoint, spec.presetOptions ?? {});
  return {
    ...rest,
    preset: preset.name,
    ...(spoken === Object.keys(preset.endpoints)[0] ? {} : { protocol: spoken }),
    ...(own !== null && sameBaseUrl(own, url) ? {} : { baseUrl: url }),
    ...(usage === endpoint.includeUsage ? {} : { includeUsage: usage }),
  };
}

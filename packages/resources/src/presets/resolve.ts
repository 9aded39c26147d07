import { type FieldErrors, fieldPath } from '../field-errors.js';
import { suggest } from '../suggestion.js';
import { parseUpstreamUrl } from '../upstream-url.js';
import { PRESETS } from './index.js';
import type { PresetEndpoint, PresetOption, ProviderPreset } from './preset.js';

/** Values of a preset's options, by name. */
export type PresetOptions = Readonly<Record<string, string>>;

function problemOf(option: PresetOption, value: string): string | null {
  if ('choices' in option) {
    if (Object.hasOwn(option.choices, value)) return null;
    const known = Object.keys(option.choices);
    const guess = suggest(value, known);
    const hint = guess === null ? '' : `; did you mean "${guess}"?`;
    return `must be one of ${known.map((word) => `"${word}"`).join(', ')}${hint}`;
  }
  return option.pattern.test(value) ? null : `must look like "${option.example}"`;
}

/** Finds options that the preset does not have, and values that they cannot have. */
export function checkPresetOptions(
  preset: ProviderPreset,
  options: PresetOptions,
  errors: FieldErrors,
): void {
  const known = Object.keys(preset.options);
  for (const [name, value] of Object.entries(options)) {
    const path = fieldPath('spec.presetOptions', name);
    const option = Object.hasOwn(preset.options, name) ? preset.options[name] : undefined;
    if (option === undefined) {
      const guess = suggest(name, known);
      const hint =
        guess !== null
          ? `did you mean "${guess}"?`
          : known.length === 0
            ? `preset "${preset.name}" has no options`
            : `preset "${preset.name}" has ${known.join(', ')}`;
      errors.add(path, `unknown option; ${hint}`);
      continue;
    }
    const problem = problemOf(option, value);
    if (problem !== null) errors.add(path, problem);
  }
}

/** What stands in the base URL for this value, or null when there is none that may. */
function substituteOf(option: PresetOption | undefined, value: string | undefined): string | null {
  if (option === undefined || value === undefined || problemOf(option, value) !== null) return null;
  return 'choices' in option ? (option.choices[value] ?? null) : value;
}

/** The base URL of an endpoint for an account; null when an option is missing or wrong, or the preset knows none. */
export function presetBaseUrl(
  preset: ProviderPreset,
  endpoint: PresetEndpoint,
  options: PresetOptions,
): string | null {
  if (endpoint.baseUrl === null) return null;
  const values = Object.keys(preset.options).map((name) => ({
    name,
    text: substituteOf(preset.options[name], Object.hasOwn(options, name) ? options[name] : undefined),
  }));
  if (values.some(({ text }) => text === null)) return null;
  return values.reduce((url, { name, text }) => url.replace(`{${name}}`, text ?? ''), endpoint.baseUrl);
}

/** Names the options without which the preset has no base URL. */
export function requirePresetOptions(
  preset: ProviderPreset,
  options: PresetOptions,
  errors: FieldErrors,
): void {
  for (const [name, option] of Object.entries(preset.options)) {
    if (Object.hasOwn(options, name)) continue;
    const wanted =
      'choices' in option ? Object.keys(option.choices).join(', ') : `such as "${option.example}"`;
    errors.add(fieldPath('spec.presetOptions', name), `is required: ${wanted}. ${option.description}`);
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** Matches the base URLs that an endpoint can have. */
function baseUrlPattern(preset: ProviderPreset, template: string): RegExp {
  const parts = template.split(/\{(\w+)\}/).map((part, index) => {
    if (index % 2 === 0) return escapeRegExp(part);
    const option = preset.options[part];
    if (option === undefined) return '[^/]*';
    return 'choices' in option
      ? `(${Object.values(option.choices).map(escapeRegExp).join('|')})`
      : '[a-z0-9-]+';
  });
  return new RegExp(`^${parts.join('')}/?$`);
}

/** Name of the preset whose address this is, on any account; null for addresses of nobody, and on loopback. */
export function presetAt(baseUrl: string): string | null {
  if (baseUrl.startsWith('http://127.')) return null;
  for (const preset of PRESETS) {
    for (const { baseUrl: template } of Object.values(preset.endpoints)) {
      if (template !== null && baseUrlPattern(preset, template).test(baseUrl)) return preset.name;
    }
  }
  return null;
}

/** Whether two base URLs are one, with or without a slash at the end. */
export function sameBaseUrl(a: string, b: string): boolean {
  return a.replace(/\/$/, '') === b.replace(/\/$/, '');
}

/** `host:port` of every address that the preset has for an account. */
export function presetHosts(preset: ProviderPreset, options: PresetOptions): readonly string[] {
  const hosts = Object.values(preset.endpoints).flatMap((endpoint) => {
    const url = presetBaseUrl(preset, endpoint, options);
    const parsed = url === null ? undefined : parseUpstreamUrl(url).value;
    return parsed === undefined ? [] : [`${parsed.host}:${parsed.port}`];
  });
  return [...new Set(hosts)].sort();
}

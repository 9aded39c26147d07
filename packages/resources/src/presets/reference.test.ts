import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PRESETS } from './index.js';
import { placementText, type PresetEndpoint, type PresetOption, type ProviderPreset } from './preset.js';

const DOCUMENT = new URL('../../../../docs/reference/providers.md', import.meta.url);

const code = (text: string) => `\`${text}\``;

function optionText([name, option]: [string, PresetOption]): string {
  const values =
    'choices' in option
      ? Object.entries(option.choices).map(([word, text]) => `${code(word)} (${text})`)
      : [`such as ${code(option.example)}`];
  return `${code(name)}: ${values.join(', ')}`;
}

function endpointRow(preset: ProviderPreset, protocol: string, endpoint: PresetEndpoint): string {
  const cells = [
    code(preset.name),
    protocol,
    endpoint.baseUrl === null ? 'to be given' : code(endpoint.baseUrl),
    preset.anyPlacement === true
      ? 'any'
      : endpoint.placements.map((place) => code(placementText(place))).join(' or '),
    endpoint.modelsPath === null ? '—' : code(endpoint.modelsPath),
    protocol === 'openai' ? (endpoint.includeUsage ? 'yes' : 'no') : '—',
    endpoint.testModel === null ? '—' : code(endpoint.testModel),
  ];
  return `| ${cells.join(' | ')} |`;
}

function presetRow(preset: ProviderPreset): string {
  const options = Object.entries(preset.options).map(optionText).join('; ');
  const models = preset.exampleModels.map(code).join(', ');
  const sources = preset.sources.map((source, index) => `[${index + 1}](${source})`).join(' ');
  return `| ${code(preset.name)} | ${preset.title} | ${options || '—'} | ${models || '—'} | ${sources} |`;
}

const ENDPOINTS = [
  '| preset | protocol | base URL | keys stand in | lists models | `include_usage` | test model |',
  '| - | - | - | - | - | - | - |',
  ...PRESETS.flatMap((preset) =>
    Object.entries(preset.endpoints).map(([protocol, endpoint]) => endpointRow(preset, protocol, endpoint)),
  ),
].join('\n');

const NAMES = [
  '| preset | service | options | some models | sources |',
  '| - | - | - | - | - |',
  ...PRESETS.map(presetRow),
].join('\n');

/** Without what a formatter does to tables. */
function plain(markdown: string): string {
  return markdown.replace(/-{2,}/g, '-').replace(/ {2,}/g, ' ');
}

describe('docs/reference/providers.md', () => {
  it.each([
    ['every preset', NAMES],
    ['every endpoint', ENDPOINTS],
  ])('has the table of %s', (_table, table) => {
    expect(plain(readFileSync(DOCUMENT, 'utf8'))).toContain(plain(table));
  });
});

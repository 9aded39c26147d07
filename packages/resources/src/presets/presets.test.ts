import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { credentialPlacement } from '../credential.js';
import { decodeResource } from '../decode-resource.js';
import { hostListAdmits } from '../host.js';
import type { Protocol } from '../protocol.js';
import { parseUpstreamUrl } from '../upstream-url.js';
import { PRESETS } from './index.js';
import { placementsOf, type ProviderPreset } from './preset.js';
import { presetAt, presetBaseUrl } from './resolve.js';

/** Every combination of option values that a preset knows; free ones as their example. */
function accounts(preset: ProviderPreset): Record<string, string>[] {
  return Object.entries(preset.options).reduce<Record<string, string>[]>(
    (found, [name, option]) => {
      const values = 'choices' in option ? Object.keys(option.choices) : [option.example];
      return found.flatMap((options) => values.map((value) => ({ ...options, [name]: value })));
    },
    [{}],
  );
}

const rows = PRESETS.flatMap((preset) =>
  Object.entries(preset.endpoints).flatMap(([protocol, endpoint]) =>
    accounts(preset).map((options) => ({
      row: `${preset.name} ${protocol} ${Object.values(options).join()}`,
      ...{ preset, protocol: protocol as Protocol, endpoint, options },
    })),
  ),
);

const GENERIC = { baseUrl: 'https://llm.example/v1', hosts: ['llm.example'] };

describe.each(rows)('preset $row', ({ preset, protocol, endpoint, options }) => {
  const own = presetBaseUrl(preset, endpoint, options);
  const address = own === null ? { baseUrl: GENERIC.baseUrl } : {};
  const spec = { preset: preset.name, presetOptions: options, protocol, ...address };

  it('makes a complete provider of its name alone', () => {
    const decoded = decodeResource('Provider', { metadata: { name: 'p' }, spec });
    expect(decoded).toMatchObject({
      ok: true,
      value: { spec: { protocol, baseUrl: own ?? GENERIC.baseUrl, includeUsage: endpoint.includeUsage } },
    });
    if (!decoded.ok) throw new Error('refused');
    expect(decodeResource('Provider', { metadata: { name: 'p' }, spec: decoded.value.spec })).toEqual(
      decoded,
    );
  });

  it('makes a credential that may go there, and stands where the service looks', () => {
    const hosts = own === null ? { hosts: GENERIC.hosts } : {};
    const given = { preset: preset.name, presetOptions: options, value: 'key-1', ...hosts };
    const decoded = decodeResource('Credential', { metadata: { name: 'c' }, spec: given });
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
    const { value } = parseUpstreamUrl(own ?? GENERIC.baseUrl);
    expect(hostListAdmits(decoded.value.spec.hosts, value?.host ?? '', value?.port ?? 0)).toBe(true);
    const { placement, name, prefix } = credentialPlacement(decoded.value.spec);
    const taken = endpoint.placements.map((place) =>
      place.in === 'query'
        ? { placement: 'query', name: place.parameter, prefix: '' }
        : { placement: 'header', name: place.header.toLowerCase(), prefix: place.prefix },
    );
    expect(taken).toContainEqual({ placement, name, prefix });
  });

  it('is found by its address', () => {
    if (own === null || own.includes('127.0.0.1')) return;
    expect(
      presetBaseUrl(PRESETS.find(({ name }) => name === presetAt(own)) ?? preset, endpoint, options),
    ).toBe(own);
    expect(presetAt(`${own}/`)).toBe(presetAt(own));
    expect(presetAt(own.replace('https://', 'https://proxy.example/'))).toBeNull();
  });
});

describe('presets', () => {
  it.each(PRESETS.map((preset) => [preset.name, preset] as const))('%s is complete', (name, preset) => {
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(preset.title).not.toBe('');
    expect(Object.keys(preset.endpoints).length).toBeGreaterThan(0);
    expect(placementsOf(preset).length).toBeGreaterThan(0);
    for (const source of preset.sources) expect(source).toMatch(/^https:\/\//);
    for (const endpoint of Object.values(preset.endpoints)) {
      const used = [...(endpoint.baseUrl ?? '').matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      if (endpoint.baseUrl !== null) expect(used).toEqual(Object.keys(preset.options));
      expect(endpoint.modelsPath ?? '/').toMatch(/^\//);
    }
    for (const option of Object.values(preset.options)) {
      if ('pattern' in option) expect(option.example).toMatch(option.pattern);
    }
  });

  it('have names of their own, and no file is forgotten', () => {
    const names = PRESETS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const files = readdirSync(import.meta.dirname).filter(
      (file) => !/^(index|preset|resolve)\.ts$|\.test\.ts$/.test(file),
    );
    for (const file of files) expect(names).toContain(file.replace('.ts', ''));
  });
});

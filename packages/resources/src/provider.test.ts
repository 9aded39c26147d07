import { describe, expect, it } from 'vitest';
import { decodeResource } from './decode-resource.js';
import { mergePatch } from './merge-patch.js';
import { type ProviderSpec, withoutProviderDefaults } from './provider.js';

function decode(spec: object) {
  return decodeResource('Provider', { metadata: { name: 'p' }, spec });
}

function specOf(spec: object): ProviderSpec {
  const decoded = decode(spec);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
  return decoded.value.spec;
}

/** As the API applies a merge patch to what is stored. */
function patched(stored: ProviderSpec, patch: object): ProviderSpec {
  return specOf(mergePatch(withoutProviderDefaults(stored), patch) as object);
}

describe('a provider with a preset', () => {
  it('takes what it says itself before what the preset says', () => {
    const proxied = { preset: 'openai', baseUrl: 'https://proxy.example/openai/v1', includeUsage: false };
    expect(specOf(proxied)).toMatchObject(proxied);
  });

  it('gets the address of the protocol it asks for', () => {
    expect(specOf({ preset: 'deepseek', protocol: 'anthropic' }).baseUrl).toBe(
      'https://api.deepseek.com/anthropic/v1',
    );
    expect(specOf({ preset: 'deepseek' })).toMatchObject({
      protocol: 'openai',
      baseUrl: 'https://api.deepseek.com',
    });
  });

  it.each<[string, object, string, RegExp]>([
    ['a typo in the name', { preset: 'opnai' }, 'spec.preset', /mean "openai"/],
    ['no region', { preset: 'dashscope' }, 'spec.presetOptions.region', /required: cn, intl, us/],
    [
      'a region that is none',
      { preset: 'dashscope', presetOptions: { region: 'int' } },
      'spec.presetOptions.region',
      /mean "intl"/,
    ],
    [
      'a typo in an option',
      { preset: 'dashscope', presetOptions: { regoin: 'cn', region: 'cn' } },
      'spec.presetOptions.regoin',
      /mean "region"/,
    ],
    [
      'an option it has not',
      { preset: 'openai', presetOptions: { region: 'cn' } },
      'spec.presetOptions.region',
      /no options/,
    ],
    [
      'an option named like a method',
      { preset: 'openai', presetOptions: { toString: 'cn' } },
      'spec.presetOptions.toString',
      /unknown option/,
    ],
    [
      'a resource that would end the host',
      { preset: 'azure-openai', presetOptions: { resource: 'evil.example/' } },
      'spec.presetOptions.resource',
      /look like/,
    ],
    ['another protocol', { preset: 'anthropic', protocol: 'openai' }, 'spec.protocol', /must be anthropic/],
    ['no address', { preset: 'openai-compatible' }, 'spec.baseUrl', /required/],
    [
      'options without preset',
      { baseUrl: 'https://a.example', presetOptions: {} },
      'spec.presetOptions',
      /only with/,
    ],
    ['neither preset nor address', {}, 'spec.baseUrl', /required/],
    [
      'the address of another region',
      {
        preset: 'dashscope',
        presetOptions: { region: 'cn' },
        baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
      },
      'spec.baseUrl',
      /stand for https:\/\/dashscope\.aliyuncs\.com/,
    ],
    [
      'the address of another preset',
      { preset: 'openai', baseUrl: 'https://api.anthropic.com/v1' },
      'spec.baseUrl',
      /preset "anthropic"/,
    ],
  ])('refuses %s', (_case, spec, path, message) => {
    const decoded = decode(spec);
    if (decoded.ok) throw new Error('accepted');
    const found = decoded.errors.find((error) => error.path === path);
    expect(found?.message).toMatch(message);
  });

  it('follows a patch of its options, protocol or preset', () => {
    const stored = specOf({ preset: 'dashscope', presetOptions: { region: 'cn' }, models: ['qwen-plus'] });
    expect(patched(stored, { presetOptions: { region: 'us' } }).baseUrl).toBe(
      'https://dashscope-us.aliyuncs.com/compatible-mode/v1',
    );
    expect(patched(stored, { protocol: 'anthropic' }).baseUrl).toBe(
      'https://dashscope.aliyuncs.com/apps/anthropic/v1',
    );
    expect(patched(stored, { preset: 'mistral', presetOptions: null })).toEqual({
      preset: 'mistral',
      protocol: 'openai',
      baseUrl: 'https://api.mistral.ai/v1',
      includeUsage: false,
      models: ['qwen-plus'],
      prices: [],
    });
  });

  it('keeps an address of its own through a patch', () => {
    const stored = specOf({ preset: 'openai', baseUrl: 'https://proxy.example/v1', includeUsage: false });
    expect(patched(stored, { models: ['a'] })).toEqual({ ...stored, models: ['a'] });
  });
});

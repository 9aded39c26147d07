import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Kind, KINDS } from './index.js';
import { decodeResource, RESOURCE_INPUTS } from './decode-resource.js';
import { decodeSchema } from './decode-schema.js';

const credential = { metadata: { name: 'openai' }, spec: { value: 'sk-1', hosts: ['api.openai.com'] } };
const provider = { metadata: { name: 'openai' }, spec: { baseUrl: 'https://api.openai.com/v1' } };
const llmRoute = {
  metadata: { name: 'chat' },
  spec: { models: ['gpt-4o'], targets: [{ provider: 'openai' }] },
};
const mcpServer = { metadata: { name: 'github' }, spec: { url: 'https://example.com/mcp' } };
const serviceRoute = {
  metadata: { name: 'gh' },
  spec: { baseUrl: 'https://api.github.com', allow: [{ methods: ['GET'], paths: ['/repos/**'] }] },
};

function errorsOf(kind: Kind, input: unknown, name?: string): readonly { path: string; message: string }[] {
  const decoded = decodeResource(kind, input, name);
  return decoded.ok ? [] : decoded.errors;
}

/** A good resource with some fields of its spec replaced. */
function withSpec(resource: { readonly spec: object }, spec: object): unknown {
  return { ...resource, spec: { ...resource.spec, ...spec } };
}

describe('decodeResource', () => {
  it('fills in defaults', () => {
    expect(decodeResource('Credential', credential)).toEqual({
      ok: true,
      value: {
        kind: 'Credential',
        metadata: { name: 'openai', labels: {}, annotations: {} },
        spec: { in: 'header', header: 'Authorization', prefix: 'Bearer ', hosts: ['api.openai.com'] },
        value: 'sk-1',
      },
    });
    expect(decodeResource('LlmRoute', llmRoute)).toMatchObject({
      ok: true,
      value: { spec: { path: '/v1', targets: [{ provider: 'openai', priority: 0, weight: 1 }] } },
    });
    expect(decodeResource('Consumer', {}, 'worker-alice')).toMatchObject({
      ok: true,
      value: { spec: { disabled: false, expiresAt: null, credentials: {} } },
    });
    expect(decodeResource('Credential', withSpec(credential, { header: 'x-api-key' }))).toMatchObject({
      ok: true,
      value: { spec: { header: 'x-api-key', prefix: '' } },
    });
  });

  it('accepts what it gave, so that what was read can be sent back', () => {
    const read = {
      apiVersion: 'hiclaw.io/v1beta1',
      kind: 'LlmRoute',
      metadata: {
        ...{ name: 'chat', labels: {}, annotations: {}, uid: 'u', resourceVersion: '7', generation: 2 },
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
      spec: { ...llmRoute.spec, allowedConsumers: ['a', { name: 'b', models: ['x'] }] },
      status: { observedGeneration: 2, conditions: [] },
    };
    expect(decodeResource('LlmRoute', read, 'chat')).toMatchObject({ ok: true });
  });

  it('reports everything that is wrong at once', () => {
    const errors = errorsOf('LlmRoute', {
      kind: 'Provider',
      metadata: { name: 'Chat!', labels: { 'bad key': 'x', good: 'bad value!' } },
      spec: { model: ['x'], path: 'v1', targets: [{ provider: 'openai', wait: 3 }] },
      extra: 1,
    });
    expect(errors.map(({ path }) => path).sort()).toEqual(
      [
        'extra',
        'kind',
        'metadata.labels.good',
        'metadata.labels["bad key"]',
        'metadata.name',
        'spec.model',
        'spec.models',
        'spec.path',
        'spec.targets[0].wait',
      ].sort(),
    );
  });

  it.each<[string, Kind, unknown, string, RegExp]>([
    ['typo', 'Provider', withSpec(provider, { baseURL: 'x' }), 'spec.baseURL', /did you mean "baseUrl"/],
    [
      'typo in a word',
      'Provider',
      withSpec(provider, { protocol: 'opnai' }),
      'spec.protocol',
      /mean "openai"/,
    ],
    ['wrong type', 'Provider', withSpec(provider, { models: 'gpt' }), 'spec.models', /a list, not a string/],
    [
      'number as text',
      'LlmRoute',
      withSpec(llmRoute, { targets: [{ provider: 'p', weight: '1' }] }),
      'spec.targets[0].weight',
      /an integer, not a string/,
    ],
    [
      'fraction',
      'LlmRoute',
      withSpec(llmRoute, { targets: [{ provider: 'p', weight: 1.5 }] }),
      'spec.targets[0].weight',
      /not a number/,
    ],
    ['missing', 'Provider', { metadata: { name: 'p' }, spec: {} }, 'spec.baseUrl', /required/],
    ['no spec', 'Provider', { metadata: { name: 'p' } }, 'spec', /required/],
    ['no name', 'Provider', { spec: provider.spec }, 'metadata', /required/],
    [
      'oauth2 beside a value',
      'Credential',
      withSpec(credential, { oauth2: { tokenUrl: 'https://a.example/t', clientId: 'x' } }),
      'spec.value',
      /token endpoint gives it/,
    ],
    [
      'a target twice',
      'LlmRoute',
      withSpec(llmRoute, { targets: [{ provider: 'p' }, { provider: 'q' }, { provider: 'p', priority: 1 }] }),
      'spec.targets[2]',
      /repeats spec\.targets\[0\].*more weight/,
    ],
    [
      'a pattern as target model',
      'LlmRoute',
      withSpec(llmRoute, { targets: [{ provider: 'p', model: 'gpt-*' }] }),
      'spec.targets[0].model',
      /exact name/,
    ],
    [
      'a status that no other target changes',
      'LlmRoute',
      withSpec(llmRoute, { retry: { statuses: [429, 400] } }),
      'spec.retry.statuses[1]',
      /cannot help after 400/,
    ],
    [
      'a status twice',
      'LlmRoute',
      withSpec(llmRoute, { retry: { statuses: [429, 503, 429] } }),
      'spec.retry.statuses[2]',
      /429 is listed twice/,
    ],
    [
      'too many attempts',
      'LlmRoute',
      withSpec(llmRoute, { retry: { attempts: 16 } }),
      'spec.retry.attempts',
      /from 0 to 15/,
    ],
    [
      'a timeout without unit',
      'LlmRoute',
      withSpec(llmRoute, { timeouts: { firstByte: '30' } }),
      'spec.timeouts.firstByte',
      /1ms to 30m/,
    ],
    [
      'a timeout beyond the bound',
      'LlmRoute',
      withSpec(llmRoute, { timeouts: { betweenChunks: '31m' } }),
      'spec.timeouts.betweenChunks',
      /1ms to 30m/,
    ],
    [
      'stored responses shared by two targets',
      'LlmRoute',
      withSpec(llmRoute, {
        storedResponses: 'shared',
        targets: [
          { provider: 'a', priority: 0, weight: 1 },
          { provider: 'b', priority: 0, weight: 1 },
        ],
      }),
      'spec.storedResponses',
      /one target only/,
    ],
    [
      'stored responses of another kind',
      'LlmRoute',
      withSpec(llmRoute, { storedResponses: 'mine' }),
      'spec.storedResponses',
      /./,
    ],
    [
      'less time between chunks than before the first',
      'LlmRoute',
      withSpec(llmRoute, { timeouts: { firstByte: '60s', betweenChunks: '59s' } }),
      'spec.timeouts.betweenChunks',
      /not be shorter than spec\.timeouts\.firstByte/,
    ],
    [
      'tools',
      'McpServer',
      withSpec(mcpServer, { allowedConsumers: [{ name: 'c', tools: ['x'] }] }),
      'spec.allowedConsumers[0].tools',
      /not enforced yet/,
    ],
    [
      'models of an MCP server',
      'McpServer',
      withSpec(mcpServer, { allowedConsumers: [{ name: 'c', models: ['x'] }] }),
      'spec.allowedConsumers[0].models',
      /LLM routes/,
    ],
    [
      'consumer twice',
      'LlmRoute',
      withSpec(llmRoute, { allowedConsumers: ['c', { name: 'c' }] }),
      'spec.allowedConsumers[1]',
      /listed twice/,
    ],
    [
      'consumer as number',
      'LlmRoute',
      withSpec(llmRoute, { allowedConsumers: [7] }),
      'spec.allowedConsumers[0]',
      /a string or an object/,
    ],
    ['empty models', 'LlmRoute', withSpec(llmRoute, { models: [] }), 'spec.models', /at least one/],
    ['model twice', 'LlmRoute', withSpec(llmRoute, { models: ['a', 'a'] }), 'spec.models[1]', /listed twice/],
    [
      'model with control character',
      'LlmRoute',
      withSpec(llmRoute, { models: ['a\u0000'] }),
      'spec.models[0]',
      /control/,
    ],
    [
      'model too long',
      'LlmRoute',
      withSpec(llmRoute, { models: ['é'.repeat(129)] }),
      'spec.models[0]',
      /256 bytes/,
    ],
    ['lone surrogate', 'LlmRoute', withSpec(llmRoute, { models: ['\ud800'] }), 'spec.models[0]', /Unicode/],
    [
      'many wildcards',
      'LlmRoute',
      withSpec(llmRoute, { models: ['*a'.repeat(9)] }),
      'spec.models[0]',
      /wildcards/,
    ],
    [
      'catalogue with pattern',
      'Provider',
      withSpec(provider, { models: ['gpt-*'] }),
      'spec.models[0]',
      /exact name/,
    ],
    [
      'reserved path',
      'LlmRoute',
      withSpec(llmRoute, { path: '/mcp-servers/x' }),
      'spec.path',
      /something else/,
    ],
    [
      'path that ends with a slash',
      'LlmRoute',
      withSpec(llmRoute, { path: '/v1/' }),
      'spec.path',
      /none at the end/,
    ],
    ['dots in a path', 'LlmRoute', withSpec(llmRoute, { path: '/v1/../x' }), 'spec.path', /segments/],
    [
      'path pattern with encoded slash',
      'ServiceRoute',
      withSpec(serviceRoute, { allow: [{ methods: ['GET'], paths: ['/a%2Fb'] }] }),
      'spec.allow[0].paths[0]',
      /encoded/,
    ],
    [
      'path pattern with a query',
      'ServiceRoute',
      withSpec(serviceRoute, { allow: [{ methods: ['GET'], paths: ['/a?b'] }] }),
      'spec.allow[0].paths[0]',
      /query/,
    ],
    [
      'lower-case method',
      'ServiceRoute',
      withSpec(serviceRoute, { allow: [{ methods: ['get'], paths: ['/'] }] }),
      'spec.allow[0].methods[0]',
      /did you mean "GET"/,
    ],
    [
      'private key',
      'Provider',
      withSpec(provider, { caCertificates: '-----BEGIN PRIVATE KEY-----' }),
      'spec.caCertificates',
      /never a private key/,
    ],
    ['no certificate', 'Provider', withSpec(provider, { caCertificates: 'x' }), 'spec.caCertificates', /PEM/],
    [
      'expiry',
      'Consumer',
      { metadata: { name: 'c' }, spec: { expiresAt: '2026-02-30T00:00:00Z' } },
      'spec.expiresAt',
      /date and time/,
    ],
    [
      'expiry without zone',
      'Consumer',
      { metadata: { name: 'c' }, spec: { expiresAt: '2026-02-03T00:00:00' } },
      'spec.expiresAt',
      /date and time/,
    ],
    [
      'upstream key',
      'Consumer',
      { metadata: { name: 'c' }, spec: { credentials: { github: 'x' } } },
      'spec.credentials.github',
      /mcp-servers/,
    ],
    ['name in unicode', 'Consumer', { metadata: { name: 'аlice' } }, 'metadata.name', /lower-case/],
    ['name with line break', 'Consumer', { metadata: { name: 'alice\n' } }, 'metadata.name', /lower-case/],
    ['very long name', 'Consumer', { metadata: { name: 'a'.repeat(1_000_000) } }, 'metadata.name', /63/],
    [
      'annotation with control character',
      'Consumer',
      { metadata: { name: 'c', annotations: { a: '\u001b[2J' } } },
      'metadata.annotations.a',
      /control/,
    ],
  ])('refuses %s', (_case, kind, input, path, message) => {
    const errors = errorsOf(kind, input);
    expect(errors.map((error) => error.path)).toEqual([path]);
    expect(errors[0]?.message).toMatch(message);
  });

  it.each([null, undefined, 1, 'x', [], true])('refuses %j as a resource', (input) => {
    expect(errorsOf('Consumer', input, 'c')).toMatchObject([
      { path: '', message: expect.stringMatching(/an object/) as string },
    ]);
  });

  it('refuses prototype keys wherever they stand and touches no prototype', () => {
    const input: unknown = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{},"metadata":{"name":"c","labels":{"__proto__":"x"}},"spec":{"__proto__":{"disabled":true},"credentials":{"__proto__":"x","toString":"y"}}}',
    );
    expect(
      errorsOf('Consumer', input)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(
      [
        '__proto__',
        'constructor',
        'metadata.labels.__proto__',
        'spec.__proto__',
        'spec.credentials.__proto__',
        'spec.credentials.toString',
      ].sort(),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('does not rename', () => {
    expect(errorsOf('Consumer', { metadata: { name: 'bob' } }, 'alice')).toMatchObject([
      { path: 'metadata.name' },
    ]);
  });

  it('gives short answers to long mistakes', () => {
    const spec = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`${'x'.repeat(500)}${i}`, i]));
    const errors = errorsOf('Provider', { metadata: { name: 'p' }, spec });
    expect(errors.length).toBeLessThanOrEqual(51);
    expect(JSON.stringify(errors).length).toBeLessThan(20_000);
  });
});

describe('decodeSchema', () => {
  const kinds = Object.keys(KINDS) as Kind[];

  it('never throws, whatever JSON it gets', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.jsonValue({ maxDepth: 5 }), (kind, input) => {
        expect(typeof decodeResource(kind, input, 'x').ok).toBe('boolean');
      }),
      { numRuns: 500 },
    );
  });

  it('accepts its own result unchanged', () => {
    for (const [kind, input] of [
      ['Credential', credential],
      ['Provider', provider],
      ['LlmRoute', llmRoute],
      ['McpServer', mcpServer],
      ['ServiceRoute', serviceRoute],
    ] as const) {
      const first = decodeSchema(RESOURCE_INPUTS[kind], input);
      expect(first.ok).toBe(true);
      if (first.ok) expect(decodeSchema(RESOURCE_INPUTS[kind], first.value)).toEqual(first);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { type CredentialSpec, withoutCredentialDefaults } from './credential.js';
import { decodeResource } from './decode-resource.js';
import { mergePatch } from './merge-patch.js';

function decode(spec: object) {
  const good = { value: 'sk-1', hosts: ['api.openai.com'] };
  return decodeResource('Credential', { metadata: { name: 'openai' }, spec: { ...good, ...spec } });
}

function errorsOf(spec: object): readonly { readonly path: string; readonly message: string }[] {
  const decoded = decode(spec);
  return decoded.ok ? [] : decoded.errors;
}

describe('credential values', () => {
  it.each([
    ['line break at the end', { value: 'sk-secret\n' }, 'spec.value'],
    ['line break inside', { value: 'sk-secret\r\nx-evil: 1' }, 'spec.value'],
    ['NUL', { value: 'sk-secret\u0000' }, 'spec.value'],
    ['white space around', { value: ' sk-secret' }, 'spec.value'],
    ['not ASCII', { value: 'sk-secrét' }, 'spec.value'],
    ['empty', { value: '' }, 'spec.value'],
    ['number', { value: 12345678 }, 'spec.value'],
    ['too long', { value: 'sk-secret'.repeat(10_000) }, 'spec.value'],
    ['basic without colon', { in: 'basic', value: 'sk-secret' }, 'spec.value'],
    ['header with line break', { header: 'x-a\r\nx-b' }, 'spec.header'],
    ['header with colon', { header: 'x-a:' }, 'spec.header'],
    ['pseudo header', { header: ':path' }, 'spec.header'],
    ['header Host', { header: 'HOST' }, 'spec.header'],
    ['header of the gateway', { header: 'X-HiClaw-Route' }, 'spec.header'],
    ['header Transfer-Encoding', { header: 'transfer-encoding' }, 'spec.header'],
    ['prefix with line break', { prefix: 'Bearer\r\nx: ' }, 'spec.prefix'],
    ['prefix in unicode', { prefix: 'Bearer\u2028' }, 'spec.prefix'],
    ['parameter without query', { parameter: 'key' }, 'spec.parameter'],
    ['query without parameter', { in: 'query' }, 'spec.parameter'],
    ['parameter with &', { in: 'query', parameter: 'a&b' }, 'spec.parameter'],
    ['header in a query', { in: 'query', parameter: 'a', header: 'x' }, 'spec.header'],
  ])('refuses %s without repeating the value', (_case, spec, path) => {
    const errors = errorsOf(spec);
    expect(errors.map((error) => error.path)).toEqual([path]);
    expect(JSON.stringify(errors)).not.toContain('secr');
  });

  it.each([
    ['a URL', 'https://api.openai.com'],
    ['user info', 'me@api.openai.com'],
    ['a wildcard', '*.openai.com'],
    ['a trailing dot', 'api.openai.com.'],
    ['unicode', 'аpi.openai.com'],
    ['port 0', 'api.openai.com:0'],
    ['a large port', 'api.openai.com:65536'],
    ['no port', 'api.openai.com:'],
    ['bare IPv6', '::1'],
    ['IPv6 with zone', '[fe80::1%eth0]'],
    ['short IPv4', '127.1'],
    ['hexadecimal IPv4', '0x7f.0.0.1'],
    ['large IPv4', '256.1.1.1'],
    ['empty', ''],
    ['a line break', 'api.openai.com\n'],
    ['an empty label', 'api..com'],
    ['a long label', `${'a'.repeat(64)}.com`],
  ])('refuses a host that is %s', (_case, host) => {
    expect(errorsOf({ hosts: [host] }).map(({ path }) => path)).toEqual(['spec.hosts[0]']);
  });

  it('gives hosts in canonical form, and finds what is listed twice', () => {
    const hosts = ['API.OpenAI.com', 'x.example:8443', '[0:0::1]:443', '10.0.0.1'];
    expect(decode({ hosts })).toMatchObject({
      value: { spec: { hosts: ['api.openai.com', 'x.example:8443', '[::1]:443', '10.0.0.1'] } },
    });
    expect(errorsOf({ hosts: ['a.com', 'A.com'] })).toMatchObject([{ path: 'spec.hosts[1]' }]);
  });
});

describe('credentials with a preset', () => {
  function specOf(spec: object) {
    const decoded = decodeResource('Credential', {
      metadata: { name: 'c' },
      spec: { value: 'sk-1', ...spec },
    });
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
    return decoded.value.spec;
  }

  it.each([
    ['anthropic', {}, { in: 'header', header: 'x-api-key', prefix: '', hosts: ['api.anthropic.com:443'] }],
    [
      'openai',
      {},
      { in: 'header', header: 'Authorization', prefix: 'Bearer ', hosts: ['api.openai.com:443'] },
    ],
    ['gemini', { in: 'query' }, { in: 'query', parameter: 'key' }],
    [
      'azure-openai',
      { presetOptions: { resource: 'acme' } },
      { header: 'api-key', hosts: ['acme.openai.azure.com:443'] },
    ],
    ['openai', { hosts: ['proxy.example'] }, { hosts: ['proxy.example'] }],
    [
      'openai-compatible',
      { hosts: ['a.example'], header: 'x-any' },
      { header: 'x-any', hosts: ['a.example'] },
    ],
  ])('of %s %j are complete', (preset, given, complete) => {
    expect(specOf({ preset, ...given })).toMatchObject(complete);
  });

  it.each<[string, object, string, RegExp]>([
    [
      'a header that it does not look at',
      { preset: 'anthropic', header: 'Authorization' },
      'spec.header',
      /x-api-key/,
    ],
    [
      'a placement that it does not look at',
      { preset: 'openai', in: 'query', parameter: 'key' },
      'spec.in',
      /Bearer/,
    ],
    ['no region', { preset: 'moonshot' }, 'spec.presetOptions.region', /required: cn, intl/],
    ['no hosts', { preset: 'openai-compatible' }, 'spec.hosts', /required/],
    ['neither preset nor hosts', {}, 'spec.hosts', /required without spec.preset/],
    ['a preset that is none', { preset: 'antropic' }, 'spec.preset', /mean "anthropic"/],
  ])('refuse %s', (_case, spec, path, message) => {
    const decoded = decodeResource('Credential', {
      metadata: { name: 'c' },
      spec: { value: 'sk-1', ...spec },
    });
    if (decoded.ok) throw new Error('accepted');
    expect(decoded.errors).toEqual([{ path, message: expect.stringMatching(message) as string }]);
  });

  it('follow a patch of preset and options', () => {
    const patched = (spec: CredentialSpec, patch: object) =>
      specOf(mergePatch(withoutCredentialDefaults(spec), patch) as object);
    const stored = specOf({ preset: 'moonshot', presetOptions: { region: 'cn' } });
    expect(patched(stored, { presetOptions: { region: 'intl' } }).hosts).toEqual(['api.moonshot.ai:443']);
    expect(patched(stored, { preset: 'anthropic', presetOptions: null })).toEqual(
      specOf({ preset: 'anthropic' }),
    );
    const own = specOf({ preset: 'gemini', in: 'query', hosts: ['proxy.example'] });
    expect(patched(own, {})).toEqual(own);
  });
});

describe('credentials with OAuth 2', () => {
  const oauth2 = { tokenUrl: 'https://login.example/token', clientId: 'me', clientSecret: 'very-secret' };

  function decodeOAuth2(change: object, spec: object = {}) {
    return decodeResource('Credential', {
      metadata: { name: 'c' },
      spec: { hosts: ['api.example'], oauth2: { ...oauth2, ...change }, ...spec },
    });
  }

  it('keep their secrets apart from what is shown', () => {
    const decoded = decodeOAuth2({ refreshToken: 'rt-secret' });
    expect(decoded).toMatchObject({
      value: {
        spec: { oauth2: { grant: 'refresh-token', authStyle: 'basic', scopes: [] } },
        oauth2Secrets: { clientSecret: 'very-secret', refreshToken: 'rt-secret' },
      },
    });
    if (decoded.ok) expect(JSON.stringify(decoded.value.spec)).not.toContain('secret');
    if (decoded.ok) expect(decodeResource('Credential', decoded.value)).toMatchObject({ ok: false });
  });

  it.each<[string, object, object, string]>([
    ['a plain connection', { tokenUrl: 'http://login.example/token' }, {}, 'spec.oauth2.tokenUrl'],
    ['no URL', { tokenUrl: 'login.example' }, {}, 'spec.oauth2.tokenUrl'],
    ['a secret with a line break', { clientSecret: 'very-secret\n' }, {}, 'spec.oauth2.clientSecret'],
    ['a secret with white space around', { clientSecret: ' very-secret' }, {}, 'spec.oauth2.clientSecret'],
    ['a token that is not ASCII', { refreshToken: 'rt-sécret' }, {}, 'spec.oauth2.refreshToken'],
    ['a client id with a line break', { clientId: 'me\r\nx' }, {}, 'spec.oauth2.clientId'],
    ['a scope with a space', { scopes: ['a b'] }, {}, 'spec.oauth2.scopes[0]'],
    [
      'a refresh token for another grant',
      { grant: 'client-credentials', refreshToken: 'rt-secret' },
      {},
      'spec.oauth2.refreshToken',
    ],
    ['a value beside it', {}, { value: 'sk-secret' }, 'spec.value'],
    ['basic', {}, { in: 'basic' }, 'spec.in'],
    ['a typo', { tokenURL: 'x' }, {}, 'spec.oauth2.tokenURL'],
  ])('refuse %s without repeating a secret', (_case, change, spec, path) => {
    const decoded = decodeOAuth2(change, spec);
    if (decoded.ok) throw new Error('accepted');
    expect(decoded.errors.map((error) => error.path)).toEqual([path]);
    expect(JSON.stringify(decoded.errors)).not.toMatch(/-s[eé]cret/);
  });

  it('may use a plain connection to this machine', () => {
    for (const host of ['127.0.0.1:1', 'localhost', '[::1]:1']) {
      expect(decodeOAuth2({ tokenUrl: `http://${host}/token` })).toMatchObject({ ok: true });
    }
  });
});

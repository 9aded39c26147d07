import { describe, expect, it } from 'vitest';
import { decodeResource } from './decode-resource.js';

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

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostListAdmits } from './host.js';
import { parseUpstreamUrl } from './upstream-url.js';

describe('parseUpstreamUrl', () => {
  it.each([
    ['https://API.openai.com/v1', { scheme: 'https', host: 'api.openai.com', port: 443, path: '/v1' }],
    ['http://localhost:8000', { scheme: 'http', host: 'localhost', port: 8000, path: '' }],
    ['https://example.com/', { scheme: 'https', host: 'example.com', port: 443, path: '' }],
    ['http://[2001:DB8::0:1]:81/a/b/', { scheme: 'http', host: '[2001:db8::1]', port: 81, path: '/a/b' }],
    ['http://127.0.0.1:65535/x', { scheme: 'http', host: '127.0.0.1', port: 65_535, path: '/x' }],
  ])('reads %s', (text, url) => {
    expect(parseUpstreamUrl(text)).toEqual({ value: url });
  });

  it.each([
    'https://user:password@example.com/',
    'https://user@example.com',
    'https://example.com@evil.com',
    'https:\\\\example.com',
    'https://example.com\\@evil.com',
    'https://example.com/a\\b',
    'https:example.com',
    'https:///example.com',
    'ftp://example.com',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'example.com',
    '',
    'https://',
    'https://:443/',
    'https://example.com:0',
    'https://example.com:99999',
    'https://example.com:0443',
    'https://example.com:+443',
    'https://example.com./',
    'https://ex ample.com',
    'https://example.com/\r\nx: y',
    'https://example.com/\t',
    ' https://example.com',
    'https://exämple.com',
    'https://example.com/?key=1',
    'https://example.com/#x',
    'https://example.com/a//b',
    'https://example.com//',
    'https://example.com/../a',
    'https://example.com/a/.',
    'https://example.com/a%2fb',
    'https://example.com/%2e%2e/a',
    'https://example.com/a%252e',
    'https://example.com/a;b',
    'https://example.com/%zz',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://127.1/',
    'https://0177.0.0.1/',
    'https://[::1',
    'https://[::1]x/',
    'https://[fe80::1%25eth0]/',
    'https://%65xample.com/',
    `https://example.com/${'a'.repeat(3000)}`,
  ])('refuses %j', (text) => {
    expect(parseUpstreamUrl(text).problem).toEqual(expect.any(String));
  });

  it('understands what it accepts as the URL standard does', () => {
    const piece = fc.constantFrom(
      'http',
      'https',
      '://',
      '/',
      'a',
      'B',
      '.',
      ':',
      '8',
      '0',
      '@',
      '[',
      ']',
      '::1',
      '%',
      '2e',
      '?',
      '#',
      '\\',
      '-',
      '_',
      ';',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = `http://${pieces.join('')}`;
        const { value } = parseUpstreamUrl(text);
        if (value === undefined) return;
        const url = new URL(text);
        expect(value.host).toBe(url.hostname);
        expect(String(value.port)).toBe(url.port === '' ? '80' : url.port);
        expect(value.path).toBe(url.pathname.replace(/\/$/, ''));
        expect(url.username + url.password + url.search + url.hash).toBe('');
      }),
      { numRuns: 5000 },
    );
  });
});

describe('hostListAdmits', () => {
  it('compares whole hosts, with or without port', () => {
    expect(hostListAdmits(['api.openai.com'], 'api.openai.com', 443)).toBe(true);
    expect(hostListAdmits(['api.openai.com:8443'], 'api.openai.com', 443)).toBe(false);
    expect(hostListAdmits(['openai.com'], 'api.openai.com', 443)).toBe(false);
    expect(hostListAdmits(['api.openai.com'], 'api.openai.com.evil.com', 443)).toBe(false);
    expect(hostListAdmits([], 'api.openai.com', 443)).toBe(false);
  });
});

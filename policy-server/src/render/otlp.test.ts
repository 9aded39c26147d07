import { describe, expect, it } from 'vitest';
import { renderBootstrap } from './bootstrap.js';
import { parseOtlpEndpoint, type TracingOptions } from './otlp.js';

const base = { service: 'gateway', percent: 100 };

function bootstrap(tracing?: TracingOptions): string {
  return JSON.stringify(
    renderBootstrap({
      nodeId: 'gateway-0',
      bind: '127.0.0.1',
      port: 18080,
      concurrency: 2,
      sockets: { admin: '/run/admin.sock', ads: '/run/ads.sock', gateway: '/run/gateway.sock' },
      ...(tracing === undefined ? {} : { tracing }),
    }),
  );
}

describe('parseOtlpEndpoint', () => {
  it.each([
    ['http://127.0.0.1:4318', false, '127.0.0.1', 4318, 'http://127.0.0.1:4318/v1/traces'],
    ['http://[::1]:4318/', false, '::1', 4318, 'http://[::1]:4318/v1/traces'],
    [
      'https://collector.example.com',
      true,
      'collector.example.com',
      443,
      'https://collector.example.com/v1/traces',
    ],
    ['http://collector/otlp//', false, 'collector', 80, 'http://collector/otlp/v1/traces'],
  ])('takes %s', (text, secure, host, port, tracesUrl) => {
    expect(parseOtlpEndpoint(text)).toEqual({ secure, host, port, tracesUrl });
  });

  it.each([
    'collector:4318',
    '127.0.0.1:4318',
    'grpc://collector:4317',
    'file:///etc/passwd',
    'http://',
    'http://user:sk-secret@collector',
    'http://collector/?key=sk-secret',
    'http://collector/#sk-secret',
    `http://collector/${'sk-secret'.repeat(200)}`,
    'not a URL with sk-secret',
  ])('refuses %s without quoting it', (text) => {
    const parse = (): unknown => parseOtlpEndpoint(text);
    expect(parse).toThrow(RangeError);
    expect(parse).not.toThrow(/sk-secret/);
  });
});

describe('the bootstrap', () => {
  it('has nothing of tracing unless it is asked for', () => {
    expect(bootstrap()).not.toMatch(/otlp|tracing/);
  });

  it('verifies an https receiver by name or address', () => {
    const named = bootstrap({ ...base, endpoint: 'https://collector.example.com', caBundle: '/ca.pem' });
    expect(named).toContain('"sni":"collector.example.com"');
    expect(named).toContain('"san_type":"DNS","matcher":{"exact":"collector.example.com"}');
    const address = bootstrap({ ...base, endpoint: 'https://[2001:db8::1]', caBundle: '/ca.pem' });
    expect(address).toContain('"san_type":"IP_ADDRESS","matcher":{"exact":"2001:db8::1"}');
    expect(address).not.toContain('"sni"');
    expect(() => bootstrap({ ...base, endpoint: 'https://collector.example.com' })).toThrow('CA bundle');
  });
});

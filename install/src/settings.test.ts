import { describe, expect, it } from 'vitest';
import { cacheFolder, gatewayPortOf, homeFolder, minimalEnvironment, runSettings } from './settings.js';

describe('settings', () => {
  it('takes what the environment says, then what the home remembers, then the default', () => {
    const settings = runSettings({ HICLAW_API_PORT: '19001' }, { apiPort: 1, gatewayPort: 19_080 });
    expect(settings).toMatchObject({ apiPort: 19_001, gatewayPort: 19_080, bind: '127.0.0.1', replicas: 1 });
    expect(settings.concurrency).toBeGreaterThanOrEqual(1);
    expect(settings.concurrency).toBeLessThanOrEqual(4);
    expect(gatewayPortOf(settings, 2)).toBe(19_280);
  });

  it.each([
    [{ HICLAW_GATEWAY_PORT: '0' }, /HICLAW_GATEWAY_PORT must be an integer from 1 to 65535/],
    [{ HICLAW_GATEWAY_PORT: '65500', HICLAW_GATEWAY_REPLICAS: '2' }, /leaves no room for 2 replicas/],
    [
      { HICLAW_API_PORT: '18180', HICLAW_GATEWAY_REPLICAS: '2' },
      /18180 is also the port of gateway replica 1/,
    ],
    [{ HICLAW_BIND: 'localhost' }, /HICLAW_BIND must be an IP address/],
    [{ HICLAW_GATEWAY_REPLICAS: '17' }, /HICLAW_GATEWAY_REPLICAS/],
    [{ HICLAW_LOG_LEVEL: 'loud' }, /HICLAW_LOG_LEVEL must be one of/],
    [{ HICLAW_OTLP_ENDPOINT: 'collector:4318' }, /HICLAW_OTLP_ENDPOINT must be a URL such as/],
    [{ HICLAW_OTLP_ENDPOINT: 'http://key@collector' }, /HICLAW_OTLP_ENDPOINT must be a URL without user/],
    [{ HICLAW_OTLP_ENDPOINT: 'http://c', HICLAW_TRACE_PERCENT: '0' }, /HICLAW_TRACE_PERCENT/],
    [{ HICLAW_OTLP_ENDPOINT: 'http://c', HICLAW_TRACE_SERVICE: 'a\nb' }, /HICLAW_TRACE_SERVICE/],
    [{ HICLAW_OTLP_ENDPOINT: 'https://c', HICLAW_OTLP_CA_FILE: 'ca.pem' }, /HICLAW_OTLP_CA_FILE/],
  ])('refuses %j', (environment, message) => {
    expect(() => runSettings(environment)).toThrow(message);
  });

  it('traces only when told to, and remembers that until told otherwise', () => {
    expect(runSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }).tracing).toBeNull();
    const first = runSettings({ HICLAW_OTLP_ENDPOINT: 'http://127.0.0.1:4318', HICLAW_TRACE_PERCENT: '10' });
    expect(first.tracing).toEqual({
      endpoint: 'http://127.0.0.1:4318',
      service: 'hiclaw-gateway',
      percent: 10,
      caFile: null,
    });
    expect(runSettings({}, first).tracing).toEqual(first.tracing);
    expect(runSettings({ HICLAW_OTLP_ENDPOINT: 'none' }, first).tracing).toBeNull();
  });

  it('refuses a home in which Unix sockets do not fit', () => {
    expect(homeFolder({ HICLAW_HOME: '/tmp/h' }, '/clone')).toBe('/tmp/h');
    expect(homeFolder({}, '/clone')).toBe('/clone/.hiclaw');
    expect(() => homeFolder({ HICLAW_HOME: `/${'x'.repeat(100)}` }, '/clone')).toThrow(/bytes too long/);
  });

  it('shares the cache among clones', () => {
    expect(cacheFolder({ HICLAW_CACHE: '/c' })).toBe('/c');
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/hiclaw');
  });

  it('passes on nothing that could be a secret', () => {
    expect(minimalEnvironment({ PATH: '/bin', OPENAI_API_KEY: 'sk', AWS_SECRET_ACCESS_KEY: 'x' })).toEqual({
      PATH: '/bin',
    });
  });
});

import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from './api.fixture.js';

let api: TestApi;
let scrapeToken: string;
beforeAll(async () => {
  api = await TestApi.start();
  scrapeToken = readFileSync(join(api.home, 'keys', 'metrics-token'), 'utf8').trim();
});
afterAll(() => api[Symbol.asyncDispose]());

const PAGES = ['/metrics/usage', '/metrics/gateways'];

describe('metrics that name routes', () => {
  it.each(PAGES)('%s: for the token of metrics or an admin', async (path) => {
    for (const token of [scrapeToken, undefined]) {
      const page = await api.send({ path, ...(token === undefined ? {} : { token }) });
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    }
    const wrong = ['', 'x', scrapeToken.slice(1), `${scrapeToken}0`, scrapeToken.replace(/./g, '0')];
    for (const token of [null, ...wrong]) {
      const refused = await api.send({ path, token });
      expect(refused.status, String(token)).toBe(401);
      expect(refused.text).not.toContain('hiclaw_');
    }
  });

  it('have a token that opens nothing else and only its owner can read', async () => {
    for (const path of ['/api/v1/consumers', '/api/v1/gateways', '/api/v1/usage']) {
      expect((await api.send({ path, token: scrapeToken })).status).toBe(401);
    }
    expect(statSync(join(api.home, 'keys', 'metrics-token')).mode & 0o777).toBe(0o600);
  });

  it('say which connected gateway cannot be read, in bounded time', async () => {
    const base = { envoyVersion: '1', appliedPolicyVersion: null, lastError: null };
    api.gateways.replicas = [
      { ...base, id: 'silent', connected: true },
      { ...base, id: 'lost', connected: false },
    ];
    const { text } = await api.send({ path: '/metrics/gateways' });
    expect(text).toContain('hiclaw_gateway_scrape_up{replica="silent"} 0\n');
    expect(text).not.toContain('lost');
  });

  it('come from the admin sockets, known families only', async () => {
    const socket = join(api.home, 'run', 'fake-admin.sock');
    const asked: string[] = [];
    const admin = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('envoy_server_live{} 1\nenvoy_other{consumer="alice"} 1\n');
    });
    await new Promise<void>((resolve) => admin.listen(socket, resolve));
    try {
      api.gateways.adminSocket = socket;
      const { text } = await api.send({ path: '/metrics/gateways' });
      expect(text).toContain('envoy_server_live{replica="silent"} 1\n');
      expect(text).not.toMatch(/envoy_other|alice/);
      expect(asked[0]).toMatch(/^\/stats\/prometheus\?usedonly&filter=/);
    } finally {
      api.gateways.adminSocket = null;
      admin.close();
    }
  });
});

describe('the metrics of the policy server', () => {
  /** Everything else would grow with consumers or with what clients send. */
  const BOUNDED = new Set([
    ...['method', 'route', 'status', 'action', 'kind', 'dry_run', 'complete', 'le'],
    ...['provider', 'outcome', 'replica', 'version', 'type', 'space', 'major', 'minor', 'patch', 'quantile'],
    ...['result', 'reason', 'state', 'outcome'],
  ]);

  it('have labels that are bounded: none of a consumer, a path or a token', async () => {
    await api.put('/consumers/metered', {});
    const { token } = (await api.post('/consumers/metered/tokens')).body;
    await api.get('/consumers/metered?secret=query-text');
    await api.send({ path: '/no-such-path/metered', method: 'BREW' });
    const pages = await Promise.all(
      ['/metrics', ...PAGES].map(async (path) => (await api.send({ path })).text),
    );
    const text = pages.join('');
    for (const free of ['metered', token, token.slice(4, 20), 'query-text', 'no-such-path', 'BREW']) {
      expect(text).not.toContain(free);
    }
    const labels = [...text.matchAll(/[{,]([a-zA-Z_]\w*)="/g)].map(([, name = '']) => name);
    expect([...new Set(labels)].filter((name) => !BOUNDED.has(name))).toEqual([]);
  });
});

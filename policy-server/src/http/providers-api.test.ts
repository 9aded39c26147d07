import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAuthorizationServer } from '../oauth/oauth.fixture.js';
import { until } from '../xds/envoy.fixture.js';
import { TestApi } from './api.fixture.js';

let api: TestApi;
let baseUrl = '';
let port = 0;
let requests = 0;
let release: (() => void) | null = null;
let hold = false;

const provider = createServer((request, response) => {
  requests++;
  const known = request.headers.authorization === 'Bearer sk-very-real';
  const send = () => {
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
    const refused = { error: { message: `no such key: ${request.headers.authorization ?? ''}` } };
    response.end(JSON.stringify(known ? { data: [{ id: 'm' }], choices: [] } : refused));
  };
  if (hold) release = send;
  else send();
});

beforeAll(async () => {
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  port = (provider.address() as AddressInfo).port;
  baseUrl = `http://127.0.0.1:${port}/v1`;
  api = await TestApi.start();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  provider.closeAllConnections();
  await new Promise((resolve) => provider.close(resolve));
});

async function put(name: string, value: string, hosts: readonly string[]): Promise<void> {
  await api.put(`/credentials/${name}`, { spec: { value, hosts } });
  const answer = await api.put(`/providers/${name}`, { spec: { baseUrl, credential: name } });
  expect([200, 201]).toContain(answer.status);
}

describe('POST /providers/{name}/test', () => {
  it('tells that a provider answers, and records who asked', async () => {
    await put('good', 'sk-very-real', ['127.0.0.1']);
    const answer = await api.post('/providers/good/test', {});
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ ok: true, model: 'm', error: null });
    const { items } = (await api.get('/audit?action=provider.test')).body;
    expect(items[0]).toMatchObject({
      name: 'good',
      actor: 'tester',
      changes: [{ path: 'test', after: 'ok' }],
    });
  });

  it('says what is wrong without a part of the key', async () => {
    await put('bad', 'sk-other-secret-value', ['127.0.0.1']);
    const answer = await api.post('/providers/bad/test');
    expect(answer.body).toMatchObject({ ok: false, error: { code: 'key-refused' } });
    expect(answer.text).not.toMatch(/other-secret|secret-value/);
  });

  it('sends a credential nowhere but to its hosts', async () => {
    await put('elsewhere', 'sk-very-real', ['api.openai.com']);
    const before = requests;
    const { body } = await api.post('/providers/elsewhere/test');
    expect(body).toMatchObject({ ok: false, error: { code: 'not-served' } });
    expect(body.error?.hint).toContain('CredentialHostMismatch');
    expect(requests).toBe(before);
  });

  it('calls no forbidden address', async () => {
    await api.put('/providers/metadata', { spec: { baseUrl: 'http://169.254.169.254/latest' } });
    const { body } = await api.post('/providers/metadata/test');
    expect(body).toMatchObject({ ok: false, error: { code: 'not-served' } });
    expect(body.error?.hint).toContain('AddressForbidden');
  });

  it('says that a key stands where the provider does not look', async () => {
    await api.put('/credentials/misplaced', { spec: { value: 'sk-1', hosts: ['api.anthropic.com'] } });
    await api.put('/providers/misplaced', { spec: { preset: 'anthropic', credential: 'misplaced' } });
    const { body } = await api.post('/providers/misplaced/test');
    expect(body.error?.hint).toMatch(/CredentialPlacementMismatch.*x-api-key/);
  });

  it('is for admins, for providers that exist, and takes nothing else', async () => {
    const path = '/api/v1/providers/good/test';
    expect((await api.send({ method: 'POST', path, token: null })).status).toBe(401);
    expect((await api.post('/providers/nothing/test')).status).toBe(404);
    const typo = await api.post('/providers/good/test', { modle: 'm' });
    expect(typo.text).toContain('did you mean \\"model\\"');
    expect((await api.post('/providers/good/test', { model: 'a*' })).status).toBe(400);
    expect((await api.get('/providers/good/test')).status).toBe(405);
  });

  it('runs one test of a provider at a time, and few in a minute', async () => {
    hold = true;
    const first = api.post('/providers/good/test');
    await until(() => release);
    expect((await api.post('/providers/good/test')).status).toBe(429);
    hold = false;
    release?.();
    expect((await first).body.ok).toBe(true);
    const statuses: number[] = [];
    for (let count = 0; count < 31; count++) statuses.push((await api.post('/providers/good/test')).status);
    expect(statuses.at(-1)).toBe(429);
    api.clock.advance(61_000);
    expect((await api.post('/providers/good/test')).status).toBe(200);
  });
});

describe('a patch of a preset', () => {
  it('brings what follows from it', async () => {
    await api.put('/providers/regional', { spec: { preset: 'moonshot', presetOptions: { region: 'cn' } } });
    const patched = await api.patch('/providers/regional', { spec: { presetOptions: { region: 'intl' } } });
    expect(patched.body.spec).toMatchObject({ baseUrl: 'https://api.moonshot.ai/v1' });
  });
});

describe('a credential with OAuth 2', () => {
  it('is given a token, shows its state, and never its secrets', async () => {
    await using server = await startAuthorizationServer();
    const oauth2 = { tokenUrl: server.tokenUrl, clientId: 'me', clientSecret: 'client-secret' };
    const made = await api.put('/credentials/oauth', { spec: { hosts: ['127.0.0.1'], oauth2 } });
    expect(made.status).toBe(201);
    const conditionOf = async () => {
      const { conditions } = (await api.get('/credentials/oauth')).body.status;
      return conditions?.find(({ type }) => type === 'Fresh');
    };
    await until(async () => (await conditionOf())?.reason === 'TokenFresh');
    const shown = await api.get('/credentials/oauth');
    expect(shown.body.status).toMatchObject({ valueVersion: 1 });
    const { items } = (await api.get('/audit?name=oauth')).body;
    expect(items.map(({ action }) => action)).toEqual(['token.renew', 'create']);
    const metrics = await api.send({ path: '/metrics', token: null });
    expect(`${made.text}${shown.text}${metrics.text}${JSON.stringify(items)}`).not.toMatch(
      /client-secret|access-token/,
    );
    await api.restart();
    expect(await conditionOf()).toMatchObject({ status: 'True' });
    expect(server.calls).toHaveLength(1);
  });

  it('needs its secrets once, and a value when it becomes another one', async () => {
    const oauth2 = { tokenUrl: 'http://127.0.0.1:9/token', clientId: 'me' };
    const spec = { hosts: ['127.0.0.1'], oauth2 };
    expect((await api.put('/credentials/bare', { spec })).text).toContain('spec.oauth2.clientSecret');
    const given = { ...spec, oauth2: { ...oauth2, clientSecret: 's' } };
    expect((await api.put('/credentials/bare?dryRun=true', { spec: given })).status).toBe(201);
    expect((await api.put('/credentials/bare', { spec: given })).status).toBe(201);
    expect((await api.put('/credentials/bare', { spec })).status).toBe(200);
    expect((await api.put('/credentials/bare', { spec: { hosts: ['127.0.0.1'] } })).text).toContain(
      'spec.value',
    );
    const plain = { hosts: ['127.0.0.1'], value: 'sk-1' };
    expect((await api.put('/credentials/bare', { spec: plain })).status).toBe(200);
    expect((await api.put('/credentials/bare', { spec })).text).toContain('spec.oauth2.clientSecret');
    expect((await api.delete('/credentials/bare')).status).toBe(204);
  });
});

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '@hiclaw/service-kit';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';
import { ScriptedGateways, SPECS, TestApi } from './http/api.fixture.js';
import { createPolicyServer } from './server.js';
import { silentLog, temporaryDirectory } from './store/store.fixture.js';

function filesBelow(path: string): string[] {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('a policy server', () => {
  it('keeps everything over a restart, and its files to its owner', async () => {
    await using api = await TestApi.start();
    await api.put('/credentials/openai', { spec: SPECS.credential });
    await api.put('/llm-routes/chat', { spec: { ...SPECS.llmRoute, allowedConsumers: ['alice'] } });
    await api.put('/consumers/alice', {});
    await api.post('/consumers/alice/tokens');
    await api.post('/consumers/alice/revoke');
    const before = api.server.store.resources();
    await api.restart();
    expect(api.server.store.resources()).toEqual(before);
    for (const file of filesBelow(api.home)) expect([file, statSync(file).mode & 0o077]).toEqual([file, 0]);
    expect(statSync(join(api.home, 'keys')).mode & 0o777).toBe(0o700);
  });

  it('writes no secret to log, database or any other file but its keys', async () => {
    const lines: string[] = [];
    const log = createLogger({
      name: 'test',
      level: 'trace',
      destination: { write: (line: string) => void lines.push(line) },
    });
    await using api = await TestApi.start(log);
    const secret = 'sk-very-real-0123456789';
    await api.put('/credentials/openai', { spec: { ...SPECS.credential, value: secret } });
    await api.put('/credentials/openai', { spec: { value: secret, hosts: ['x'], valeu: secret } });
    await api.send({
      method: 'PUT',
      path: '/api/v1/credentials/openai',
      raw: `{"spec":{"value":"${secret}"`,
    });
    await api.send({ method: 'PUT', path: `/api/v1/credentials/openai?value=${secret}`, body: {} });
    await api.send({ path: '/api/v1/consumers', token: secret });
    await api.put('/consumers/alice', {});
    const token = (await api.post('/consumers/alice/tokens')).body.token;
    const admin = readFileSync(join(api.home, 'admin-token'), 'utf8').trim();
    await api.post('/vault/rotate');
    expect(lines.length).toBeGreaterThan(5);
    const places = [
      lines.join(''),
      ...filesBelow(api.home)
        .filter((file) => !file.endsWith('admin-token'))
        .map((file) => readFileSync(file, 'latin1')),
    ];
    for (const place of places) {
      for (const hidden of [secret, token, token.slice(4), admin]) expect(place.includes(hidden)).toBe(false);
    }
  });

  it('leaves nothing running when it cannot start', async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home.path, 'keys'), { mode: 0o700 });
    writeFileSync(join(home.path, 'keys', 'admin-signing.jwk'), '{"d":"very-secret"}', { mode: 0o600 });
    const config = { ...readConfig({ HICLAW_API_PORT: '0' }), home: home.path };
    const overrides = { log: silentLog, createGateways: () => Promise.resolve(new ScriptedGateways()) };
    await expect(createPolicyServer(config, overrides)).rejects.toThrow(/not an Ed25519 key; delete it/);
    writeFileSync(join(home.path, 'keys', 'admin-signing.jwk'), '', { mode: 0o600 });
    await expect(createPolicyServer(config, overrides)).rejects.not.toThrow(/in use by another process/);
    home.remove();
  });

  it('says which port is taken', async () => {
    await using api = await TestApi.start();
    const home = temporaryDirectory();
    const config = { ...readConfig({ HICLAW_API_PORT: new URL(api.server.url).port }), home: home.path };
    const started = createPolicyServer(config, {
      log: silentLog,
      createGateways: () => Promise.resolve(new ScriptedGateways()),
    });
    await expect(started).rejects.toThrow(/is taken; set HICLAW_API_PORT/);
    home.remove();
  });
});

describe('readConfig', () => {
  it('has defaults and names what is wrong', () => {
    expect(readConfig({})).toMatchObject({
      apiPort: 18_001,
      gatewayPort: 18_080,
      bind: '127.0.0.1',
      logLevel: 'info',
      maxBodyBytes: 16_777_216,
    });
    expect(() => readConfig({ HICLAW_API_PORT: '70000' })).toThrow(/HICLAW_API_PORT/);
    expect(() => readConfig({ HICLAW_LOG_LEVEL: 'loud' })).toThrow(/HICLAW_LOG_LEVEL/);
  });
});

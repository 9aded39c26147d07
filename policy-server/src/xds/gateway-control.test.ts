import { stat } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { call, makeHome } from './envoy.fixture.js';
import { createGatewayControl } from './gateway-control.js';
import { MemoryStore } from './memory-store.fixture.js';
import { digestOf, ResourceSetBuilder } from './resource-set.fixture.js';

const code = { path: '/plugin.wasm', sha256: '0'.repeat(64) };
const settings = { plugins: { keyAuth: code, credentialInjection: code } };

function storeWithRoute(): MemoryStore {
  const builder = new ResourceSetBuilder().provider('p', 'https://api.example.com/v1').consumer('alice');
  return new MemoryStore(builder.llmRoute('chat', 'p', ['*']).grant('alice', 'llm-routes', 'chat'));
}

/** After everything that this turn of the event loop scheduled. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

describe('createGatewayControl', () => {
  it('compiles once per turn of the event loop, with the last write', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    await using control = await createGatewayControl(store.options(home.path, settings));
    await control.start();
    expect(control.status()).toMatchObject({ policyVersion: 1, compilations: 1, problems: [] });
    for (let i = 0; i < 100; i++) store.commit((builder) => builder.consumer('alice', {}, i % 2 === 0));
    await nextTurn();
    expect(control.status()).toMatchObject({ policyVersion: 101, compilations: 2 });
    store.commit((builder) => builder.consumer('bob'));
    await nextTurn();
    expect(control.status()).toMatchObject({ policyVersion: 102, compilations: 3 });
  });

  it('tells conditions of what was just written', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    await using control = await createGatewayControl(store.options(home.path, settings));
    await control.start();
    expect(control.conditions('LlmRoute', 'chat')).toMatchObject([{ type: 'Accepted', status: 'True' }]);
    store.commit((builder) => builder.providers.delete('p'));
    expect(control.conditions('LlmRoute', 'chat')).toMatchObject([
      { status: 'False', reason: 'ProviderNotFound' },
    ]);
    expect(control.conditions('LlmRoute', 'none')).toEqual([]);
    expect(control.conditions('Worker', 'chat')).toEqual([]);
    await nextTurn();
    expect(control.status().compilations).toBe(2);
  });

  it('keeps the last good policy when a state must not be served, and says why', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    await using control = await createGatewayControl(store.options(home.path, settings));
    await control.start();
    const digest = digestOf('token of alice');
    store.commit((builder) =>
      builder.consumer('bob').withTokens('bob', [{ id: 't', consumer: 'bob', digest, expiresAt: 0 }]),
    );
    await nextTurn();
    expect(control.status()).toMatchObject({ policyVersion: 1, problems: [{ code: 'digest-repeated' }] });
    store.commit((builder) => builder.consumers.delete('bob'));
    await nextTurn();
    expect(control.status()).toMatchObject({ policyVersion: 3, problems: [] });
  });

  it('compiles again when a price comes in force, and not before', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    await using control = await createGatewayControl(store.options(home.path, settings));
    await control.start();
    const fromMs = (Math.floor(Date.now() / 1000) + 2) * 1000;
    store.commit((builder) => {
      const provider = builder.providers.get('p')!;
      const from = new Date(fromMs).toISOString();
      const price = { model: '*', from, inputPerMillion: '1', outputPerMillion: '2' };
      builder.providers.set('p', { ...provider, spec: { ...provider.spec, prices: [price] } });
    });
    await nextTurn();
    expect(control.status().compilations).toBe(2);
    await expect.poll(() => control.status().compilations, { timeout: 10_000 }).toBe(3);
    expect(Date.now()).toBeGreaterThanOrEqual(fromMs);
  });

  it('survives a stage that throws', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    const options = store.options(home.path, settings);
    let broken = false;
    const resources = () => {
      const set = options.resources();
      return broken ? { ...set, consumers: null as unknown as typeof set.consumers } : set;
    };
    await using control = await createGatewayControl({ ...options, resources });
    await control.start();
    broken = true;
    store.commit(() => undefined);
    await nextTurn();
    expect(control.status()).toMatchObject({ policyVersion: 1, problems: [{ code: 'compile-failed' }] });
    expect(control.conditions('LlmRoute', 'chat')).toMatchObject([{ status: 'True' }]);
    broken = false;
    const version = store.commit(() => undefined);
    await nextTurn();
    expect(control.status()).toMatchObject({ policyVersion: version, problems: [] });
  });

  it('listens on sockets that are only for this user, in place of what a killed process left', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    const options = store.options(home.path, settings);
    for (let round = 0; round < 2; round++) {
      await using control = await createGatewayControl(options);
      await control.start();
      for (const socket of Object.values(options.sockets)) {
        expect((await stat(socket)).mode & 0o777).toBe(0o600);
      }
      const socketPath = options.sockets.gateway;
      expect((await call({ socketPath, path: '/applied' })).status).toBe(405);
      expect((await call({ socketPath, path: '/applied', method: 'POST' })).status).toBe(400);
      const path = '/applied?plugin=key-auth&version=1&vm=0123456789abcdef';
      const headers = { 'x-hiclaw-node': 'gateway-0' };
      expect((await call({ socketPath, path, method: 'POST', headers })).status).toBe(404);
    }
  });

  it('answers at once when there is no gateway to wait for', async () => {
    await using home = await makeHome();
    const store = storeWithRoute();
    await using control = await createGatewayControl(store.options(home.path, settings));
    await control.start();
    expect(await control.applied(5, 60_000)).toEqual([]);
    expect(control.list()).toEqual([]);
  });
});

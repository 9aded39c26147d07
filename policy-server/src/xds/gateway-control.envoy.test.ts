import { formatToken, tokenDigest } from '@hiclaw/policy-image';
import { describe, expect, it } from 'vitest';
import { SEALING_ENVIRONMENT } from './control-plane.fixture.js';
import {
  makeHome,
  type Reply,
  type RunningEnvoy,
  startEnvoy,
  startUpstream,
  until,
} from './envoy.fixture.js';
import { createGatewayControl, type GatewayControl } from './gateway-control.js';
import { MemoryStore } from './memory-store.fixture.js';
import { ResourceSetBuilder } from './resource-set.fixture.js';

const TOKENS = ['alice', 'bob'].map((name, index) => ({
  name,
  text: formatToken(new Uint8Array(32).fill(index + 1)),
}));

/** Two workers that may use one model, each with a token. */
function storeOf(port: number): MemoryStore {
  const builder = new ResourceSetBuilder()
    .credential('openai', ['127.0.0.1'])
    .credential('alice-own', ['127.0.0.1'])
    .provider('openai', `http://127.0.0.1:${port}/base`, { credential: 'openai', models: ['gpt-4o'] })
    .llmRoute('chat', 'openai', ['gpt-4o'])
    .mcpServer('tools', `http://127.0.0.1:${port}/mcp`, { credential: 'openai' });
  for (const { name, text } of TOKENS) {
    const digest = tokenDigest(text);
    const own = name === 'alice' ? { 'mcp-servers/tools': 'alice-own' } : {};
    builder
      .consumer(name, { credentials: own })
      .grant(name, 'llm-routes', 'chat')
      .grant(name, 'mcp-servers', 'tools');
    builder.withTokens(name, [{ id: `t-${name}`, consumer: name, digest, expiresAt: 0 }]);
  }
  return new MemoryStore(builder);
}

function tokenOf(name: string): string {
  return TOKENS.find((token) => token.name === name)?.text ?? '';
}

function chat(envoy: RunningEnvoy, name: string): Promise<Reply> {
  return envoy.call({
    path: '/v1/chat/completions',
    headers: { authorization: `Bearer ${tokenOf(name)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [] }),
  });
}

function tools(envoy: RunningEnvoy, name: string): Promise<Reply> {
  return envoy.call({
    path: '/mcp-servers/tools/mcp',
    headers: { authorization: `Bearer ${tokenOf(name)}` },
  });
}

function keySeen(reply: Reply): string | undefined {
  expect([reply.status, reply.headers['x-hiclaw-reason']]).toEqual([200, undefined]);
  return (JSON.parse(reply.body) as { headers: Record<string, string> }).headers['authorization'];
}

async function ready(
  control: GatewayControl,
  version: number,
  gateways: readonly RunningEnvoy[],
): Promise<void> {
  await until(
    async () => {
      const replicas = await control.applied(version, 5_000);
      return replicas.length === gateways.length && replicas.every(({ applied }) => applied);
    },
    { onTimeout: () => JSON.stringify(control.list()) + gateways.map((envoy) => envoy.log()).join('\n') },
  );
}

describe('the gateway control with the real plugins', () => {
  it('serves two replicas: real keys go out, a revocation is in force everywhere once applied', async () => {
    await using home = await makeHome();
    await using upstream = await startUpstream();
    const store = storeOf(upstream.port);
    await using control = await createGatewayControl(store.options(home.path));
    await control.start();
    const environment = SEALING_ENVIRONMENT;
    await using first = await startEnvoy({ home: home.path, id: 'gateway-0', environment });
    await using second = await startEnvoy({ home: home.path, id: 'gateway-1', environment });
    const gateways = [first, second];
    await ready(control, 1, gateways);

    for (const envoy of gateways) {
      expect(keySeen(await chat(envoy, 'alice'))).toBe('Bearer sk-real-uid-openai-1');
      expect(keySeen(await tools(envoy, 'alice'))).toBe('Bearer sk-real-uid-alice-own-1');
      expect(keySeen(await tools(envoy, 'bob'))).toBe('Bearer sk-real-uid-openai-1');
    }

    const times: number[] = [];
    for (let round = 0; round < 10; round++) {
      const revoked = round % 2 === 0;
      const startMs = performance.now();
      const version = store.commit((builder) => {
        const alice = builder.consumers.get('alice')!;
        builder.consumers.set('alice', { ...alice, revoked });
      });
      const replicas = await control.applied(version, 10_000);
      times.push(performance.now() - startMs);
      expect(replicas.map(({ id, applied }) => [id, applied])).toEqual([
        ['gateway-0', true],
        ['gateway-1', true],
      ]);
      for (const envoy of gateways) {
        expect((await chat(envoy, 'alice')).status).toBe(revoked ? 401 : 200);
        expect((await chat(envoy, 'bob')).status).toBe(200);
      }
    }
    console.info(`applied by two replicas after ${times.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  });

  it('rotates an upstream key under way, and finds its gateways again after a restart', async () => {
    await using home = await makeHome();
    await using upstream = await startUpstream();
    const store = storeOf(upstream.port);
    const options = store.options(home.path);
    let control = await createGatewayControl(options);
    try {
      await control.start();
      const environment = SEALING_ENVIRONMENT;
      await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', environment });
      await ready(control, 1, [envoy]);
      const version = store.commit((builder) => builder.credential('openai', ['127.0.0.1'], {}, 2));
      expect(await control.applied(version, 10_000)).toMatchObject([{ applied: true }]);
      expect(keySeen(await chat(envoy, 'bob'))).toBe('Bearer sk-real-uid-openai-2');

      await control.stop();
      expect(keySeen(await chat(envoy, 'bob'))).toBe('Bearer sk-real-uid-openai-2');
      control = await createGatewayControl(options);
      await control.start();
      await ready(control, version, [envoy]);
      const dump = await envoy.admin('/config_dump');
      expect(dump).toContain('credential-injection');
      expect(dump).not.toContain('sk-real');
    } finally {
      await control.stop();
    }
  });

  it('keeps the gateways alive and in step through a storm of edits', async () => {
    await using home = await makeHome();
    await using upstream = await startUpstream();
    const store = storeOf(upstream.port);
    await using control = await createGatewayControl(store.options(home.path));
    await control.start();
    const environment = SEALING_ENVIRONMENT;
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', environment });
    await ready(control, 1, [envoy]);
    for (let round = 0; round < 1_000; round++) {
      store.commit((builder) => {
        const alice = builder.consumers.get('alice')!;
        builder.consumers.set('alice', { ...alice, revoked: round % 2 === 0 });
      });
      // Each in a turn of its own, so that each is compiled; a request now and then.
      await new Promise((resolve) => setImmediate(resolve));
      if (round % 50 === 0) expect((await chat(envoy, 'bob')).status).toBe(200);
    }
    await ready(control, store.policyVersion, [envoy]);
    expect((await chat(envoy, 'alice')).status).toBe(200);
    expect(control.list()).toMatchObject([{ connected: true, lastError: null }]);
    expect(envoy.process.exitCode).toBeNull();
  });
});

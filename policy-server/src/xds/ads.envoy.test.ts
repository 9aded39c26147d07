import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readManifests } from '../translate/manifests.fixture.js';
import { ControlPlane } from './control-plane.fixture.js';
import {
  buildProbePlugin,
  type EchoUpstream,
  makeHome,
  type RunningEnvoy,
  startEnvoy,
  startUpstream,
  testFile,
  until,
} from './envoy.fixture.js';
import { ResourceSetBuilder } from './resource-set.fixture.js';

/** Worker threads of each Envoy here. */
const CONCURRENCY = 2;

let buildHome: Awaited<ReturnType<typeof makeHome>>;
let plugin: string;
let upstream: EchoUpstream;
beforeAll(async () => {
  buildHome = await makeHome();
  plugin = await buildProbePlugin(buildHome.path);
  upstream = await startUpstream();
});
afterAll(async () => {
  await upstream[Symbol.asyncDispose]();
  await buildHome[Symbol.asyncDispose]();
});

let builder: ResourceSetBuilder;
beforeEach(() => {
  builder = new ResourceSetBuilder().consumer('worker-alice');
  builder.provider('local', `http://127.0.0.1:${upstream.port}/base/v3`).llmRoute('chat', 'local', ['*']);
  builder.grant('worker-alice', 'llm-routes', 'chat');
});

/** An edit that changes the key-auth image and nothing else. */
function edit(revoked: boolean): ResourceSetBuilder {
  return builder.consumer('worker-alice', {}, revoked);
}

const chat = { path: '/v1/chat/completions', headers: { 'x-test-route': 'llm-routes/chat' }, body: '{}' };

async function applied(plane: ControlPlane, version: number, envoy?: RunningEnvoy): Promise<void> {
  await until(
    async () => {
      const replicas = await plane.fleet.applied(version, 5_000);
      return replicas.length > 0 && replicas.every((replica) => replica.applied);
    },
    { onTimeout: () => `${JSON.stringify(plane.fleet.list())}\n${envoy?.log() ?? ''}` },
  );
}

async function stat(envoy: RunningEnvoy, name: string): Promise<number> {
  const text = await envoy.admin(`/stats?filter=${encodeURIComponent(`^${name}$`)}`);
  return Number(text.split(':')[1]);
}

describe('a gateway and its control plane', () => {
  it('accepts everything that is ever rendered, without a warning', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    const folder = fileURLToPath(new URL('../render/testdata', import.meta.url));
    builder = new ResourceSetBuilder();
    const set = readManifests(folder, 'everything');
    // Envoy reads certificates, and the one in the golden file is none.
    const own = set.providers.get('own-ca')!;
    const spec = { ...own.spec, caCertificates: await readFile(testFile('ca.pem'), 'utf8') };
    plane.publish({ ...set, providers: new Map(set.providers).set('own-ca', { ...own, spec }) });
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    await applied(plane, 1, envoy);
    expect(envoy.log()).not.toMatch(/warning|error|critical/);
    expect(await stat(envoy, 'server.dynamic_unknown_fields')).toBe(0);
    expect(await stat(envoy, 'server.static_unknown_fields')).toBe(0);
  });

  it('confirms a version by a VM in each worker thread and one in the main thread', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    plane.publish(builder.set());
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    await applied(plane, 1, envoy);
    plane.publish(edit(true).set());
    await applied(plane, 2, envoy);
    // A second upstream has its filter from the same subscription, not VMs of its own.
    plane.publish(builder.mcpServer('other', `http://127.0.0.1:${upstream.port}/mcp`).set());
    await applied(plane, 3, envoy);
    // More could come only now, if there were more.
    await until(async () => (await envoy.call({ path: '/' })).status > 0);
    const vmsOf = (name: string, version: bigint): number => {
      const said = plane.confirmations.filter((one) => one.plugin === name && one.version === version);
      return new Set(said.map(({ vm }) => vm)).size;
    };
    expect(vmsOf('key-auth', 1n)).toBe(CONCURRENCY + 1);
    expect(vmsOf('credential-injection', 1n)).toBe(CONCURRENCY + 1);
    expect(vmsOf('key-auth', 2n)).toBe(CONCURRENCY + 1);
    expect(vmsOf('credential-injection', 2n)).toBe(0);
    expect(vmsOf('key-auth', 3n)).toBe(CONCURRENCY + 1);
    expect(vmsOf('credential-injection', 3n)).toBe(CONCURRENCY + 1);
  });

  it('keeps the last good image when one is damaged, says so, and takes the next', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    plane.publish(builder.set());
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    await applied(plane, 1, envoy);
    plane.publishDamaged(edit(true).set(), 'key-auth');
    const replicas = await plane.fleet.applied(2, 10_000);
    expect(replicas).toMatchObject([{ id: 'gateway-0', applied: false }]);
    expect(replicas[0]?.error).toBe('it refused key-auth: Unable to create Wasm plugin key-auth');
    expect(plane.fleet.list()).toMatchObject([
      {
        appliedPolicyVersion: 1,
        connected: true,
        lastError: { resource: 'key-auth', message: 'Unable to create Wasm plugin key-auth' },
      },
    ]);
    for (let i = 0; i < 10; i++) expect((await envoy.call(chat)).status).toBe(200);
    // The other image goes on meanwhile, and the damaged one is not sent again.
    const rejected = await stat(envoy, 'extension_config_discovery.http_filter.key-auth.update_rejected');
    plane.publishDamaged(
      builder.mcpServer('m', `http://127.0.0.1:${upstream.port}/mcp`).set(),
      'credential-injection',
    );
    await until(() => plane.fleet.list()[0]?.lastError?.resource === 'credential-injection');
    expect((await envoy.call(chat)).status).toBe(200);
    plane.publish(edit(true).set());
    await applied(plane, 4, envoy);
    expect(plane.fleet.list()).toMatchObject([{ appliedPolicyVersion: 4, lastError: null }]);
    expect(rejected).toBe(1);
    expect(await stat(envoy, 'wasm.key-auth.vm_reload')).toBe(0);
  });

  it('does not listen before it has policy', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    const snapshot = plane.compile(builder.set());
    plane.fleet.publish({ ...snapshot, extensions: new Map() });
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    const discovery = 'extension_config_discovery.upstream_http_filter.credential-injection.update_attempt';
    await until(async () => (await stat(envoy, discovery)) >= 1);
    await expect(envoy.call(chat)).rejects.toThrow('ECONNREFUSED');
    plane.fleet.publish({ ...snapshot, policyVersion: 2 });
    await applied(plane, 2, envoy);
    expect((await envoy.call(chat)).status).toBe(200);
  });

  it('refuses all while its first image is damaged', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    plane.publishDamaged(builder.set(), 'key-auth');
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    const refused = await until(() => envoy.call(chat), { onTimeout: () => envoy.log() });
    expect(refused.status).toBe(503);
    expect(refused.headers['x-hiclaw-reason']).toBe('no-policy');
    expect(refused.body).toBe('{"from":"plugin"}');
    plane.publish(edit(false).set());
    await applied(plane, 2, envoy);
    expect((await envoy.call(chat)).status).toBe(200);
  });

  it('serves on while the policy server is away, and gets nothing again that it has', async () => {
    await using home = await makeHome();
    let plane = await ControlPlane.start(home.path, plugin);
    try {
      plane.publish(builder.set());
      plane.publish(edit(true).set());
      await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
      await applied(plane, 2, envoy);
      const reloads = 'extension_config_discovery.http_filter.key-auth.config_reload';
      const updates = 'cluster_manager.cds.update_success';
      const before = [await stat(envoy, reloads), await stat(envoy, updates)];

      plane = await plane.restart();
      expect((await envoy.call(chat)).status).toBe(200);
      // The store is at a later version by now, of the same content.
      plane.publish({ ...builder.set(), policyVersion: 7 });
      await applied(plane, 7, envoy);
      expect([await stat(envoy, reloads), await stat(envoy, updates)]).toEqual(before);
      expect(plane.confirmations).toEqual([]);

      plane.publish({ ...edit(false).set(), policyVersion: 8 });
      await applied(plane, 8, envoy);
      expect(await stat(envoy, reloads)).toBe((before[0] ?? 0) + 1);
      expect(plane.confirmations.every(({ plugin: name }) => name === 'key-auth')).toBe(true);
    } finally {
      await plane[Symbol.asyncDispose]();
    }
  });

  it('gets everything again after it was killed', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    plane.publish(builder.set());
    {
      await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
      await applied(plane, 1, envoy);
    }
    await until(() => plane.fleet.list()[0]?.connected === false);
    await using again = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    await until(() => plane.fleet.list()[0]?.connected);
    await applied(plane, 1, again);
    expect((await again.call(chat)).status).toBe(200);
  });

  it('follows upstreams that come, change and go', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    await using other = await startUpstream();
    const address = `http://127.0.0.1:${upstream.port}`;
    builder = new ResourceSetBuilder().consumer('worker-alice');
    plane.publish(builder.set());
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    await applied(plane, 1, envoy);
    const mcp = (name: string) =>
      envoy.call({ path: `/mcp-servers/${name}/mcp`, headers: { 'x-test-route': `mcp-servers/${name}` } });
    const seenBy = async (name: string): Promise<string> => {
      const reply = await mcp(name);
      if (reply.status !== 200) return String(reply.status);
      return String(
        (JSON.parse(reply.body) as { headers: Record<string, string> }).headers['x-seen-upstream'],
      );
    };
    let version = 1;
    const publish = async (): Promise<void> => {
      plane.publish(builder.set());
      await applied(plane, ++version, envoy);
    };

    builder.mcpServer('a', `${address}/mcp`);
    await publish();
    expect(await seenBy('a')).toBe(`mcp-servers/a 127.0.0.1:${upstream.port}`);
    // Somewhere else under the same name.
    builder.mcpServer('a', `http://127.0.0.1:${other.port}/mcp`);
    await publish();
    expect(await seenBy('a')).toBe(`mcp-servers/a 127.0.0.1:${other.port}`);
    // The only one goes in the same moment as another one comes.
    builder.mcpServers.delete('a');
    builder.mcpServer('b', `${address}/mcp`);
    await publish();
    expect(await seenBy('b')).toBe(`mcp-servers/b 127.0.0.1:${upstream.port}`);
    expect(await seenBy('a')).toBe('404');
    // None is left, then there is one again.
    builder.mcpServers.delete('b');
    await publish();
    expect(await seenBy('b')).toBe('404');
    builder.mcpServer('c', `${address}/mcp`);
    await publish();
    expect(await seenBy('c')).toBe(`mcp-servers/c 127.0.0.1:${upstream.port}`);
  });

  it('takes a thousand edits and grows neither in VMs nor much in memory', async () => {
    await using home = await makeHome();
    await using plane = await ControlPlane.start(home.path, plugin);
    for (let i = 0; i < 2_000; i++)
      builder.consumer(`worker-${i}`).grant(`worker-${i}`, 'llm-routes', 'chat');
    plane.publish(builder.set());
    await using envoy = await startEnvoy({ home: home.path, id: 'gateway-0', concurrency: CONCURRENCY });
    await applied(plane, 1, envoy);
    const memory = async (): Promise<number> => {
      const { allocated } = JSON.parse(await envoy.admin('/memory')) as { allocated: string };
      return Number(allocated);
    };
    let version = 1;
    const edits = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        plane.publish(edit(i % 2 === 0).set());
        version++;
        // Every tenth is waited for, those between are overtaken.
        if (i % 10 === 9) await applied(plane, version, envoy);
      }
      await applied(plane, version, envoy);
    };
    await edits(100);
    const before = { memory: await memory(), vms: await stat(envoy, 'wasm.wasm_vm_count') };
    await edits(900);
    expect(await stat(envoy, 'wasm.wasm_vm_count')).toBe(before.vms);
    expect((await memory()) / before.memory).toBeLessThan(1.05);
    expect(plane.fleet.list()).toMatchObject([{ appliedPolicyVersion: 1001, lastError: null }]);
    expect((await envoy.call(chat)).status).toBe(200);
  });
});

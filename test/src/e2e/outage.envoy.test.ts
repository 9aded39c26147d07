import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../network/until.js';
import { call, type Call, bearer, chat, get } from './calls.js';
import { startLoad } from './load.js';
import { type Scene, startScene } from './scene.js';

interface GatewayList {
  readonly policyVersion: number;
  readonly items: readonly {
    readonly id: string;
    readonly connected: boolean;
    readonly appliedPolicyVersion: number | null;
  }[];
}

interface ResourceBody {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

describe('when a part dies', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await startScene({ replicas: 2 });
  });
  afterEach(async () => {
    await scene[Symbol.asyncDispose]();
  });

  it('keeps every answered write, none by half, and serves all the while: policy server killed in a storm of writes', async () => {
    const { network, bob } = scene;
    const origins = network.replicas.map((replica) => replica.origin);
    const load = startLoad(100, (i) => chat(origins[i % 2] ?? '', bob, 'gpt-3.5-turbo'));
    const answered = new Set<string>();
    let storming = true;
    const writer = async (writer: number): Promise<void> => {
      for (let i = 0; storming; i++) {
        const name = `storm-${writer}-${i}`;
        const spec = {
          path: '/v1',
          models: [name],
          targets: [{ provider: 'pretend' }],
          allowedConsumers: ['worker-alice', 'worker-bob'],
        };
        const body = { apiVersion: 'hiclaw.io/v1beta1', kind: 'LlmRoute', metadata: { name }, spec };
        const { status } = await network.admin
          .request('PUT', `/llm-routes/${name}`, { body })
          .catch(() => ({ status: 0 }));
        if (status === 200 || status === 201) answered.add(name);
      }
    };
    const writers = [0, 1, 2, 3, 4, 5].map(writer);
    await until(() => answered.size > 100, { withinMs: 30_000 });
    await network.policyServer.kill();
    storming = false;
    await Promise.all(writers);
    const callsWhenDown = load.calls.length;
    await until(() => load.calls.length > callsWhenDown + 100, { withinMs: 20_000 });

    await network.policyServer.restart();
    await until(
      async () => {
        const { policyVersion, items } = (await network.admin.request('GET', '/gateways'))
          .body as GatewayList;
        return (
          items.length === 2 &&
          items.every((one) => one.connected && one.appliedPolicyVersion === policyVersion)
        );
      },
      { withinMs: 10_000, onTimeout: () => network.logs() },
    );

    const stored = new Map<string, ResourceBody>();
    let next = '';
    do {
      const page = await network.admin.request('GET', `/llm-routes?limit=200${next}`);
      const { items, metadata } = page.body as { items: ResourceBody[]; metadata?: { continue?: string } };
      for (const item of items) stored.set(item.metadata.name, item);
      next = metadata?.continue === undefined ? '' : `&continue=${encodeURIComponent(metadata.continue)}`;
    } while (next !== '');
    expect([...answered].filter((name) => !stored.has(name))).toEqual([]);
    // A route and its grants are one write: both are there or neither is.
    for (const [name, { spec }] of stored) {
      if (name.startsWith('storm-')) expect(spec['allowedConsumers']).toEqual(['worker-alice', 'worker-bob']);
    }
    await load.stop();
    expect(new Set(load.calls.map((one) => one.status))).toEqual(new Set([200]));
  });

  it('admits nothing before policy is in force: Envoy killed and restarted', async () => {
    const { network, alice, bob } = scene;
    const [replica] = network.replicas;
    if (replica === undefined) throw new Error('no replica');
    await network.admin.revoke('worker-alice');
    await replica.kill();
    const path = '/services/query/public/x';
    const refused = startLoad(200, () => get(replica.origin, path, alice));
    const anonymous = startLoad(100, () => call(`${replica.origin}${path}`, { method: 'GET', headers: {} }));
    const denied = startLoad(100, () =>
      call(`${replica.origin}/services/query/private`, { method: 'GET', headers: bearer(bob) }),
    );
    await replica.restart();
    const admitted = await until(
      async () => ((await get(replica.origin, path, bob)).status === 200 ? true : null),
      { withinMs: 5000 },
    );
    expect(admitted).toBe(true);
    const loads = [refused, anonymous, denied];
    const counts = loads.map((load) => load.calls.length);
    await until(() => loads.every((load, i) => load.calls.length > (counts[i] ?? 0) + 50), {
      withinMs: 10_000,
    });
    await Promise.all(loads.map((load) => load.stop()));
    const statuses = (calls: readonly Call[]): number[] =>
      [...new Set(calls.map((one) => one.status))].sort();
    // 0: connection refused; 503: no policy yet.
    for (const load of loads)
      expect(statuses(load.calls).filter((status) => ![0, 401, 403, 503].includes(status))).toEqual([]);
    expect(scene.echo.requests.every((request) => !request.url.startsWith('/private'))).toBe(true);
  });

  it('says so and keeps the gateway closed when a gateway holds another sealing key', async () => {
    const { network, bob } = scene;
    // Another key on disk is what a restored or copied home looks like to Envoy.
    const replica = network.replicas[1];
    if (replica === undefined) throw new Error('no replica');
    const { readFile, writeFile } = await import('node:fs/promises');
    const key = await readFile(network.home.gatewayKeyFile, 'utf8');
    await replica.kill();
    await writeFile(network.home.gatewayKeyFile, 'ab'.repeat(32), { mode: 0o600 });
    const restarting = replica.restart().catch(() => undefined);
    const error = await until(
      async () => {
        const { items } = (await network.admin.request('GET', '/gateways')).body as {
          items: { id: string; lastError: { message: string } | null }[];
        };
        return items.find((one) => one.id === 'gateway-1')?.lastError ?? null;
      },
      { withinMs: 15_000, onTimeout: () => network.logs() },
    );
    expect(error.message).not.toContain('ab'.repeat(8));
    await writeFile(network.home.gatewayKeyFile, key, { mode: 0o600 });
    const { status } = await get(replica.origin, '/services/query/public/x', bob);
    expect([0, 500, 503]).toContain(status);
    expect(scene.echo.requests.filter((request) => !request.url.includes('key='))).toEqual([]);
    await restarting;
  });
});

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Replica } from '../network/network.js';
import { chat } from './calls.js';
import { startLoad } from './load.js';
import { type Scene, startScene } from './scene.js';

const WARM_UP = 300;
const EDITS = 1200;

async function residentBytes({ envoy }: Replica): Promise<number> {
  const status = await readFile(`/proc/${envoy.process.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024;
}

describe('many policy edits', () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
  });

  it('are in force one by one, leave the gateway as it was and lose no request', async () => {
    const { network, alice, bob } = scene;
    const [replica] = network.replicas;
    if (replica === undefined) throw new Error('no replica');
    const load = startLoad(50, () => chat(replica.origin, alice, 'gpt-4o'));
    const edit = async (index: number): Promise<void> => {
      const models = index % 2 === 0 ? ['gpt-4o'] : ['gpt-3.5-turbo'];
      const path = '/llm-routes/chat/allowedConsumers/worker-bob?wait=applied';
      const { status } = await network.admin.request('PUT', path, { body: { models } });
      if (status !== 200) throw new Error(`edit ${index}: ${status}`);
      if (index % 100 === 0) {
        expect((await chat(replica.origin, bob, 'gpt-4o')).status).toBe(200);
        expect((await chat(replica.origin, bob, 'gpt-3.5-turbo')).status).toBe(403);
      }
    };
    for (let i = 0; i < WARM_UP; i++) await edit(i);
    const before = await residentBytes(replica);
    for (let i = 0; i < EDITS; i++) await edit(i);
    const after = await residentBytes(replica);
    await load.stop();
    expect(after / before).toBeLessThan(1.05);
    expect(new Set(load.calls.map((one) => one.status))).toEqual(new Set([200]));
    const wasm = await replica.envoy.admin.stats(/wasm\./);
    expect([...wasm].filter(([name, value]) => /reload|crash|fail/i.test(name) && value > 0)).toEqual([]);
  });
});

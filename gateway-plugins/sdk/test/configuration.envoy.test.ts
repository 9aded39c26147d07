import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Envoy, fetchAnswer, until } from './envoy.js';
import { built } from './sink.js';
import { startUpstream } from './upstream.js';

const wasm = built('test-kitchen-sink');
let envoy: Envoy;
let version = 0;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  const upstream = await startUpstream();
  closers.push(upstream.close);
  envoy = await Envoy.start({
    listeners: { sink: { wasm, configuration: 'first', dynamic: true } },
    clusters: { upstream: upstream.port },
  });
  closers.push(() => envoy.stop());
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function ask(op: string): Promise<string> {
  return (await fetchAnswer({ port: envoy.port('sink') }, { headers: { 'x-op': op } })).body;
}

async function push(configuration: string): Promise<void> {
  version++;
  await envoy.push('sink', { wasm, configuration }, String(version));
}

async function pushAndWait(configuration: string): Promise<void> {
  await push(configuration);
  await until(`configuration ${configuration}`, async () =>
    (await ask('configuration')) === `${configuration}|of the vm` ? true : undefined,
  );
}

describe('configurations in Envoy', () => {
  it('come into force without a restart, each in its own plugin context', async () => {
    expect(await ask('configuration')).toBe('first|of the vm');
    for (let i = 0; i < 50; i++) await pushAndWait(`configuration ${i}`);
    // Shared data outlives a plugin context; nothing else of the old ones is left.
    await until('old contexts to go', async () => ((await ask('live')) === '2' ? true : undefined));
  });

  it('are refused as a whole, and the last good one stays', async () => {
    await pushAndWait('good');
    await push('refuse');
    await until('the refusal', async () =>
      Number(await envoy.stat('extension_config_discovery.http_filter.plugin.config_reload')) > 0 &&
      (await envoy.admin('/stats?filter=plugin.*update_rejected')).includes(': 1')
        ? true
        : undefined,
    );
    expect(await ask('configuration')).toBe('good|of the vm');
    await pushAndWait('better');
  });
});

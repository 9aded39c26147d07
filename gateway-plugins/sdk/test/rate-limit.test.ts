import { describe, expect, it } from 'vitest';
import { createHost, loadModule, type PluginContext } from '@hiclaw/proxy-wasm-host';
import { built, requestWith, start } from './sink.js';

const configuration = JSON.stringify({ header: 'x-client', requests: 2, windowMs: 1000 });

function send(plugin: PluginContext, client: string): number {
  const stream = plugin.createStream();
  stream.requestHeaders(requestWith({ 'x-client': client }), { endStream: true });
  const status = stream.localResponse?.status ?? 200;
  stream.end();
  return status;
}

describe('example rate-limit', () => {
  it('counts each client over all workers and starts again with each window', async () => {
    const host = createHost();
    const module = await loadModule(built('rate-limit'));
    const [one, two] = [0, 1].map(() => host.createVm(module).createPlugin({ configuration }));
    if (one === undefined || two === undefined) throw new Error('no plugins');
    expect([send(one, 'a'), send(two, 'a'), send(one, 'a'), send(two, 'a'), send(two, 'b')]).toEqual([
      200, 200, 429, 429, 200,
    ]);
    expect(host.metrics.value('rate_limit_refused')).toBe(2n);
    host.advance(1000);
    expect(send(two, 'a')).toBe(200);
  });

  it.each([
    '',
    '{}',
    '{"header":"x","requests":1,"windowMs":0}',
    '{"header":"x","requests":"1","windowMs":1}',
  ])('refuses %j', async (text) => {
    expect((await start('rate-limit', { plugin: { configuration: text } })).plugin.accepted).toBe(false);
  });
});

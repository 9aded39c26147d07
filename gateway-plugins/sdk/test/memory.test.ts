import { describe, expect, it } from 'vitest';
import type { HttpStream, PluginContext, Vm } from '@hiclaw/proxy-wasm-host';
import { operate, requestWith, start } from './sink.js';

const WARM_UP = 2_000;
const CALLS = 100_000;

/** Grows by nothing after the warm-up. */
function expectFlat(vm: Vm, run: () => void, calls = CALLS): void {
  for (let i = 0; i < WARM_UP; i++) run();
  const before = vm.memorySize;
  for (let i = 0; i < calls; i++) run();
  expect(vm.memorySize).toBe(before);
}

function withBody(plugin: PluginContext, op: string, body: string): HttpStream {
  const stream = plugin.createStream();
  stream.requestHeaders(requestWith({ 'x-op': op }));
  stream.requestBody(body, { endStream: true });
  return stream;
}

describe('memory stays flat', { timeout: 300_000 }, () => {
  it.each([
    ['header-get', CALLS],
    ['shared-data', CALLS],
    ['levels', CALLS],
    ['header-pairs', 10_000],
    ['property', 10_000],
    ['metrics', 10_000],
    ['environment', 10_000],
    ['local', 10_000],
  ])('%s, %d requests', async (op, calls) => {
    const { plugin, vm, host } = await start('test-kitchen-sink', {
      vm: { environment: { SINK_TEXT: 'x' } },
    });
    const run = (): void => {
      operate(plugin, op, { 'x-in': 'x', 'x-many': ['a', 'b'] }).end();
      host.logs.length = 0;
    };
    expectFlat(vm, run, calls);
  });

  it('HTTP calls', async () => {
    const { plugin, vm, host } = await start('test-kitchen-sink');
    expectFlat(
      vm,
      () => {
        const stream = operate(plugin, 'http-call', { 'x-cluster': 'callee' });
        host.httpCallouts[0]?.respond({ body: 'b' });
        host.httpCallouts.length = 0;
        stream.end();
      },
      20_000,
    );
  });

  it('bodies that are read and set', async () => {
    const { plugin, vm } = await start('test-kitchen-sink');
    expectFlat(
      vm,
      () => {
        withBody(plugin, 'body-text', 'some body').end();
      },
      20_000,
    );
  });

  it('the layer for Higress plugins', async () => {
    const { plugin, vm } = await start('test-higress', {
      plugin: { configuration: '{"_rules_":[{"_match_domain_":["*.test"],"label":"x"}]}' },
    });
    expectFlat(vm, () => {
      withBody(plugin, '', 'some body').end();
    });
  });
});

describe('memory', () => {
  it('takes large bodies again and again', async () => {
    const { plugin, vm } = await start('test-kitchen-sink');
    const body = 'x'.repeat(1 << 20);
    for (let i = 0; i < 20; i++) withBody(plugin, 'body-read', body).end();
    const before = vm.memorySize;
    for (let i = 0; i < 200; i++) withBody(plugin, 'body-read', body).end();
    expect(vm.memorySize).toBe(before);
  });

  it('takes 5,000 configurations', async () => {
    const { plugin, vm } = await start('test-kitchen-sink', { plugin: { configuration: 'first' } });
    let last = plugin;
    const push = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const next = vm.createPlugin({ configuration: `${'x'.repeat(20_000)}${i}` });
        last.close();
        last = next;
      }
    };
    push(500);
    const before = vm.memorySize;
    push(5_000);
    expect(vm.memorySize).toBe(before);
  });
});

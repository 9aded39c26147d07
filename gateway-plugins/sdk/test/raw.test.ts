import { describe, expect, it } from 'vitest';
import { ask, requestWith, start, type Running } from './sink.js';

function read({ plugin }: Running, header: string): string {
  const stream = plugin.createStream();
  stream.requestHeaders(requestWith({ 'x-in': header }), { endStream: true });
  const body = Buffer.from(stream.localResponse?.body ?? '').toString();
  stream.end();
  return body;
}

describe('the raw layer', () => {
  it.each([0, 10, 16_384, 16_385, 100_000, 3_000_000])('keeps what is taken: %d bytes', async (size) => {
    const configuration = 'k'.repeat(size);
    const running = await start('test-raw', { plugin: { configuration } });
    expect(running.plugin.accepted).toBe(true);
    for (const length of [10, 20_000, 100, 70_000])
      expect(read(running, 'x'.repeat(length))).toBe(configuration);
  });

  it('neither leaks nor grows', async () => {
    const running = await start('test-raw', { plugin: { configuration: 'x' } });
    const churn = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const next = running.vm.createPlugin({ configuration: 'c'.repeat(1 + (i % 3) * 100_000) });
        read({ ...running, plugin: next }, 'h'.repeat(1 + (i % 5) * 20_000));
        next.close();
      }
    };
    churn(100);
    const before = running.vm.memorySize;
    churn(5_000);
    expect(running.vm.memorySize).toBe(before);
  });
});

describe('a module with two plugins', () => {
  it('chooses by root_id', async () => {
    const { plugin, vm } = await start('test-two-plugins', { plugin: { rootId: 'two' } });
    expect(ask(plugin, '')).toBe('two');
    expect(ask(vm.createPlugin({ rootId: 'one' }), '')).toBe('one');
    expect(() => vm.createPlugin({ rootId: 'three' })).toThrow();
  });
});

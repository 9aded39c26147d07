import { describe, expect, it } from 'vitest';
import { startProcess } from './process.js';
import { until } from './until.js';

const node = (code: string): Parameters<typeof startProcess>[0] => ({
  name: 'child',
  command: process.execPath,
  args: ['-e', code],
  env: { ONLY: 'this' },
});

describe('a managed process', () => {
  it('keeps its output and inherits no environment', async () => {
    await using child = await startProcess(
      node('console.log(Object.keys(process.env).join()); console.error("to stderr")'),
    );
    await until(() => !child.running, { withinMs: 10_000 });
    expect(child.log()).toMatch(/^ONLY\n/m);
    expect(child.log()).toContain('to stderr');
    expect(child.log()).toContain('[child: ended with 0]');
  });

  it('is gone after stop, and stopping again is harmless', async () => {
    const child = await startProcess(node('setInterval(() => {}, 1000)'));
    expect(child.running).toBe(true);
    await child.stop();
    expect(child.running).toBe(false);
    await child.stop();
  });

  it('rejects when the program is not there', async () => {
    await expect(startProcess({ ...node(''), command: '/no/such/program' })).rejects.toThrow(/ENOENT/);
  });
});

import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { Machine } from './result.js';

export function describeMachine(envoyBinary: string): Machine {
  const version =
    /\/(\d+\.\d+\.\d+)\//.exec(execFileSync(envoyBinary, ['--version']).toString())?.[1] ?? 'unknown';
  return {
    cpu: (cpus()[0]?.model ?? 'unknown').trim(),
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    envoy: version,
    commit: commit(),
  };
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=10'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .toString()
      .trim();
  } catch {
    return '';
  }
}

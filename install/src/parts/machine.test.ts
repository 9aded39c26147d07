import { expect, it } from 'vitest';
import { hasEnvoyWheel } from './machine.js';

it.each([
  [{ platform: 'linux', arch: 'x64', glibc: '2.31', release: '6.1' }, true],
  [{ platform: 'linux', arch: 'arm64', glibc: '2.39', release: '6.1' }, true],
  [{ platform: 'linux', arch: 'x64', glibc: '2.28', release: '4.18' }, false],
  [{ platform: 'linux', arch: 'x64', glibc: null, release: '6.1' }, false],
  [{ platform: 'linux', arch: 's390x', glibc: '2.36', release: '6.1' }, false],
  [{ platform: 'darwin', arch: 'arm64', glibc: null, release: '24.1.0' }, true],
  [{ platform: 'darwin', arch: 'arm64', glibc: null, release: '23.6.0' }, false],
  [{ platform: 'win32', arch: 'x64', glibc: null, release: '10' }, false],
] as const)('knows for which machines there is a wheel of Envoy: %j', (machine, expected) => {
  expect(hasEnvoyWheel(machine)).toBe(expected);
});

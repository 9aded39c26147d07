import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../progress.js';
import { findHermes, findPythonSdks } from './python-tools.js';

describe('Python parts', () => {
  let folder: string;
  let bin: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hiclaw-python-'));
    bin = join(folder, 'bin');
    mkdirSync(bin);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** A python3 whose `pip install` does what `install` says; `$target` is the folder and `$lock` the requirements. */
  function python(version: string, install: string): void {
    const script = [
      `case "$*" in`,
      `  "-m pip --version") exit 0;;`,
      `  --version) echo "Python ${version}"; exit 0;;`,
      `esac`,
      `while [ $# -gt 0 ]; do case "$1" in --target) target=$2;; -r) lock=$2;; esac; shift; done`,
      install,
    ];
    writeFileSync(join(bin, 'python3'), `#!/bin/sh\n${script.join('\n')}\n`, { mode: 0o755 });
  }

  const options = (): Parameters<typeof findPythonSdks>[0] => ({
    environment: { PATH: [bin, '/usr/bin', '/bin'].join(delimiter), HICLAW_CACHE: join(folder, 'cache') },
    terminal: quiet,
  });

  it('installs what the requirements file pins, once, and points Python at it', async () => {
    const log = join(folder, 'installs');
    python(
      '3.11.7',
      `echo "$lock" >> ${log}; mkdir -p "$target/anthropic"; : > "$target/anthropic/__init__.py"`,
    );
    const first = await findPythonSdks(options());
    expect(first.python).toBe('python3');
    expect(first.env['PYTHONPATH']).toMatch(/-python3\.11$/);
    expect(readdirSync(first.env['PYTHONPATH'] ?? '')).toEqual(['anthropic']);
    expect(await findPythonSdks(options())).toEqual(first);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      expect.stringMatching(/python-sdks\/requirements\.txt$/),
    ]);
  });

  it('says which Python it needs', async () => {
    python('3.10.2', 'exit 1');
    await expect(findHermes(options())).rejects.toMatchObject({
      code: 'PYTHON_MISSING',
      message: expect.stringMatching(/needs Python 3\.11 or newer.*python3 is 3\.10/) as string,
    });
    rmSync(join(bin, 'python3'));
    const environment = { PATH: bin, HICLAW_CACHE: join(folder, 'cache') };
    await expect(findHermes({ environment, terminal: quiet })).rejects.toThrow(/there is none on PATH/);
  });

  it('says what pip said, and tells a wrong package from a missing network', async () => {
    python('3.11.7', 'echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"; exit 1');
    await expect(findPythonSdks(options())).rejects.toMatchObject({ code: 'PIP_HASH_MISMATCH' });
    python('3.11.7', 'echo "ERROR: Could not find a version"; exit 1');
    await expect(findPythonSdks(options())).rejects.toMatchObject({ code: 'PIP_INSTALL', retryable: true });
    expect(readdirSync(join(folder, 'cache'))).toEqual([]);
  });
});

it.each(['hermes', 'litellm', 'python-sdks'])('pins every package of %s with version and hash', (lock) => {
  const file = fileURLToPath(new URL(`../../parts/${lock}/requirements.txt`, import.meta.url));
  const packages = readFileSync(file, 'utf8')
    .split(/\n(?=\S)/)
    .map((line) => line.trim());
  expect(packages.length).toBeGreaterThan(5);
  for (const line of packages) {
    expect(line).toMatch(/^[a-z0-9][a-z0-9._-]*(?:\[[a-z,-]+\])?==\S+/i);
    expect(line).toContain('--hash=sha256:');
  }
});

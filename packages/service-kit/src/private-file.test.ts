import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPrivateFile,
  ensureKeyFile,
  ensurePrivateDirectory,
  readPrivateFile,
  writePrivateFile,
} from './private-file.js';

describe('private files', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hiclaw-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('makes a key once and gives it again', () => {
    const path = join(directory, 'keys', 'gateway.key');
    const key = ensureKeyFile(path, 32);
    expect(key.expose()).toHaveLength(32);
    expect(ensureKeyFile(path, 32).expose().equals(key.expose())).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'keys')).mode & 0o777).toBe(0o700);
    expect(readFileSync(path, 'latin1')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('refuses a key that others may read', () => {
    const path = join(directory, 'gateway.key');
    ensureKeyFile(path, 32);
    chmodSync(path, 0o640);
    expect(() => ensureKeyFile(path, 32)).toThrow(/mode 0640/);
  });

  it.each([
    ['empty', ''],
    ['short', 'ab'.repeat(31)],
    ['not hexadecimal', 'zz'.repeat(32)],
  ])('refuses a key file that is %s', (_name, content) => {
    const path = join(directory, 'gateway.key');
    writeFileSync(path, content, { mode: 0o600 });
    expect(() => ensureKeyFile(path, 32)).toThrow(/does not hold a key of 32 bytes/);
  });

  it('replaces a file in one step and leaves nothing else behind', () => {
    const path = join(directory, 'token');
    writePrivateFile(path, 'one');
    writePrivateFile(path, 'two');
    expect(readPrivateFile(path)?.toString()).toBe('two');
    expect(createPrivateFile(path, 'three')).toBe(false);
    expect(readPrivateFile(path)?.toString()).toBe('two');
    expect(readdirSync(directory)).toEqual(['token']);
  });

  it('closes an empty folder to others, and leaves one alone that may serve them', () => {
    const path = join(directory, 'home');
    mkdirSync(path, { mode: 0o755 });
    ensurePrivateDirectory(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    writeFileSync(join(path, 'theirs'), '');
    chmodSync(path, 0o755);
    expect(() => ensurePrivateDirectory(path)).toThrow(/open to others and not empty/);
    expect(statSync(path).mode & 0o777).toBe(0o755);
  });

  it('says null for a file that is not there', () => {
    expect(readPrivateFile(join(directory, 'nothing'))).toBeNull();
  });
});

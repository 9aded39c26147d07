import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uninstall } from './commands/uninstall.js';
import type { CommandContext } from './commands/context.js';
import {
  claimHome,
  type HomePaths,
  homePaths,
  isOurHome,
  rememberedSettings,
  rememberSettings,
} from './home.js';
import { quiet } from './progress.js';
import { runSettings } from './settings.js';

describe('home', () => {
  let folder: string;
  let paths: HomePaths;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hiclaw-'));
    paths = homePaths(join(folder, 'home'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function context(environment: Record<string, string>): CommandContext {
    return { environment, repository: folder, paths, terminal: quiet, clock: { nowMs: () => 0 } };
  }

  it('is made for its owner alone and remembers what it runs with', () => {
    claimHome(paths);
    expect(statSync(paths.home).mode & 0o777).toBe(0o700);
    expect(isOurHome(paths)).toBe(false);
    rememberSettings(paths, runSettings({ HICLAW_API_PORT: '19001' }));
    expect(isOurHome(paths)).toBe(true);
    expect(rememberedSettings(paths).apiPort).toBe(19_001);
    claimHome(paths);
  });

  it('is not taken when it holds other things', () => {
    mkdirSync(paths.home);
    writeFileSync(join(paths.home, 'thesis.tex'), '');
    expect(() => {
      claimHome(paths);
    }).toThrow(/holds files that are not HiClaw's/);
  });

  it('is removed only when it is ours, and only what is ours', async () => {
    mkdirSync(paths.home);
    writeFileSync(join(paths.home, 'policy.db'), '');
    await expect(uninstall(context({ YES: '1' }))).rejects.toMatchObject({ code: 'HOME_NOT_OURS' });
    expect(existsSync(join(paths.home, 'policy.db'))).toBe(true);
    rememberSettings(paths, runSettings({}));
    writeFileSync(join(paths.home, 'thesis.tex'), '');
    await expect(uninstall(context({}))).rejects.toMatchObject({ code: 'NOT_CONFIRMED' });
    await uninstall(context({ YES: '1' }));
    expect(existsSync(join(paths.home, 'thesis.tex'))).toBe(true);
    expect(existsSync(join(paths.home, 'policy.db'))).toBe(false);
    rmSync(join(paths.home, 'thesis.tex'));
    rememberSettings(paths, runSettings({}));
    await uninstall(context({ YES: '1' }));
    expect(existsSync(paths.home)).toBe(false);
  });
});

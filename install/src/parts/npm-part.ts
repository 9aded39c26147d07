import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '@hiclaw/service-kit';
import type { Environment } from '../settings.js';
import type { Part } from './part.js';
import { lastLines, runProgram } from './run-installer.js';

/** Folder of the package.json and lock file of each npm part; the lock pins the hash of every package. */
const LOCK_FOLDERS = fileURLToPath(new URL('../../parts', import.meta.url));

/** A part from the npm registry, with all it depends on, installed as its lock file says and without running scripts. */
export interface NpmPartOptions {
  readonly name: string;
  readonly version: string;
  /** Name of the folder with the lock file. */
  readonly lock: string;
  /** Relative to node_modules. */
  readonly entry: string;
  readonly size: string;
  readonly environment: Environment;
}

export function npmPart({ name, version, lock, entry, size, environment }: NpmPartOptions): Part {
  return {
    name,
    version,
    size,
    entry: join('node_modules', entry),
    async install(into) {
      for (const file of ['package.json', 'package-lock.json']) {
        copyFileSync(join(LOCK_FOLDERS, lock, file), join(into, file));
      }
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--engine-strict=false'];
      const { code, output, missing } = await runProgram('npm', ['ci', ...flags], {
        cwd: into,
        env: { ...environment },
      });
      if (code === 0) return;
      throw new GatewayError(
        'NPM_INSTALL',
        missing
          ? `${name} ${version} comes from npm, but there is no npm on PATH; install npm and run this again.`
          : `${name} ${version} could not be installed from npm. Check the network (npm's registry and proxy settings apply) and run this again. npm said:\n${lastLines(output, 6)}`,
        { retryable: !missing },
      );
    },
  };
}

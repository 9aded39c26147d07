import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '@hiclaw/service-kit';
import type { Part } from './part.js';
import { isHashMismatch, pipInstall, type Python } from './python.js';
import { lastLines } from './run-installer.js';

/** Folder of each part's requirements file, which pins version and hashes of every package. */
const LOCK_FOLDERS = fileURLToPath(new URL('../../parts', import.meta.url));

/** A part from the Python package index, with all it depends on, in a folder for `PYTHONPATH`. */
export interface PythonPartOptions {
  readonly name: string;
  readonly version: string;
  /** Name of the folder with the requirements file. */
  readonly lock: string;
  /** A file or folder that is there when the part is whole. */
  readonly entry: string;
  readonly size: string;
  /** What installs it and will run it: wheels are for one minor version of Python, and the part's version says which. */
  readonly python: Python;
  readonly env: NodeJS.ProcessEnv;
}

export function pythonPart({ name, version, lock, entry, size, python, env }: PythonPartOptions): Part {
  return {
    name,
    version: `${version}-python${python.version.join('.')}`,
    size,
    entry,
    async install(into) {
      const requirements = join(LOCK_FOLDERS, lock, 'requirements.txt');
      const { code, output } = await pipInstall({ python, env, into, requirements });
      if (code === 0) return;
      const details = `pip said:\n${lastLines(output, 6)}`;
      if (isHashMismatch(output)) {
        throw new GatewayError(
          'PIP_HASH_MISMATCH',
          `A package of ${name} ${version} that pip got is not the one pinned here; do not use this package index. ${details}`,
        );
      }
      throw new GatewayError(
        'PIP_INSTALL',
        `${name} ${version} could not be installed with pip. Check the network (pip's index and proxy settings apply) and run this again. ${details}`,
        { retryable: true },
      );
    },
  };
}

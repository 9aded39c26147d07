import { join } from 'node:path';
import { GatewayError } from '@hiclaw/service-kit';
import { ensurePart, partFolder } from './part.js';
import { pythonPart, type PythonPartOptions } from './python-part.js';
import { findPython, type Python } from './python.js';
import { type FindToolOptions, placeOf } from './tool-place.js';

export const HERMES_VERSION = '0.19.0';
export const LITELLM_VERSION = '1.106.2';

/** A set of Python packages together with the Python that runs them: run `python …` with `env` in its environment. */
export interface PythonTool {
  /** Name of the Python program on PATH. */
  readonly python: string;
  /** Lets Python see these packages, and none of the user's. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * PyPI's `openai` and `anthropic`.
 *
 * @throws GatewayError `PYTHON_MISSING`, `PIP_INSTALL`, `PIP_HASH_MISMATCH`, as do the other finders here
 */
export function findPythonSdks(options: FindToolOptions = {}): Promise<PythonTool> {
  return find(options, {
    name: 'python-sdks',
    version: 'openai-3.54.0-anthropic-2.12.0',
    lock: 'python-sdks',
    entry: join('anthropic', '__init__.py'),
    size: 'about 45 MB',
    leastPython: 10,
  });
}

/** The agent `hermes-agent`, with its MCP client; its program is the module `hermes_cli.main`. */
export function findHermes(options: FindToolOptions = {}): Promise<PythonTool> {
  return find(options, {
    name: 'hermes-agent',
    version: HERMES_VERSION,
    lock: 'hermes',
    entry: join('hermes_cli', 'main.py'),
    size: 'about 140 MB',
    leastPython: 11,
  });
}

/** The LiteLLM proxy; its program is the module `litellm`. */
export function findLiteLlm(options: FindToolOptions = {}): Promise<PythonTool> {
  return find(options, {
    name: 'litellm',
    version: LITELLM_VERSION,
    lock: 'litellm',
    entry: join('litellm', '__init__.py'),
    size: 'about 580 MB',
    leastPython: 10,
  });
}

interface Wanted extends Omit<PythonPartOptions, 'python' | 'env'> {
  /** Least minor version of Python 3 that the packages run on. */
  readonly leastPython: number;
}

async function find(options: FindToolOptions, wanted: Wanted): Promise<PythonTool> {
  const { environment, cache, terminal } = placeOf(options);
  const env = { ...environment };
  const python = await findPython(env);
  if (python === null || !isAtLeast(python, wanted.leastPython)) throw unfit(wanted, python);
  const part = pythonPart({ ...wanted, python, env });
  await ensurePart(part, { cache, terminal });
  return {
    python: python.program,
    env: { PYTHONPATH: partFolder(cache, part), PYTHONNOUSERSITE: '1', PYTHONUNBUFFERED: '1' },
  };
}

function isAtLeast({ version: [major, minor] }: Python, least: number): boolean {
  return major > 3 || (major === 3 && minor >= least);
}

function unfit({ name, version, leastPython }: Wanted, found: Python | null): GatewayError {
  const here = found === null ? 'there is none on PATH' : `${found.program} is ${found.version.join('.')}`;
  return new GatewayError(
    'PYTHON_MISSING',
    `${name} ${version} needs Python 3.${leastPython} or newer with pip, and ${here}. Install it (Debian, Ubuntu: ` +
      `"apt-get install python3-pip"; macOS: "brew install python") and run this again.`,
  );
}

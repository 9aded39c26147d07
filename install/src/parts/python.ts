import { runProgram } from './run-installer.js';

/** A Python that can install packages. */
export interface Python {
  /** Name of the program on PATH. */
  readonly program: string;
  /** Such as `[3, 11]`. */
  readonly version: readonly [major: number, minor: number];
}

/** The first Python on PATH that has pip; null when there is none. */
export async function findPython(env: NodeJS.ProcessEnv): Promise<Python | null> {
  for (const program of ['python3', 'python']) {
    const { code } = await runProgram(program, ['-m', 'pip', '--version'], { env });
    if (code !== 0) continue;
    const { output } = await runProgram(program, ['--version'], { env });
    const [, major, minor] = /Python (\d+)\.(\d+)/.exec(output) ?? [];
    return { program, version: [Number(major ?? 0), Number(minor ?? 0)] };
  }
  return null;
}

/** What pip installs, and into which folder. */
export interface PipInstall {
  readonly python: Python;
  readonly env: NodeJS.ProcessEnv;
  readonly into: string;
  /** Lists every package with its version and hashes: dependencies are not looked for. */
  readonly requirements: string;
}

/** Installs wheels only, each checked against its hash; nothing of a package runs. */
export function pipInstall({ python, env, into, requirements }: PipInstall): ReturnType<typeof runProgram> {
  const flags = [
    '--no-deps',
    '--only-binary=:all:',
    '--require-hashes',
    '--no-compile',
    '--disable-pip-version-check',
  ];
  const install = ['-m', 'pip', 'install', ...flags, '--target', into, '-r', requirements];
  return runProgram(python.program, install, { env: { ...env, PIP_USER: '0' } });
}

/** Whether pip refused a package because its hash is not the one asked for. */
export function isHashMismatch(output: string): boolean {
  return /DO NOT MATCH THE HASHES|hashes are required/i.test(output);
}

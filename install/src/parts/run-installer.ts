import { spawn } from 'node:child_process';
import { hasErrorCode } from '../error-code.js';

/** How a program ended; `missing` when there is no such program. */
export interface ProgramEnd {
  readonly code: number | null;
  /** Standard output and error together, the last 8 kB. */
  readonly output: string;
  readonly missing: boolean;
}

const KEPT_OUTPUT = 8192;

/**
 * Runs a package manager or asks a program for its version. It keeps the environment of whoever started us: that is
 * where proxies and mirrors are set.
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ProgramEnd> {
  return new Promise((settle) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (chunk: string): void => {
      output = (output + chunk).slice(-KEPT_OUTPUT);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => {
      settle({ code: null, output: error.message, missing: hasErrorCode(error, 'ENOENT') });
    });
    child.once('close', (code) => {
      settle({ code, output: output.trim(), missing: false });
    });
  });
}

/** The last lines of a program's output, indented, for an error message. */
export function lastLines(output: string, count: number): string {
  return output
    .trim()
    .split('\n')
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}

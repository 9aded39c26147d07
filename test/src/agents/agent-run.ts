import { execFile } from 'node:child_process';

/** How an agent that was asked one thing ended. */
export interface AgentRun {
  /** 0: it says it went well; -1: it was killed. */
  readonly code: number;
  readonly stdout: string;
  /** Standard output and error, for messages and for what a user would see. */
  readonly everything: string;
}

export interface AgentCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** All of its environment, beside PATH: an agent inherits no key of whoever runs the tests. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const DEADLINE_MS = 150_000;
const OUTPUT_BYTES = 16_777_216;

/** Runs an agent to its end. Never rejects: an agent that cannot start ends with -1 and says why. */
export function runAgent({ program, args, env, cwd }: AgentCommand): Promise<AgentRun> {
  const options = {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL' as const,
    maxBuffer: OUTPUT_BYTES,
  };
  return new Promise((resolve) => {
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      const failed = code === -1 ? `\n${error?.message ?? ''}` : '';
      resolve({ code, stdout, everything: `${stdout}\n${stderr}${failed}` });
    });
    // Agents that see an open pipe wait for more of the prompt.
    child.stdin?.end();
  });
}

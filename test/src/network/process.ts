import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ManagedProcessOptions {
  /** Shown with its log. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A child process whose output is kept in memory and shown only when something fails. */
export interface ManagedProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  /** The last 256 KiB of what it wrote. */
  log(): string;
  /** Sends the signal (default: SIGTERM) and waits for the end; after 10 s it is killed. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const LOG_BYTES = 262_144;
const STOP_MS = 10_000;

/** @throws Error when it cannot be started */
export async function startProcess(options: ManagedProcessOptions): Promise<ManagedProcess> {
  const child: ChildProcess = spawn(options.command, [...options.args], {
    env: { ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let log = '';
  const collect = (text: Buffer): void => {
    log = (log + text.toString('utf8')).slice(-LOG_BYTES);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  child.once('exit', (code, signal) => (log += `\n[${options.name}: ended with ${signal ?? code ?? '?'}]\n`));
  await once(child, 'spawn');
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (ended()) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(timer);
  };
  return {
    name: options.name,
    pid: child.pid ?? 0,
    get running() {
      return !ended();
    },
    log: () => log,
    stop,
    [Symbol.asyncDispose]: () => stop('SIGKILL'),
  };
}

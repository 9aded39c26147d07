import { type EnvoyAdmin, envoyAdmin } from './envoy-admin.js';
import { type ManagedProcess, startProcess } from './process.js';
import { until } from './until.js';

export interface EnvoyOptions {
  readonly name: string;
  /** Path of the Envoy binary. */
  readonly binary: string;
  /** Path of its bootstrap. */
  readonly bootstrap: string;
  readonly adminSocket: string;
  /** Worker threads. Default: 2. */
  readonly concurrency?: number;
  /** More environment variables: Envoy gets no other. */
  readonly env?: Readonly<Record<string, string>>;
  /** Keep it with all its threads on this core. */
  readonly core?: number;
}

export interface Envoy extends AsyncDisposable {
  readonly process: ManagedProcess;
  readonly admin: EnvoyAdmin;
  /** Default signal: SIGTERM. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const START_MS = 20_000;

/** @throws Error with its log when it ends or is not ready within 20 s */
export async function startEnvoy(options: EnvoyOptions): Promise<Envoy> {
  const args = ['-c', options.bootstrap, '-l', 'warning', '--use-dynamic-base-id'];
  args.push(
    '--file-flush-interval-msec',
    '50',
    '--concurrency',
    String(options.concurrency ?? 2),
    '--drain-time-s',
    '1',
    '--parent-shutdown-time-s',
    '2',
  );
  const pinned = options.core === undefined ? [] : ['taskset', '-c', String(options.core)];
  const [command = options.binary, ...rest] = [...pinned, options.binary, ...args];
  const process = await startProcess({ name: options.name, command, args: rest, env: options.env ?? {} });
  const admin = envoyAdmin(options.adminSocket);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    await admin.close();
    await process.stop(signal);
  };
  try {
    await until(async () => !process.running || (await admin.ready()), {
      withinMs: START_MS,
      onTimeout: () => process.log(),
    });
    if (!process.running) throw new Error(`${options.name} ended at once:\n${process.log()}`);
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  return { process, admin, stop, [Symbol.asyncDispose]: () => stop('SIGKILL') };
}

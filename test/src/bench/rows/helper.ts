import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { GATEWAY_CORE, spawnPinned } from '../cores.js';
import type { Helper } from './row.js';

/**
 * Starts a small server of the benchmark, which reports its port over IPC once it listens.
 *
 * @param core default: the gateway's, since a server that does part of the gateway's work shares its budget
 * @throws Error when it ends before
 */
export async function startHelper(
  module: URL,
  env: Readonly<Record<string, string>>,
  core = GATEWAY_CORE,
): Promise<Helper> {
  const file = fileURLToPath(module);
  const child = spawnPinned(core, process.execPath, [file], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', resolve as (message: unknown) => void);
    child.once('exit', (code) => reject(new Error(`${file}: ended with ${code ?? 'a signal'}`)));
  });
  return {
    pid: child.pid ?? 0,
    port,
    [Symbol.asyncDispose]: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { GATEWAY_CORE, spawnPinned } from '../cores.js';
import type { Helper } from './row.js';

/**
 * Starts one of the servers beside this file on the gateway's core: it does part of the gateway's work, so it shares the
 * gateway's budget. The server reports its port over IPC once it listens.
 *
 * @throws Error when it ends before
 */
export async function startHelper(module: string, env: Readonly<Record<string, string>>): Promise<Helper> {
  const file = fileURLToPath(new URL(module, import.meta.url));
  const child = spawnPinned(GATEWAY_CORE, process.execPath, [file], {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', resolve as (message: unknown) => void);
    child.once('exit', (code) => reject(new Error(`${module}: ended with ${code ?? 'a signal'}`)));
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

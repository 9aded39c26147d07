import { once } from 'node:events';
import { LOAD_CORE, spawnPinned } from '../cores.js';

/**
 * Runs a module of the benchmark on the load core: sends it one job over IPC, passes its messages on, and resolves with
 * what `onMessage` made of the last one.
 *
 * @param onMessage gives `undefined` for messages that are not the result
 * @throws Error when the process ends without a result
 */
export async function runPinnedJob<Result>(
  file: URL,
  job: object,
  onMessage: (message: unknown) => Result | undefined,
): Promise<Result> {
  const child = spawnPinned(LOAD_CORE, process.execPath, [file.pathname], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = once(child, 'exit');
  const answer = new Promise<Result>((resolve, reject) => {
    child.on('message', (message) => {
      const result = onMessage(message);
      if (result !== undefined) resolve(result);
    });
    child.once('exit', (code) =>
      reject(new Error(`${file.pathname}: ended with ${code ?? 'a signal'}, no result`)),
    );
  });
  child.send(job);
  const result = await answer;
  await ended;
  return result;
}

import { main } from 'assemblyscript/asc';
import path from 'node:path';

/**
 * Compiles an AssemblyScript entry file (relative to the folder of its plugin) with the options of the release build.
 *
 * @throws Error with the compiler's messages.
 */
export async function compilePlugin(folder: string, entry: string): Promise<Uint8Array> {
  const written = new Map<string, Uint8Array>();
  const messages: string[] = [];
  const { error } = await main(
    [entry, '--config', 'asconfig.json', '--target', 'release', '--baseDir', folder, '--outFile', 'out.wasm'],
    {
      writeFile: (name, contents) => {
        if (typeof contents !== 'string') written.set(path.basename(name), Uint8Array.from(contents));
      },
      stderr: { write: (text) => messages.push(String(text)) > 0 },
    },
  );
  const wasm = written.get('out.wasm');
  if (error !== null || wasm === undefined) {
    throw new Error(`${folder}/${entry} does not compile: ${messages.join('')}`, { cause: error });
  }
  return wasm;
}

import { main } from 'assemblyscript/asc';
import path from 'node:path';

/**
 * Compiles an AssemblyScript entry file (relative to the folder of its plugin) with the options of the release build.
 *
 * @throws Error with the compiler's messages.
 */
export async function compilePlugin(folder: string, entry: string): Promise<Uint8Array<ArrayBuffer>> {
  let wasm: Uint8Array<ArrayBuffer> | null = null;
  const { error, stderr } = await main(
    [entry, '--config', 'asconfig.json', '--target', 'release', '--baseDir', folder, '--outFile', 'out.wasm'],
    {
      writeFile: (name, contents) => {
        if (path.basename(name) === 'out.wasm' && typeof contents !== 'string')
          wasm = Uint8Array.from(contents);
      },
    },
  );
  if (error !== null || wasm === null) {
    throw new Error(`${folder}/${entry} does not compile: ${stderr.toString()}`, { cause: error });
  }
  return wasm;
}

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

const PLUGINS = path.resolve(import.meta.dirname, '../..');
const CONTRACTS = path.resolve(PLUGINS, '../packages/policy-image/src');

async function newestSource(plugin: string): Promise<number> {
  let newest = 0;
  const folders = ['policy', 'sdk', plugin].map((name) => path.join(PLUGINS, name, 'assembly'));
  for (const folder of folders) {
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile()) continue;
      newest = Math.max(newest, (await stat(path.join(entry.parentPath, entry.name))).mtimeMs);
    }
  }
  for (const file of ['layout.ts', 'oracle/refusal-texts.ts']) {
    newest = Math.max(newest, (await stat(path.join(CONTRACTS, file))).mtimeMs);
  }
  return newest;
}

/**
 * Path of a plugin as it is shipped.
 *
 * @throws Error when it was not built since its sources changed.
 */
export async function builtPlugin(name: 'key-auth' | 'credential-injection'): Promise<string> {
  const file = path.join(PLUGINS, name, 'build', `${name}.wasm`);
  const built = await stat(file).catch(() => null);
  if (built === null || built.mtimeMs < (await newestSource(name))) {
    throw new Error(`${file} is missing or older than its sources; run: npm run build -w @hiclaw/${name}`);
  }
  return file;
}

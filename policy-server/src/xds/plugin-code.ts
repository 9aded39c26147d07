import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { GatewayError } from '@hiclaw/service-kit';
import type { PluginCode, RenderSettings } from '../render/settings.js';

/**
 * The compiled plugins, copied into a folder under a name that says their content: Envoy reads the file at each push, and
 * what it reads must not change while a new release is built or installed in the same place.
 *
 * @throws GatewayError `PLUGIN_MISSING`
 */
export async function installPlugins(folder: string): Promise<RenderSettings['plugins']> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const [keyAuth, credentialInjection] = await Promise.all([
    installPlugin(folder, 'key-auth'),
    installPlugin(folder, 'credential-injection'),
  ]);
  return { keyAuth, credentialInjection };
}

async function installPlugin(folder: string, name: string): Promise<PluginCode> {
  const code = await readBuiltPlugin(`@hiclaw/${name}/plugin.wasm`);
  const sha256 = createHash('sha256').update(code).digest('hex');
  const installed = path.join(folder, `${name}-${sha256.slice(0, 16)}.wasm`);
  const unfinished = `${installed}.${process.pid}`;
  await writeFile(unfinished, code, { mode: 0o600 });
  await rename(unfinished, installed);
  return { path: installed, sha256 };
}

async function readBuiltPlugin(specifier: string): Promise<Buffer> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(specifier));
  } catch (cause) {
    const message = `the plugin ${specifier} is not built; run "npm run build:plugins"`;
    throw new GatewayError('PLUGIN_MISSING', message, { cause });
  }
}

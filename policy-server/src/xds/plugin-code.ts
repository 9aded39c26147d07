import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { GatewayError } from '@hiclaw/service-kit';
import type { PluginCode, RenderSettings } from '../render/settings.js';

/**
 * The compiled plugins.
 *
 * @throws GatewayError `PLUGIN_MISSING`
 */
export async function findPlugins(): Promise<RenderSettings['plugins']> {
  const require = createRequire(import.meta.url);
  const [keyAuth, credentialInjection] = await Promise.all([
    readPlugin(require, '@hiclaw/key-auth/plugin.wasm'),
    readPlugin(require, '@hiclaw/credential-injection/plugin.wasm'),
  ]);
  return { keyAuth, credentialInjection };
}

/** A compiled plugin at this path. */
export async function readPluginCode(path: string): Promise<PluginCode> {
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { path, sha256 };
}

async function readPlugin(require: NodeJS.Require, specifier: string): Promise<PluginCode> {
  try {
    return await readPluginCode(require.resolve(specifier));
  } catch (cause) {
    const message = `the plugin ${specifier} is not built; run "npm run build:plugins"`;
    throw new GatewayError('PLUGIN_MISSING', message, { cause });
  }
}

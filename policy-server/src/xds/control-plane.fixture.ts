import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createLogger, Secret, systemClock } from '@hiclaw/service-kit';
import { renderExtension } from '../render/extension.js';
import type { PluginName } from '../render/names.js';
import type { PluginCode, RenderSettings } from '../render/settings.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ResourceSet } from '../store/resource-set.js';
import { AdsServer } from './ads-server.js';
import { findCaBundle } from './ca-bundle.js';
import { CallbackServer, type Confirmation } from './callback-server.js';
import { type Codec, loadCodec } from './codec.js';
import { type Compiled, createCompiler } from './compiler.js';
import { Fleet } from './fleet.js';
import { installPlugins } from './plugin-code.js';

let codec: Codec | undefined;

/** Of the Envoys that use the real plugins. */
export const SEALING_ENVIRONMENT = { HICLAW_GATEWAY_KEY: '00'.repeat(32) };

/** The gateway side without a store: tests publish what they like, damaged policy too. */
export class ControlPlane implements AsyncDisposable {
  readonly fleet = new Fleet(systemClock);
  readonly confirmations: Confirmation[] = [];
  readonly #home: string;
  readonly #settings: RenderSettings;
  readonly #compile: (set: ResourceSet) => Compiled;
  readonly #ads: AdsServer;
  readonly #callbacks: CallbackServer;

  private constructor(home: string, settings: RenderSettings) {
    this.#home = home;
    this.#settings = settings;
    this.#compile = createCompiler({
      maxBodyBytes: 16_777_216,
      openCredential: () => new Secret('real'),
      nowMs: () => 0,
      certificateProblem: () => null,
      sealingKey: new Secret<Uint8Array>(new Uint8Array(32)),
      render: settings,
    });
    const log = createLogger({ name: 'test', level: 'silent' });
    this.#ads = new AdsServer((codec ??= loadCodec()), this.fleet, log);
    this.#callbacks = new CallbackServer((confirmation) => {
      this.confirmations.push(confirmation);
      const { node, plugin, vm, version } = confirmation;
      return this.fleet.confirm(node, plugin, vm, version);
    });
  }

  /** @param plugin path of the stand-in for both plugins; absent: the real ones */
  static async start(home: string, plugin?: string): Promise<ControlPlane> {
    const code = plugin === undefined ? null : await readPluginCode(plugin);
    const plane = new ControlPlane(home, {
      bufferBytes: 16_777_216 + 1_048_576,
      caBundlePath: await findCaBundle(path.join(home, 'ca-bundle.pem')),
      plugins:
        code === null
          ? await installPlugins(path.join(home, 'plugins'))
          : { keyAuth: code, credentialInjection: code },
    });
    await plane.#callbacks.listen(path.join(home, 'gateway.sock'));
    await plane.#ads.listen(path.join(home, 'ads.sock'));
    return plane;
  }

  compile(set: ResourceSet): Snapshot {
    const { snapshot, problems } = this.#compile(set);
    if (snapshot === null) throw new Error(JSON.stringify(problems));
    return snapshot;
  }

  publish(set: ResourceSet): Snapshot {
    const snapshot = this.compile(set);
    this.fleet.publish(snapshot);
    return snapshot;
  }

  /** Publishes a snapshot whose image of this plugin is damaged. */
  publishDamaged(set: ResourceSet, plugin: PluginName): Snapshot {
    const snapshot = this.compile(set);
    const messages = [
      renderExtension(plugin, Buffer.from(`damaged at ${set.policyVersion}`), this.#settings),
    ];
    const hash = String(set.policyVersion).padStart(32, '0');
    const damaged = { type: 'envoy.config.core.v3.TypedExtensionConfig', name: plugin, hash, messages };
    const extensions = new Map(snapshot.extensions).set(plugin, {
      ...damaged,
      imageVersion: BigInt(set.policyVersion),
    });
    const published = { ...snapshot, extensions };
    this.fleet.publish(published);
    return published;
  }

  /** As if the policy server was started anew with what its store holds. */
  async restart(): Promise<ControlPlane> {
    await this[Symbol.asyncDispose]();
    const plane = new ControlPlane(this.#home, this.#settings);
    await plane.#callbacks.listen(path.join(this.#home, 'gateway.sock'));
    await plane.#ads.listen(path.join(this.#home, 'ads.sock'));
    return plane;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ads[Symbol.asyncDispose]();
    await this.#callbacks[Symbol.asyncDispose]();
  }
}

async function readPluginCode(file: string): Promise<PluginCode> {
  const code = await readFile(file);
  return { path: file, sha256: createHash('sha256').update(code).digest('hex') };
}

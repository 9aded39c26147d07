import type { Secret } from '@hiclaw/service-kit';
import { findProblems, type Problem } from '../invariants/invariants.js';
import { renderExtension, renderExtensionFrame } from '../render/extension.js';
import { renderListener } from '../render/listener.js';
import { CREDENTIAL_INJECTION, KEY_AUTH, type PluginName } from '../render/names.js';
import { createRenderer } from '../render/render.js';
import type { NodeSettings, RenderSettings } from '../render/settings.js';
import type { EnvoyMessage } from '../render/json.js';
import { createImageWriter, type Image } from '../snapshot/images.js';
import { buildSnapshot, type RenderedExtension, type Snapshot } from '../snapshot/snapshot.js';
import type { ResourceSet } from '../store/resource-set.js';
import type { GatewayState } from '../translate/state.js';
import { createTranslator, type TranslateOptions, type Translation } from '../translate/translate.js';

export interface CompilerOptions extends TranslateOptions {
  readonly render: RenderSettings;
  readonly sealingKey: Secret<Uint8Array>;
}

/** What compiling gives; without a snapshot when the state must not be served. */
export interface Compiled {
  readonly conditions: Translation['conditions'];
  readonly snapshot: Snapshot | null;
  readonly problems: readonly Problem[];
}

/** The whole pipeline, translate → invariants → images → render → snapshot. Remembers what did not change. */
export function createCompiler(options: CompilerOptions): (set: ResourceSet) => Compiled {
  const translate = createTranslator(options);
  const writeImages = createImageWriter(options.sealingKey);
  const render = createRenderer(options.render);
  const listener = (node: NodeSettings): EnvoyMessage => renderListener(node, options.render);
  const extensions = new WeakMap<Image, RenderedExtension>();
  let good: { readonly state: GatewayState; readonly snapshot: Snapshot } | null = null;

  const extension = (plugin: PluginName, image: Image): RenderedExtension => {
    const before = extensions.get(image);
    if (before !== undefined) return before;
    const made: RenderedExtension = {
      plugin,
      message: renderExtension(plugin, image.bytes, options.render),
      frame: renderExtensionFrame(plugin, options.render),
      imageHash: image.hash,
      imageVersion: image.version,
    };
    extensions.set(image, made);
    return made;
  };

  return (set) => {
    const { state, conditions } = translate(set);
    const problems = findProblems(state, good?.state ?? null);
    if (problems.length > 0) return { conditions, snapshot: null, problems };
    const images = writeImages(state);
    const snapshot = buildSnapshot(good?.snapshot ?? null, {
      policyVersion: state.policyVersion,
      ...render(state),
      extensions: [extension(CREDENTIAL_INJECTION, images.injection), extension(KEY_AUTH, images.keyAuth)],
      listener,
    });
    good = { state, snapshot };
    return { conditions, snapshot, problems };
  };
}

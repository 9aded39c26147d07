import { any, type EnvoyMessage, seconds, typeUrl, wrapped } from './json.js';
import {
  CREDENTIAL_INJECTION,
  EXTENSION_TYPE,
  KEY_AUTH,
  type PluginName,
  SEALING_KEY_VARIABLE,
} from './names.js';
import type { RenderSettings } from './settings.js';

const WASM_TYPE = 'envoy.extensions.filters.http.wasm.v3.Wasm';
const BYTES_TYPE = 'google.protobuf.BytesValue';

/** After this a gateway that was given no image opens with the default: the plugin without one, which refuses all. */
const FIRST_IMAGE_TIMEOUT_SECONDS = 15;

/** The wasm filter with its image as configuration, as ECDS carries it. */
export function renderExtension(
  plugin: PluginName,
  image: Uint8Array,
  settings: RenderSettings,
): EnvoyMessage {
  return { ...any(EXTENSION_TYPE), name: plugin, typed_config: renderWasm(plugin, image, settings) };
}

/** The same without an image: what, beside the image's content, makes one configuration differ from another. */
export function renderExtensionFrame(plugin: PluginName, settings: RenderSettings): EnvoyMessage {
  return renderWasm(plugin, null, settings);
}

/** Where a filter gets its configuration from, and what it is until then. */
export function extensionDiscovery(plugin: PluginName, settings: RenderSettings): EnvoyMessage {
  return {
    config_source: {
      ads: {},
      resource_api_version: 'V3',
      initial_fetch_timeout: seconds(FIRST_IMAGE_TIMEOUT_SECONDS),
    },
    default_config: renderWasm(plugin, null, settings),
    type_urls: [typeUrl(WASM_TYPE)],
  };
}

function renderWasm(plugin: PluginName, image: Uint8Array | null, settings: RenderSettings): EnvoyMessage {
  const code = plugin === KEY_AUTH ? settings.plugins.keyAuth : settings.plugins.credentialInjection;
  return {
    ...any(WASM_TYPE),
    config: {
      name: plugin,
      root_id: plugin,
      vm_config: {
        // The code's hash, so that an upgraded plugin gets a VM of its own although its path is the same.
        vm_id: `${plugin}/${code.sha256.slice(0, 16)}`,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: code.path } },
        ...(plugin === CREDENTIAL_INJECTION
          ? { environment_variables: { host_env_keys: [SEALING_KEY_VARIABLE] } }
          : {}),
      },
      ...(image === null ? {} : { configuration: { ...any(BYTES_TYPE), value: image } }),
      failure_policy: 'FAIL_RELOAD',
      // key-auth stops at the headers while it reads the body.
      ...(plugin === KEY_AUTH ? { allow_on_headers_stop_iteration: wrapped(true) } : {}),
    },
  };
}

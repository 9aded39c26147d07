export { ENVOY_VERSION, findEnvoy, type FindEnvoyOptions } from './parts/envoy.js';
export {
  findMcporter,
  findNode24,
  findOpenClaw,
  findPortkey,
  MCPORTER_VERSION,
  NODE_24_VERSION,
  type NodeTool,
  OPENCLAW_VERSION,
  PORTKEY_VERSION,
} from './parts/node-tools.js';
export {
  findHermes,
  findLiteLlm,
  findPythonSdks,
  HERMES_VERSION,
  LITELLM_VERSION,
  type PythonTool,
} from './parts/python-tools.js';
export type { FindToolOptions } from './parts/tool-place.js';

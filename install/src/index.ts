export { ENVOY_VERSION, findEnvoy, type FindEnvoyOptions } from './parts/envoy.js';
export {
  findMcporter,
  findNode24,
  type FindToolOptions,
  MCPORTER_VERSION,
  NODE_24_VERSION,
  type NodeTool,
} from './parts/node-tools.js';

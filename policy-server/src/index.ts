export { homeFiles, type HomeFiles, type PolicyServerConfig, readConfig } from './config.js';
export type { Condition, GatewayReplica, Gateways, ReplicaApplied } from './gateways.js';
export {
  createPolicyServer,
  type PolicyServer,
  type PolicyServerOverrides,
  type RunningGateways,
} from './server.js';
export type { Grant, GrantKind, ResourceSet, StoredConsumer, Token } from './store/resource-set.js';
export {
  createGatewayControl,
  type GatewayControl,
  type GatewayControlOptions,
} from './xds/gateway-control.js';

export { type Behaviour, behaviourOfModel, type UsageNumbers } from './upstreams/behaviour.js';
export { type CertificateAuthority, createCertificateAuthority } from './upstreams/certificate-authority.js';
export { startEchoService } from './upstreams/echo-service.js';
export { type LlmProvider, startLlmProvider } from './upstreams/llm-provider.js';
export { type McpEverything, startMcpEverything } from './upstreams/mcp-everything.js';
export {
  type RecordedRequest,
  type RecordingServer,
  startRecordingServer,
} from './upstreams/recording-server.js';

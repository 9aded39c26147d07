// proxy-wasm ABI 0.2.1 for AssemblyScript. The entry file of a plugin also re-exports callbacks; see README.md.
import './abort';

export * from './types';
export * from './result';
export * from './pairs';
export * from './arena';
export * from './hostcalls/header-map';
export * from './hostcalls/buffer';
export * from './hostcalls/property';
export * from './hostcalls/shared-data';
export * from './hostcalls/shared-queue';
export * from './hostcalls/metric';
export * from './hostcalls/stream';
export * from './hostcalls/context';
export * from './hostcalls/clock';
export * from './hostcalls/random';
export * from './hostcalls/environment';
export * from './hostcalls/foreign-function';
export { HttpRequest } from './hostcalls/http-call';
export { GrpcTarget, grpcSend } from './hostcalls/grpc';
export * from './hostcalls/log';
export * from './context/call-handler';
export * from './context/context';
export * from './context/grpc-control';
export * from './context/plugin-context';
export * from './context/stream-context';
export {
  registerPlugin,
  registerMaker,
  PluginFactory,
  PluginMaker,
  activeStream,
  liveCount,
} from './context/dispatcher';
export { noteAllocation } from './context/collector';

export { type Clock, systemClock } from './clock.js';
export { type EnvironmentReader, readEnvironment } from './environment.js';
export { GatewayError, type GatewayErrorOptions } from './gateway-error.js';
export { createLogger, LOG_LEVELS, type Logger, type LoggerOptions, type LogLevel } from './logger.js';
export {
  createPrivateFile,
  ensureKeyFile,
  ensurePrivateDirectory,
  readPrivateFile,
  writePrivateFile,
} from './private-file.js';
export { Secret } from './secret.js';

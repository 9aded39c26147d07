import { isIP } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { GatewayError, LOG_LEVELS, type LogLevel, readEnvironment } from '@hiclaw/service-kit';
import { readUsageSettings, type UsageSettings } from '@hiclaw/policy-server/usage-settings';
import { type TracingSettings, tracingSettings } from './tracing-settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What an installation runs with. It is kept in its home, so that a later `up` without the variables changes nothing. */
export interface RunSettings {
  /** IP address that the gateways and the API listen on. */
  readonly bind: string;
  /** Gateway replica i listens on this + 100·i. */
  readonly gatewayPort: number;
  readonly apiPort: number;
  /** Number of Envoy processes. */
  readonly replicas: number;
  /** Worker threads of each Envoy. */
  readonly concurrency: number;
  readonly logLevel: LogLevel;
  /** Bytes; larger bodies on LLM routes are refused. */
  readonly maxBodyBytes: number;
  /** Null: no spans. */
  readonly tracing: TracingSettings | null;
  /** How long usage is kept. */
  readonly usage: UsageSettings;
}

const REPLICA_PORT_STEP = 100;
const MAX_PORT = 65_535;
const MAX_DEFAULT_CONCURRENCY = 4;

// sun_path holds 108 bytes on Linux and 104 on macOS, with the final NUL; the longest socket of a home is the admin socket of replica 15.
const MAX_SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;
const LONGEST_SOCKET = '/run/envoy-15-admin.sock';

/** Port of gateway replica `index`. */
export function gatewayPortOf(settings: RunSettings, index: number): number {
  return settings.gatewayPort + REPLICA_PORT_STEP * index;
}

/** The environment of this process, read here and nowhere else. */
export function processEnvironment(): Environment {
  return process.env;
}

/**
 * Folder of downloaded parts, shared by all clones: `$HICLAW_CACHE`, default `${XDG_CACHE_HOME:-~/.cache}/hiclaw`.
 *
 * @param environment usually `process.env`
 */
export function cacheFolder(environment: Environment): string {
  const read = readEnvironment(environment);
  return resolve(
    read.text('HICLAW_CACHE', join(read.text('XDG_CACHE_HOME', join(homedir(), '.cache')), 'hiclaw')),
  );
}

/**
 * Folder of an installation: `$HICLAW_HOME`, default `.hiclaw` of the clone.
 *
 * @param repository folder of the clone
 * @throws GatewayError `HOME_PATH_LONG` when Unix sockets would not fit into it
 */
export function homeFolder(environment: Environment, repository: string): string {
  const home = resolve(readEnvironment(environment).text('HICLAW_HOME', join(repository, '.hiclaw')));
  const excess = Buffer.byteLength(home + LONGEST_SOCKET) - MAX_SOCKET_PATH_BYTES;
  if (excess > 0) {
    throw new GatewayError(
      'HOME_PATH_LONG',
      `${home} is ${excess} bytes too long a path for the Unix sockets in it; set HICLAW_HOME to a shorter one.`,
    );
  }
  return home;
}

/**
 * Settings from the environment; what it does not say is as this home ran before, else the default.
 *
 * @param remembered settings of the home's last `up`
 * @throws GatewayError `CONFIG_INVALID` naming the variable
 */
export function runSettings(environment: Environment, remembered: Partial<RunSettings> = {}): RunSettings {
  const read = readEnvironment(environment);
  const ports = { min: 1, max: MAX_PORT };
  const settings: RunSettings = {
    bind: read.text('HICLAW_BIND', remembered.bind ?? '127.0.0.1'),
    gatewayPort: read.integer('HICLAW_GATEWAY_PORT', remembered.gatewayPort ?? 18_080, ports),
    apiPort: read.integer('HICLAW_API_PORT', remembered.apiPort ?? 18_001, ports),
    replicas: read.integer('HICLAW_GATEWAY_REPLICAS', remembered.replicas ?? 1, { min: 1, max: 16 }),
    concurrency: read.integer(
      'HICLAW_GATEWAY_CONCURRENCY',
      remembered.concurrency ?? Math.min(availableParallelism(), MAX_DEFAULT_CONCURRENCY),
      { min: 1, max: 256 },
    ),
    logLevel: read.choice('HICLAW_LOG_LEVEL', remembered.logLevel ?? 'info', LOG_LEVELS),
    maxBodyBytes: read.integer('HICLAW_MAX_BODY_BYTES', remembered.maxBodyBytes ?? 16_777_216, {
      min: 1024,
      max: 268_435_456,
    }),
    tracing: tracingSettings(environment, remembered.tracing ?? null),
    usage: readUsageSettings(read, remembered.usage),
  };
  if (isIP(settings.bind) === 0) {
    throw new GatewayError(
      'CONFIG_INVALID',
      'HICLAW_BIND must be an IP address such as 127.0.0.1 or ::1; correct or unset the variable.',
    );
  }
  if (gatewayPortOf(settings, settings.replicas - 1) > MAX_PORT) {
    throw new GatewayError(
      'CONFIG_INVALID',
      `HICLAW_GATEWAY_PORT ${settings.gatewayPort} leaves no room for ${settings.replicas} replicas, ${REPLICA_PORT_STEP} apart; choose a lower one.`,
    );
  }
  for (let index = 0; index < settings.replicas; index += 1) {
    if (gatewayPortOf(settings, index) === settings.apiPort) {
      throw new GatewayError(
        'CONFIG_INVALID',
        `HICLAW_API_PORT ${settings.apiPort} is also the port of gateway replica ${index}; choose another.`,
      );
    }
  }
  return settings;
}

/** Variables that people may want in every process: locale, time zone, trusted certificates, temporary files. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
];

/** The part of an environment that long-running processes get; the rest may hold somebody's secrets. */
export function minimalEnvironment(environment: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = environment[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

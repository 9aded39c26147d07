import { join, resolve } from 'node:path';
import { LOG_LEVELS, type LogLevel, readEnvironment } from '@hiclaw/service-kit';
import { readUsageSettings, type UsageSettings } from './usage/settings.js';

/** Settings of one policy server. */
export interface PolicyServerConfig {
  /** Folder of database, keys, sockets and the admin token; mode 0700. */
  readonly home: string;
  /** Port of the API; 0: any free one. */
  readonly apiPort: number;
  /** Port that the first gateway replica listens on, when it does not say another. */
  readonly gatewayPort: number;
  /** Address that API and gateways listen on. */
  readonly bind: string;
  readonly logLevel: LogLevel;
  /** Largest request body that the gateway reads on LLM routes, bytes. */
  readonly maxBodyBytes: number;
  /** Default: `DEFAULT_USAGE_SETTINGS`. */
  readonly usage?: UsageSettings;
}

/**
 * Reads the settings from the environment.
 *
 * @throws GatewayError `CONFIG_INVALID` naming the variable
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): PolicyServerConfig {
  const read = readEnvironment(environment);
  const port = { min: 0, max: 65_535 };
  return {
    home: resolve(read.text('HICLAW_HOME', '.hiclaw')),
    apiPort: read.integer('HICLAW_API_PORT', 18_001, port),
    gatewayPort: read.integer('HICLAW_GATEWAY_PORT', 18_080, port),
    bind: read.text('HICLAW_BIND', '127.0.0.1'),
    logLevel: read.choice('HICLAW_LOG_LEVEL', 'info', LOG_LEVELS),
    maxBodyBytes: read.integer('HICLAW_MAX_BODY_BYTES', 16_777_216, { min: 1024, max: 268_435_456 }),
    usage: readUsageSettings(read),
  };
}

/** Files of a policy server under its home. */
export interface HomeFiles {
  readonly database: string;
  readonly usageDatabase: string;
  /** Database of what gateways may spend. */
  readonly leases: string;
  /** Folder of the gateways' usage journals. */
  readonly usageJournals: string;
  readonly vaultKeys: string;
  readonly gatewayKey: string;
  readonly metricsToken: string;
  readonly adminSigningKey: string;
  readonly adminToken: string;
  readonly adsSocket: string;
  readonly gatewaySocket: string;
}

export function homeFiles(home: string): HomeFiles {
  return {
    database: join(home, 'policy.db'),
    leases: join(home, 'leases.db'),
    usageDatabase: join(home, 'usage.db'),
    usageJournals: join(home, 'usage'),
    vaultKeys: join(home, 'keys', 'vault.json'),
    gatewayKey: join(home, 'keys', 'gateway.key'),
    metricsToken: join(home, 'keys', 'metrics-token'),
    adminSigningKey: join(home, 'keys', 'admin-signing.jwk'),
    adminToken: join(home, 'admin-token'),
    adsSocket: join(home, 'run', 'ads.sock'),
    gatewaySocket: join(home, 'run', 'gateway.sock'),
  };
}

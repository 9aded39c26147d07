import { renderBootstrap, type TracingOptions } from '@hiclaw/policy-server/bootstrap';
import { usageEnvironment } from '@hiclaw/policy-server/usage-settings';
import { writePrivateFile } from '@hiclaw/service-kit';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { HomePaths } from './home.js';
import { packageVersion, policyServerCodeHash, policyServerEntry, supervisorCodeHash } from './repository.js';
import { gatewayPortOf, type RunSettings } from './settings.js';
import { fingerprintOf, type Plan, planOf, type ProcessSpec } from './supervisor/plan.js';

const POLICY_SERVER = 'policy-server';

const MEBIBYTE = 1_048_576;

/** How often a gateway writes its logs out: a kill loses the usage of calls that ended since. */
const LOG_FLUSH_MS = 50;

/** What an installation is made of. */
export interface InstallationInput {
  readonly repository: string;
  readonly paths: HomePaths;
  readonly settings: RunSettings;
  /** Path of the Envoy binary. */
  readonly envoy: string;
  readonly envoyVersion: string;
  /** Absent: no spans. */
  readonly tracing?: TracingOptions;
  /** Environment that every process may have. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Name of gateway replica `index`, also its Envoy node id's number. */
function gatewayName(index: number): string {
  return `envoy-${index}`;
}

/** An IP address as in a URL. */
function urlHost(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Host to reach a server that binds `bind` from this machine. */
function reachableHost(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  return urlHost(bind === '::' ? '::1' : bind);
}

/** Where a process of the plan listens, as in its `address`. */
export function listenAddress(bind: string, port: number): string {
  return `${urlHost(bind)}:${port}`;
}

export function apiUrl(settings: RunSettings): string {
  return `http://${reachableHost(settings.bind)}:${settings.apiPort}`;
}

export function gatewayUrl(settings: RunSettings, index: number): string {
  return `http://${reachableHost(settings.bind)}:${gatewayPortOf(settings, index)}`;
}

/** A specification whose fingerprint covers all of it and what it runs. */
function fingerprinted(spec: Omit<ProcessSpec, 'fingerprint'>, ...code: readonly string[]): ProcessSpec {
  return { ...spec, fingerprint: fingerprintOf(JSON.stringify(spec), ...code) };
}

function policyServerSpec({ repository, paths, settings, environment }: InstallationInput): ProcessSpec {
  return fingerprinted(
    {
      name: POLICY_SERVER,
      version: packageVersion(repository, 'policy-server'),
      command: process.execPath,
      args: [policyServerEntry(repository)],
      env: {
        ...environment,
        HICLAW_HOME: paths.home,
        HICLAW_API_PORT: String(settings.apiPort),
        HICLAW_GATEWAY_PORT: String(settings.gatewayPort),
        HICLAW_BIND: settings.bind,
        HICLAW_LOG_LEVEL: settings.logLevel,
        HICLAW_MAX_BODY_BYTES: String(settings.maxBodyBytes),
        ...usageEnvironment(settings.usage),
      },
      secretEnv: {},
      after: [],
      ready: { url: `${apiUrl(settings)}/readyz` },
      address: listenAddress(settings.bind, settings.apiPort),
      log: join(paths.logs, 'policy-server.log'),
    },
    policyServerCodeHash(repository),
    process.version,
  );
}

function envoySpec(input: InstallationInput, index: number): { spec: ProcessSpec; bootstrap: string } {
  const { paths, settings, envoy } = input;
  const name = gatewayName(index);
  const run = join(paths.home, 'run');
  const adminSocket = join(run, `${name}-admin.sock`);
  const accessLog = join(paths.logs, `access-${index}.log`);
  const nodeId = `gateway-${index}`;
  const bootstrap = `${JSON.stringify(
    renderBootstrap({
      nodeId,
      bind: settings.bind,
      port: gatewayPortOf(settings, index),
      concurrency: settings.concurrency,
      accessLog,
      ...(input.tracing === undefined ? {} : { tracing: input.tracing }),
      usageJournal: join(paths.usageJournals, `${nodeId}.jsonl`),
      sockets: { admin: adminSocket, ads: paths.adsSocket, gateway: paths.gatewaySocket },
    }),
    null,
    2,
  )}\n`;
  const { size, mtimeMs } = statSync(envoy);
  const spec = fingerprinted(
    {
      name,
      version: input.envoyVersion,
      command: envoy,
      // Hot restart would leave shared memory behind after a kill; replicas are replaced one by one instead.
      args: [
        '--config-path',
        join(run, `${name}.json`),
        '--disable-hot-restart',
        '--concurrency',
        String(settings.concurrency),
        '--log-level',
        'warning',
        '--file-flush-interval-msec',
        String(LOG_FLUSH_MS),
      ],
      env: input.environment,
      secretEnv: { HICLAW_GATEWAY_KEY: paths.gatewayKey },
      after: [POLICY_SERVER],
      ready: { url: `${gatewayUrl(settings, index)}/healthz` },
      address: listenAddress(settings.bind, gatewayPortOf(settings, index)),
      drainSocket: adminSocket,
      log: join(paths.logs, `${name}.log`),
      accessLog,
    },
    bootstrap,
    `${size}/${mtimeMs}`,
  );
  return { spec, bootstrap };
}

/** Everything `up` is going to run. */
export interface Installation {
  readonly plan: Plan;
  /** Writes the files that the plan's processes read. */
  writeFiles(): void;
}

export function installationOf(input: InstallationInput): Installation {
  const { paths, settings, repository } = input;
  const gateways = Array.from({ length: settings.replicas }, (_, index) => envoySpec(input, index));
  const plan = planOf({
    home: paths.home,
    supervisorFingerprint: fingerprintOf(supervisorCodeHash(repository), process.version, process.execPath),
    processes: [policyServerSpec(input), ...gateways.map(({ spec }) => spec)],
    rotation: { maxBytes: 20 * MEBIBYTE, keep: 5, everyMs: 1000 },
    drainMs: 5000,
    stopMs: 5000,
  });
  return {
    plan,
    writeFiles: () => {
      for (const { spec, bootstrap } of gateways) {
        writePrivateFile(join(paths.home, 'run', `${spec.name}.json`), bootstrap);
      }
    },
  };
}

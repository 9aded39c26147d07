import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findEnvoy } from '@hiclaw/install';
import { renderBootstrap, type TracingOptions } from '@hiclaw/policy-server/bootstrap';
import { type AdminClient, adminClient } from './admin-client.js';
import { type Envoy, startEnvoy } from './envoy-process.js';
import { freePorts } from './free-ports.js';
import { createHome, type Home, readLine } from './home.js';
import { type ManagedProcess, startProcess } from './process.js';
import { statusOf } from './status-of.js';
import { until } from './until.js';

export interface NetworkOptions {
  /** Gateways. Default: 1. */
  readonly replicas?: number;
  /** Worker threads of each gateway. Default: 2. */
  readonly concurrency?: number;
  /** Whether gateways write access logs, as an installation does. Default: true. */
  readonly accessLog?: boolean;
  /** Where gateways send spans. Default: nowhere. */
  readonly tracing?: TracingOptions;
  /** Whether gateways write the usage of LLM calls to their journals, as an installation does. Default: true. */
  readonly usageJournal?: boolean;
  /** Keep the gateways on this core. */
  readonly gatewayCore?: number;
  /** Keep the policy server on this core. */
  readonly policyServerCore?: number;
  /** More environment for the policy server. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway replica of the constellation. */
export interface Replica {
  readonly index: number;
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** The Envoy that runs now; a restart replaces it. */
  readonly envoy: Envoy;
  readonly accessLogFile: string;
  /** Default signal: SIGKILL, as a crash. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after a `kill`; resolves once it has a policy. */
  restart(): Promise<void>;
}

/** A real policy server and real Envoys on loopback, in a home of their own. */
export interface Network extends AsyncDisposable {
  readonly home: Home;
  /** `http://127.0.0.1:<port>` of the policy server. */
  readonly apiOrigin: string;
  readonly admin: AdminClient;
  readonly policyServer: PolicyServer;
  readonly replicas: readonly Replica[];
  /** The first replica's. */
  readonly gatewayOrigin: string;
  /** Logs of every process, for the message of a failed test. */
  logs(): string;
  close(): Promise<void>;
}

export interface PolicyServer {
  /** The process that runs now; a restart replaces it. */
  readonly process: ManagedProcess;
  /** Default signal: SIGKILL, as a crash. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

const READY_MS = 20_000;

/** @throws Error with all logs when it does not come up */
export async function startNetwork(options: NetworkOptions = {}): Promise<Network> {
  const replicaCount = options.replicas ?? 1;
  const home = await createHome();
  const [apiPort = 0, ...gatewayPorts] = await freePorts(1 + replicaCount);
  const apiOrigin = `http://127.0.0.1:${apiPort}`;
  const replicas: Replica[] = [];
  const logged: ManagedProcess[] = [];
  const logs = (): string => logged.map((one) => `---- ${one.name} (${one.pid})\n${one.log()}`).join('\n');
  const closing: (() => Promise<void>)[] = [() => home.remove()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };

  try {
    const policyServer = await runPolicyServer(home, apiPort, gatewayPorts[0] ?? 0, options, logged);
    closing.push(() => policyServer.kill());
    const admin = adminClient(apiOrigin, await readLine(home.adminTokenFile));
    closing.push(() => admin.close());
    const binary = await findEnvoy();
    for (const [index, port] of gatewayPorts.entries()) {
      const replica = await runReplica(home, binary, index, port, options, logged);
      replicas.push(replica);
      closing.push(() => replica.kill());
    }
    const gatewayOrigin = replicas[0]?.origin ?? '';
    return {
      home,
      apiOrigin,
      admin,
      policyServer,
      replicas,
      gatewayOrigin,
      logs,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw new Error(`The network did not start.\n${logs()}`, { cause: error });
  }
}

async function runPolicyServer(
  home: Home,
  port: number,
  gatewayPort: number,
  options: NetworkOptions,
  logged: ManagedProcess[],
): Promise<PolicyServer> {
  const entry = createRequire(import.meta.url).resolve('@hiclaw/policy-server');
  const run = async (): Promise<ManagedProcess> => {
    const core = options.policyServerCore;
    const command = [...(core === undefined ? [] : ['taskset', '-c', String(core)]), process.execPath];
    const [first, ...rest] = [...command, join(dirname(entry), 'main.js')];
    const started = await startProcess({
      name: 'policy-server',
      command: first,
      args: rest,
      env: {
        PATH: process.env['PATH'] ?? '',
        HICLAW_HOME: home.folder,
        HICLAW_API_PORT: String(port),
        HICLAW_GATEWAY_PORT: String(gatewayPort),
        HICLAW_BIND: '127.0.0.1',
        HICLAW_LOG_LEVEL: 'warn',
        ...options.env,
      },
    });
    logged.push(started);
    const ready = async (): Promise<boolean> =>
      !started.running || (await statusOf(`http://127.0.0.1:${port}/readyz`)) === 200;
    try {
      await until(ready, { withinMs: READY_MS });
    } catch (error) {
      await started.stop('SIGKILL');
      throw error;
    }
    if (!started.running) throw new Error('The policy server ended at once.');
    return started;
  };
  let current = await run();
  return {
    get process() {
      return current;
    },
    kill: (signal = 'SIGKILL') => current.stop(signal),
    restart: async () => {
      current = await run();
    },
  };
}

async function runReplica(
  home: Home,
  binary: string,
  index: number,
  port: number,
  options: NetworkOptions,
  logged: ManagedProcess[],
): Promise<Replica> {
  const files = home.gateway(index);
  const concurrency = options.concurrency ?? 2;
  const origin = `http://127.0.0.1:${port}`;
  await mkdir(join(home.folder, 'logs'), { recursive: true });
  const bootstrap = renderBootstrap({
    nodeId: `gateway-${index}`,
    bind: '127.0.0.1',
    port,
    concurrency,
    sockets: { ...home.sockets, admin: files.admin },
    ...(options.accessLog === false ? {} : { accessLog: files.accessLog }),
    ...(options.usageJournal === false ? {} : { usageJournal: files.usageJournal }),
    ...(options.tracing === undefined ? {} : { tracing: options.tracing }),
  });
  await writeFile(files.bootstrap, JSON.stringify(bootstrap));
  const run = async (): Promise<Envoy> => {
    const envoy = await startEnvoy({
      name: `envoy-${index}`,
      binary,
      bootstrap: files.bootstrap,
      adminSocket: files.admin,
      concurrency,
      env: { HICLAW_GATEWAY_KEY: await readLine(home.gatewayKeyFile) },
      ...(options.gatewayCore === undefined ? {} : { core: options.gatewayCore }),
    });
    logged.push(envoy.process);
    try {
      await until(async () => (await statusOf(`${origin}/healthz`)) === 200, { withinMs: READY_MS });
    } catch (error) {
      await envoy.stop('SIGKILL');
      throw error;
    }
    return envoy;
  };
  let current = await run();
  return {
    index,
    port,
    origin,
    accessLogFile: files.accessLog,
    get envoy() {
      return current;
    },
    kill: (signal = 'SIGKILL') => current.stop(signal),
    restart: async () => {
      current = await run();
    },
  };
}

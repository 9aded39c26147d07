import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  type Clock,
  createLogger,
  ensureKeyFile,
  ensurePrivateDirectory,
  GatewayError,
  type Logger,
  systemClock,
} from '@hiclaw/service-kit';
import { type KeyAuthLimit } from '@hiclaw/policy-image';
import { limitCaps } from '@hiclaw/resources';
import { homeFiles, type PolicyServerConfig } from './config.js';
import type { Gateways } from './gateways.js';
import { AdminTokens } from './http/admin-tokens.js';
import type { App } from './http/app.js';
import { buildHttpServer } from './http/http-server.js';
import { createMetrics } from './http/metrics.js';
import { openLeaseDatabase } from './limits/database.js';
import { leaseHandlers } from './limits/lease-handlers.js';
import { LeaseStore } from './limits/lease-store.js';
import { Limits } from './limits/limits.js';
import { TokenKeeper } from './oauth/token-keeper.js';
import { createOutbound } from './outbound/outbound-call.js';
import { changedKeys } from './store/resource-set-map.js';
import { PolicyStore } from './store/store.js';
import { DEFAULT_USAGE_SETTINGS } from './usage/settings.js';
import { Usage } from './usage/usage.js';
import { Vault } from './vault/vault.js';
import { findCaBundle } from './xds/ca-bundle.js';
import {
  type CompileStatus,
  createGatewayControl,
  type GatewayControlOptions,
} from './xds/gateway-control.js';

const SEALING_KEY_BYTES = 32;
const METRICS_TOKEN_BYTES = 32;
const CLOSE_GRACE_MS = 3000;

/** The gateway side with its life: what `createGatewayControl` gives. */
export interface RunningGateways extends Gateways {
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): CompileStatus;
  adminSocketOf(node: string): string | null;
}

/** What tests and embedders may put in place of the real thing. */
export interface PolicyServerOverrides {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Default: the real gateway side, serving ADS on its sockets. */
  readonly createGateways?: (options: GatewayControlOptions) => Promise<RunningGateways>;
}

/** A policy server that serves. Closing it leaves everything on disk. */
export interface PolicyServer extends AsyncDisposable {
  /** Base URL of the API, without a slash at the end. */
  readonly url: string;
  readonly store: PolicyStore;
  readonly gateways: Gateways;
  readonly adminTokens: AdminTokens;
  close(): Promise<void>;
}

function readVersion(): string {
  const content: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const version =
    typeof content === 'object' && content !== null && 'version' in content ? content.version : null;
  return typeof version === 'string' ? version : 'unknown';
}

/** Runs steps in reverse order of their addition; one that fails does not keep the others from running. */
class Cleanup {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  async run(log: Logger): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        log.error({ err: error }, 'a part did not stop cleanly');
      }
    }
  }
}

/** Lets running requests end, but not for ever: one may wait a minute for gateways. */
async function closeGently(app: App): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(deadline);
  }
}

async function listen(app: App, config: PolicyServerConfig): Promise<string> {
  try {
    await app.listen({ host: config.bind, port: config.apiPort });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code !== 'EADDRINUSE') throw error;
    throw new GatewayError(
      'PORT_IN_USE',
      `Port ${config.apiPort} on ${config.bind} is taken; set HICLAW_API_PORT to another.`,
      { cause: error },
    );
  }
  const { port } = app.server.address() as AddressInfo;
  const wildcard = config.bind === '0.0.0.0' || config.bind === '::';
  const host = wildcard ? '127.0.0.1' : config.bind.includes(':') ? `[${config.bind}]` : config.bind;
  return `http://${host}:${port}`;
}

async function start(
  config: PolicyServerConfig,
  overrides: PolicyServerOverrides,
  log: Logger,
  cleanup: Cleanup,
): Promise<Omit<PolicyServer, 'close' | typeof Symbol.asyncDispose>> {
  const clock = overrides.clock ?? systemClock;
  const files = homeFiles(config.home);
  for (const folder of [config.home, join(config.home, 'keys'), join(config.home, 'run')])
    ensurePrivateDirectory(folder);
  const sealingKey = ensureKeyFile(files.gatewayKey, SEALING_KEY_BYTES);

  const store = new PolicyStore({ path: files.database, clock, log: log.child({ part: 'store' }) });
  cleanup.add(() => store.close());
  const vault = await Vault.open({ path: files.vaultKeys, store, clock, log: log.child({ part: 'vault' }) });
  const adminTokens = await AdminTokens.open({
    keyPath: files.adminSigningKey,
    tokenPath: files.adminToken,
    clock,
    log: log.child({ part: 'admin-tokens' }),
  });

  const usage = new Usage({
    database: files.usageDatabase,
    journals: files.usageJournals,
    settings: config.usage ?? DEFAULT_USAGE_SETTINGS,
    providers: () => store.resources().providers,
    clock,
    log: log.child({ part: 'usage' }),
  });
  cleanup.add(() => usage.stop());

  const limitsOf = (consumer: string): readonly KeyAuthLimit[] =>
    limitCaps(store.resources().consumers.get(consumer)?.resource.spec.limits);
  const leases = openLeaseDatabase(files.leases, clock.nowMs());
  cleanup.add(() => void leases.close());
  const limits = new Limits({
    store: new LeaseStore(leases),
    limitsOf,
    replicas: () => gateways.list().filter(({ connected }) => connected).length,
    records: usage,
    clock,
    log: log.child({ part: 'limits' }),
  });
  cleanup.add(() => {
    limits.close();
  });
  let known = store.resources().consumers;
  cleanup.add(
    store.subscribe(() => {
      const { consumers } = store.resources();
      limits.recallExcess(changedKeys(known, consumers));
      known = consumers;
    }),
  );

  const caBundle = await findCaBundle(join(config.home, 'run', 'ca-bundle.pem'));
  const call = createOutbound({ trusted: readFileSync(caBundle, 'utf8') });
  const tokens = new TokenKeeper({
    ...{ store, vault, call, clock, log: log.child({ part: 'oauth2' }) },
    random: () => randomInt(2 ** 32) / 2 ** 32,
    timer: (delayMs, run) => {
      const timer = setTimeout(run, delayMs).unref();
      return () => clearTimeout(timer);
    },
  });

  const gateways = await (overrides.createGateways ?? createGatewayControl)({
    resources: () => store.resources(),
    subscribe: (listener) => store.subscribe(listener),
    openCredential: (uid, valueVersion) => vault.value(uid, valueVersion),
    sealingKey,
    sockets: { ads: files.adsSocket, gateway: files.gatewaySocket },
    settings: { maxBodyBytes: config.maxBodyBytes },
    callbacks: leaseHandlers(limits, () => clock.nowMs()),
    clock,
    log: log.child({ part: 'gateways' }),
  });
  cleanup.add(() => gateways.stop());
  await gateways.start();
  tokens.start();
  cleanup.add(() => tokens.stop());
  usage.start((node) => gateways.adminSocketOf(node));

  const compileStatus = (): CompileStatus => gateways.status();
  const metrics = createMetrics({
    store,
    gateways,
    compileStatus,
    tokens: () => tokens.status(),
    usage,
    limits: limits.counters,
  });
  const context = {
    store,
    vault,
    tokens,
    call,
    gateways,
    compileStatus,
    usage,
    limits,
    adminTokens,
    metrics,
    scrapeToken: ensureKeyFile(files.metricsToken, METRICS_TOKEN_BYTES),
    adminSocketOf: (node: string) => gateways.adminSocketOf(node),
    clock,
    log: log.child({ part: 'http' }),
    bind: config.bind,
    version: readVersion(),
  };
  cleanup.add(() => adminTokens.stop());
  // Whoever finds the API ready may read the admin token at once.
  await adminTokens.start();
  const app = await buildHttpServer(context);
  cleanup.add(() => closeGently(app));
  const url = await listen(app, config);
  log.info({ url, policyVersion: store.resources().policyVersion }, 'policy server is ready');
  return { url, store, gateways, adminTokens };
}

/**
 * Starts a policy server in this process: store, vault, gateway side and API.
 *
 * @throws GatewayError when something it needs is missing, damaged or taken; nothing is left running then
 */
export async function createPolicyServer(
  config: PolicyServerConfig,
  overrides: PolicyServerOverrides = {},
): Promise<PolicyServer> {
  const log = overrides.log ?? createLogger({ name: 'policy-server', level: config.logLevel });
  const cleanup = new Cleanup();
  try {
    const parts = await start(config, overrides, log, cleanup);
    const close = (): Promise<void> => cleanup.run(log);
    return { ...parts, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await cleanup.run(log);
    throw error;
  }
}

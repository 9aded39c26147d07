import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Gateways } from '../gateways.js';
import type { LimitCounters } from '../limits/limits.js';
import type { TokenKeeperStatus } from '../oauth/token-keeper.js';
import type { PolicyStore } from '../store/store.js';
import type { UsageMetricsSource } from '../usage/usage-metrics.js';
import type { CompileStatus } from '../xds/gateway-control.js';
import { registerLimitMetrics } from './limit-metrics.js';
import { registerOAuthMetrics } from './oauth-metrics.js';
import { registerGauge } from './read-metrics.js';
import { registerUsageMetrics } from './usage-metrics.js';

/**
 * Prometheus metrics of the policy server. Label values come from fixed lists or name resources, never from a request and
 * never consumers, of which there may be 100,000.
 */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
  /** What names routes and providers, and tells what is spent. */
  renderUsage(): Promise<string>;
  /** @param route the route's pattern, or `unknown` */
  countRequest(method: string, route: string, status: number, seconds: number): void;
  countWrite(action: string, kind: string, dryRun: boolean): void;
  observeApplied(seconds: number, complete: boolean): void;
}

/** Where gauges read from. */
export interface MetricSources {
  readonly store: PolicyStore;
  readonly gateways: Gateways;
  readonly compileStatus: () => CompileStatus;
  readonly usage: UsageMetricsSource;
  readonly limits: Readonly<LimitCounters>;
  /** State of access tokens. */
  readonly tokens: () => TokenKeeperStatus;
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function gauges(registry: Registry, { store, gateways, compileStatus }: MetricSources): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registerGauge(registry, name, help, read);
  gauge('hiclaw_policy_version', 'Version of the stored policy.', () => store.resources().policyVersion);
  gauge(
    'hiclaw_gateway_replicas_live',
    'Gateway replicas that are connected.',
    () => gateways.list().filter(({ connected }) => connected).length,
  );
  gauge(
    'hiclaw_gateway_replicas_behind',
    'Connected gateway replicas that have not confirmed the stored policy version.',
    () => {
      const { policyVersion } = store.resources();
      return gateways
        .list()
        .filter((replica) => replica.connected && replica.appliedPolicyVersion !== policyVersion).length;
    },
  );
  gauge(
    'hiclaw_gateway_replicas_refusing',
    'Connected gateway replicas that refused an update.',
    () => gateways.list().filter(({ connected, lastError }) => connected && lastError !== null).length,
  );
  gauge(
    'hiclaw_policy_served_version',
    'Policy version that gateways are given.',
    () => compileStatus().policyVersion ?? 0,
  );
  gauge(
    'hiclaw_policy_problems',
    'What keeps the stored policy from the gateways.',
    () => compileStatus().problems.length,
  );
  gauge(
    'hiclaw_policy_compile_seconds',
    'How long the last compilation took.',
    () => compileStatus().lastCompileMs / 1000,
  );
  gauge('hiclaw_consumers', 'Consumers.', () => store.resources().consumers.size);
  new Gauge({
    name: 'hiclaw_resources',
    help: 'Stored resources.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      const set = store.resources();
      this.set({ kind: 'Credential' }, set.credentials.size);
      this.set({ kind: 'Provider' }, set.providers.size);
      this.set({ kind: 'LlmRoute' }, set.llmRoutes.size);
      this.set({ kind: 'McpServer' }, set.mcpServers.size);
      this.set({ kind: 'ServiceRoute' }, set.serviceRoutes.size);
      this.set({ kind: 'Consumer' }, set.consumers.size);
    },
  });
}

/** Where metrics are kept: those that only tell numbers, and those that name routes and what is spent there. */
export interface MetricRegistries {
  readonly process: Registry;
  readonly usage: Registry;
}

export function createMetrics(
  sources: MetricSources,
  { process: registry, usage }: MetricRegistries = { process: new Registry(), usage: new Registry() },
): Metrics {
  collectDefaultMetrics({ register: registry });
  gauges(registry, sources);
  registerOAuthMetrics(registry, sources.tokens);
  registerLimitMetrics(registry, sources.limits);
  registerUsageMetrics(usage, sources.usage);
  const requests = new Counter({
    name: 'hiclaw_http_requests_total',
    help: 'Answered API requests.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'hiclaw_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  });
  const writes = new Counter({
    name: 'hiclaw_writes_total',
    help: 'Writes that were answered with success.',
    labelNames: ['action', 'kind', 'dry_run'],
    registers: [registry],
  });
  const applied = new Histogram({
    name: 'hiclaw_policy_applied_seconds',
    help: 'Time from a write to the confirmation of all live replicas.',
    labelNames: ['complete'],
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    renderUsage: () => usage.metrics(),
    countRequest(method, route, status, seconds) {
      const known = METHODS.has(method) ? method : 'other';
      requests.inc({ method: known, route, status: String(status) });
      durations.observe({ method: known }, seconds);
    },
    countWrite: (action, kind, dryRun) => writes.inc({ action, kind, dry_run: String(dryRun) }),
    observeApplied: (seconds, complete) => applied.observe({ complete: String(complete) }, seconds),
  };
}

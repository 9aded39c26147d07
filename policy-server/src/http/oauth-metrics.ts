import { Counter, Gauge, type Registry } from 'prom-client';
import type { TokenKeeperStatus } from '../oauth/token-keeper.js';
import { registerGauge } from './read-metrics.js';

/** Metrics of OAuth 2 credentials: alarms must come before a token ends. */
export function registerOAuthMetrics(registry: Registry, status: () => TokenKeeperStatus): void {
  new Gauge({
    name: 'hiclaw_oauth2_credentials',
    help: 'Credentials with OAuth 2, by the state of their access token; all but fresh need attention.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(status().byState)) this.set({ state }, count);
    },
  });
  registerGauge(
    registry,
    'hiclaw_oauth2_failing_expires_in_seconds',
    'Time until the first access token ends whose renewal fails; NaN: none fails.',
    () => status().failingExpiresInSeconds ?? NaN,
  );
  new Counter({
    name: 'hiclaw_oauth2_renewals_total',
    help: 'Requests for access tokens, by outcome.',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      const { succeeded, failed } = status().refreshes;
      this.reset();
      this.inc({ outcome: 'succeeded' }, succeeded);
      this.inc({ outcome: 'failed' }, failed);
    },
  });
}

import { Counter, Gauge, type Registry } from 'prom-client';
import type { TokenKeeperStatus } from '../oauth/token-keeper.js';

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
  new Gauge({
    name: 'hiclaw_oauth2_failing_expires_in_seconds',
    help: 'Time until the first access token ends whose renewal fails; NaN: none fails.',
    registers: [registry],
    collect() {
      this.set(status().failingExpiresInSeconds ?? NaN);
    },
  });
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

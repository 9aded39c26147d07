import type { Clock, Logger, Secret } from '@hiclaw/service-kit';
import type { Gateways } from '../gateways.js';
import type { CompileStatus } from '../xds/gateway-control.js';
import type { Limits } from '../limits/limits.js';
import type { TokenKeeper } from '../oauth/token-keeper.js';
import type { Outbound } from '../outbound/outbound-call.js';
import type { PolicyStore } from '../store/store.js';
import type { Vault } from '../vault/vault.js';
import type { Usage } from '../usage/usage.js';
import type { AdminTokens } from './admin-tokens.js';
import type { Metrics } from './metrics.js';

/** What the API works with. */
export interface ApiContext {
  readonly store: PolicyStore;
  readonly vault: Vault;
  /** Keeps access tokens of credentials fresh. */
  readonly tokens: TokenKeeper;
  /** Calls services elsewhere. */
  readonly call: Outbound;
  readonly gateways: Gateways;
  /** What the gateway side made of the stored policy. */
  readonly compileStatus: () => CompileStatus;
  readonly usage: Usage;
  readonly limits: Limits;
  readonly adminTokens: AdminTokens;
  readonly metrics: Metrics;
  /** What Prometheus reads metrics with that name routes. */
  readonly scrapeToken: Secret<Uint8Array>;
  /** Path of the Unix socket of a connected gateway's admin interface; null: it is not known. */
  readonly adminSocketOf: (node: string) => string | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Address the API listens on; decides which Host headers are taken. */
  readonly bind: string;
  readonly version: string;
}

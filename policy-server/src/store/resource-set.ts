import type { Consumer, Credential, LlmRoute, McpServer, Provider, ServiceRoute } from '@hiclaw/resources';

/**
 * Everything policy is compiled from, as one value. The store keeps one in step with its database: after a commit it
 * holds new objects for what changed and the same objects for what did not, so that later stages may cache by identity.
 */
export interface ResourceSet {
  /** Rises by one with every write. */
  readonly policyVersion: number;
  readonly credentials: ReadonlyMap<string, StoredCredential>;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly llmRoutes: ReadonlyMap<string, LlmRoute>;
  readonly mcpServers: ReadonlyMap<string, McpServer>;
  readonly serviceRoutes: ReadonlyMap<string, ServiceRoute>;
  readonly consumers: ReadonlyMap<string, StoredConsumer>;
  /** By consumer name. A grant may name a consumer or route that does not exist (yet): it then has no effect. */
  readonly grants: ReadonlyMap<string, readonly Grant[]>;
  /** By consumer name; revoked tokens are not listed. */
  readonly tokens: ReadonlyMap<string, readonly Token[]>;
}

export interface StoredCredential {
  readonly resource: Credential;
  /** Rises with every new value; `<uid>/<valueVersion>` identifies the value. */
  readonly valueVersion: number;
  /** Of a credential with OAuth 2. */
  readonly token?: TokenState;
}

/** What is known of the access token of a credential with OAuth 2. */
export interface TokenState {
  /** Unix seconds; 0: there was none yet. */
  readonly obtainedAt: number;
  /** Unix seconds; 0: the server did not say. */
  readonly expiresAt: number;
  /** The value must not be sent: it has expired, or there is none yet. */
  readonly suspended: boolean;
}

export interface StoredConsumer {
  readonly resource: Consumer;
  /** Set by revoke, cleared by restore. */
  readonly revoked: boolean;
}

export type GrantKind = 'llm-routes' | 'mcp-servers' | 'service-routes';

export interface Grant {
  readonly kind: GrantKind;
  readonly route: string;
  readonly consumer: string;
  /** Model patterns that narrow the route's own, or null for all of them. Only for `llm-routes`. */
  readonly models: readonly string[] | null;
  /** Who made it; `admin` for edits through the API. */
  readonly source: string;
}

export interface Token {
  readonly id: string;
  readonly consumer: string;
  /** SHA-256 of the token, 32 bytes. */
  readonly digest: Uint8Array;
  /** Unix seconds; 0: never. */
  readonly expiresAt: number;
}

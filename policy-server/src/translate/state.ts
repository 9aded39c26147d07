import type {
  InjectionCredential,
  InjectionUpstream,
  KeyAuthConsumer,
  KeyAuthRoute,
} from '@hiclaw/policy-image';
import type { Secret } from '@hiclaw/service-kit';

/** What the gateways shall do, in our own words: no trace of Envoy. Lists are sorted by key, name or id. */
export interface GatewayState {
  /** Of the resources this was translated from. */
  readonly policyVersion: number;
  /** Bytes; larger bodies on LLM routes are refused. */
  readonly maxBodyBytes: number;
  readonly upstreams: readonly Upstream[];
  readonly routes: readonly GatewayRoute[];
  /** Who may call which route. */
  readonly access: {
    readonly routes: readonly KeyAuthRoute[];
    /** Only those with a token. */
    readonly consumers: readonly KeyAuthConsumer[];
  };
  /** Which credential goes where. */
  readonly injection: {
    readonly upstreams: readonly InjectionUpstream[];
    readonly credentials: readonly BoundCredential[];
  };
}

/** Where the gateway connects to. */
export interface Upstream {
  /** `providers/<name>`, `mcp-servers/<name>` or `service-routes/<name>`. */
  readonly key: string;
  readonly secure: boolean;
  /** Lower case name or address; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  /** An address needs no DNS and is matched by address in certificates. */
  readonly hostKind: 'name' | 'ipv4' | 'ipv6';
  /** PEM; null: the system's. */
  readonly caCertificates: string | null;
}

/** How requests that key-auth admitted on this route are forwarded. */
export interface GatewayRoute {
  /** `llm-routes/<name>`, `mcp-servers/<name>` or `service-routes/<name>`. */
  readonly key: string;
  readonly kind: 'llm' | 'mcp' | 'service';
  /** Key of the upstream. */
  readonly upstream: string;
  /** Value of the host header upstream. */
  readonly hostHeader: string;
  /** The first that matches applies; a path that none matches is not forwarded. */
  readonly rewrites: readonly PathRewrite[];
}

/** Replaces the part of the path that matched; the query stays. */
export interface PathRewrite {
  readonly match: 'exact' | 'prefix';
  readonly from: string;
  readonly to: string;
}

/** A credential with its value still wrapped. */
export interface BoundCredential extends Omit<InjectionCredential, 'value'> {
  readonly value: Secret;
}

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
  /** Targets of LLM routes and their variants that do not share the cluster of an upstream. */
  readonly pools: readonly Pool[];
  /** Variants too. */
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

/** The targets that requests of one LLM route, or of a variant of it, can go to. */
export interface Pool {
  /** That of the route or variant. */
  readonly key: string;
  /** By priority, then by index. */
  readonly targets: readonly PoolTarget[];
  /** Whether a target that says when to come back is waited for: there is no other one. */
  readonly waits: boolean;
}

export interface PoolTarget {
  /** In `spec.targets`. */
  readonly index: number;
  readonly upstream: Upstream;
  /** Value of the host header upstream. */
  readonly hostHeader: string;
  /** What it calls the model; null: as it was asked for. */
  readonly model: string | null;
  /** From 0, without gaps. */
  readonly priority: number;
  readonly weight: number;
}

/** How requests that key-auth admitted on this route are forwarded. */
export interface GatewayRoute {
  /** `llm-routes/<name>`, `mcp-servers/<name>` or `service-routes/<name>`; variants have that of their route. */
  readonly key: string;
  /** By what key-auth picks it: the key, or `llm-routes/<name>~<n>` for a variant with fewer targets. */
  readonly variant: string;
  readonly kind: 'llm' | 'mcp' | 'service';
  /** Key of the upstream, or of the pool. */
  readonly upstream: string;
  /** Value of the host header upstream; null: that of each target. */
  readonly hostHeader: string | null;
  /** Of LLM routes only. */
  readonly attempts: Attempts | null;
  /** The first that matches applies; a path that none matches is not forwarded. */
  readonly rewrites: readonly PathRewrite[];
}

/** Replaces the part of the path that matched; the query stays. */
export interface PathRewrite {
  readonly match: 'exact' | 'prefix';
  readonly from: string;
  /** null: credential-injection makes the path of each target. */
  readonly to: string | null;
}

/** How often and how long an LLM route tries, always before the first byte of an answer. */
export interface Attempts {
  /** After which another attempt is made; null: only after failures before the upstream can have seen the request. */
  readonly statuses: readonly number[] | null;
  /** Most attempts after the first. */
  readonly further: number;
  /** How another target is found; null: there is one. */
  readonly others: {
    /** How many attempts are made among targets of one priority before the next priority. */
    readonly perPriority: number;
    /** After how many turns by weight even the lightest target of a priority has had one. */
    readonly turns: number;
  } | null;
  /** Milliseconds until an answer begins; null: only silence ends an attempt. */
  readonly firstByteMs: number | null;
  /** Milliseconds without a byte after which the request is over, before its answer and within; at least `firstByteMs`. */
  readonly silenceMs: number;
}

/** A credential with its value still wrapped. */
export interface BoundCredential extends Omit<InjectionCredential, 'value'> {
  readonly value: Secret;
  /** Set while its value must not be sent: the hosts it may go to otherwise. */
  readonly suspendedFrom?: readonly string[];
}

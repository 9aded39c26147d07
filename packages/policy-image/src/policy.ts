/** What the policy server compiles resources into, and the writers turn into images. Plain data; order does not matter. */

export interface KeyAuthPolicy {
  /** The policy version at which the content last changed. */
  readonly policyVersion: bigint;
  /** Bytes; larger bodies on LLM routes are refused with 413. */
  readonly maxBodyBytes: number;
  readonly consumers: readonly KeyAuthConsumer[];
  readonly routes: readonly KeyAuthRoute[];
}

export interface KeyAuthConsumer {
  readonly name: string;
  readonly disabled: boolean;
  readonly revoked: boolean;
  /** Unix seconds; 0: never. Later than the year 2106 is cut to that. */
  readonly expiresAt: number;
  /** SHA-256 of each token as presented (32 bytes; the image holds the first 16), and its end in Unix seconds, 0: never. */
  readonly tokens: readonly { readonly digest: Uint8Array; readonly expiresAt: number }[];
  /**
   * Each route key at most once; a route that the policy does not have has no effect. `models: null`: all of the
   * route's models, and the only choice for other kinds. `envoyRoute`: the variant `<route>~<number>` of an LLM route
   * that this consumer's requests take; default: the route itself.
   */
  readonly grants: readonly {
    readonly route: string;
    readonly models: readonly string[] | null;
    readonly envoyRoute?: string;
  }[];
  /** Each meter at most once; default: no limit. */
  readonly limits?: readonly KeyAuthLimit[];
}

/** What is counted, per fixed window in UTC: `requests-minute` and `usd-month` are requests per minute and USD per month. */
export type Meter =
  'requests-minute' | 'tokens-minute' | 'tokens-day' | 'tokens-month' | 'usd-day' | 'usd-month';

export interface KeyAuthLimit {
  readonly meter: Meter;
  /** Most that may be spent in one window: requests, tokens or pico-USD (1e-12 USD); below 2^64. */
  readonly cap: bigint;
}

/** What one target asks per token, in pico-USD (1e-12 USD), each below 2^64. */
export interface KeyAuthPrice {
  /** Index of the target in the route's `spec.targets`. */
  readonly target: number;
  /** Model pattern over the name that the client asks for. */
  readonly model: string;
  readonly input: bigint;
  readonly cachedInput: bigint;
  readonly cacheWrite: bigint;
  readonly output: bigint;
}

export type KeyAuthRoute =
  | {
      readonly kind: 'llm';
      /** `llm-routes/<name>` */
      readonly key: string;
      /** Path prefix without trailing slash, such as `/v1`. */
      readonly path: string;
      /** Model patterns, `*` is any run of bytes. */
      readonly models: readonly string[];
      /** Concrete model names behind `models`, for `GET <path>/models`. */
      readonly catalogue: readonly string[];
      /** Its targets differ in path or model and must be told where the request says those. Default: false. */
      readonly rebases?: boolean;
      /** Some target wants `stream_options.include_usage` added to streams that do not ask for it. Default: false. */
      readonly addsUsage?: boolean;
      /** Whoever has a grant on the route may name responses that its provider stores, by id. Default: false. */
      readonly sharesResponses?: boolean;
      /** In order: the first for a target and a model counts. Default: none. */
      readonly prices?: readonly KeyAuthPrice[];
    }
  | {
      readonly kind: 'mcp';
      /** `mcp-servers/<name>` */
      readonly key: string;
    }
  | {
      readonly kind: 'service';
      /** `service-routes/<name>` */
      readonly key: string;
      readonly rules: readonly { readonly methods: readonly Method[]; readonly paths: readonly string[] }[];
    };

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

export interface InjectionPolicy {
  readonly policyVersion: bigint;
  readonly upstreams: readonly InjectionUpstream[];
  readonly credentials: readonly InjectionCredential[];
}

export interface InjectionUpstream {
  /** `providers/<name>`, `mcp-servers/<name>` or `service-routes/<name>` */
  readonly key: string;
  /** `host:port`, lower case. */
  readonly host: string;
  /** Path of its base URL, without trailing slash; of a provider only. Default: none. */
  readonly path?: string;
  /** It is a provider that wants `stream_options.include_usage` on streams that lack it. Default: false. */
  readonly addsUsage?: boolean;
  /** Credential id, or null: the upstream takes none. */
  readonly credential: string | null;
  readonly bindings: readonly { readonly consumer: string; readonly credential: string }[];
}

export interface InjectionCredential {
  /** `<uid>/<version>`; a new value is a new version. */
  readonly id: string;
  readonly placement: 'header' | 'query' | 'basic';
  /** Header name in lower case, or query parameter name; empty for `basic`. */
  readonly name: string;
  /** Put before the value of a header, such as `Bearer `. */
  readonly prefix: string;
  /** Where it may go: `host` or `host:port`, lower case; at least one. */
  readonly hosts: readonly string[];
  /** The secret itself, in the clear. `user:password` for `basic`. */
  readonly value: Uint8Array;
}

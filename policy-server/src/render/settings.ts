/** What rendering needs to know beyond the state. */
export interface RenderSettings {
  /** Bytes that Envoy may hold of one connection: the largest admitted body and slack for its framing. */
  readonly bufferBytes: number;
  /** File of the certificates that the gateway's machine trusts. */
  readonly caBundlePath: string;
  readonly plugins: {
    readonly keyAuth: PluginCode;
    readonly credentialInjection: PluginCode;
  };
}

/** A compiled plugin. */
export interface PluginCode {
  /** Absolute path, readable by Envoy. */
  readonly path: string;
  /** SHA-256 of the file in hexadecimal: another file is another VM. */
  readonly sha256: string;
}

/** What one gateway tells of itself in its node metadata. */
export interface NodeSettings {
  readonly bind: string;
  readonly port: number;
  /** Path of its access log, or null: none. */
  readonly accessLog: string | null;
  /** Path of the file for what LLM calls use; absent: it is not recorded. */
  readonly usageJournal?: string;
  /** Its spans; absent: none. */
  readonly tracing?: NodeTracing;
}

/** What one gateway says of its tracing; its bootstrap has the receiver's cluster. */
export interface NodeTracing {
  /** `service.name` of its spans. */
  readonly service: string;
  /** How many of a hundred traces are kept, 1 to 100. */
  readonly percent: number;
  /** Where spans are posted to. */
  readonly tracesUrl: string;
}

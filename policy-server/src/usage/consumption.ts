/** A call whose record is stored, as far as limits are concerned. */
export interface RecordedCall {
  /** 32 hexadecimal digits; unique. */
  readonly id: string;
  /** Node id of the gateway that served it. */
  readonly node: string;
  readonly consumer: string;
  readonly route: string;
  /** Milliseconds since the Unix epoch. A call counts in the window that it began in. */
  readonly startMs: number;
  /** Milliseconds since the Unix epoch, by the gateway's clock: when its last byte was sent. */
  readonly endMs: number;
  /** Input and output tokens. */
  readonly tokens: number;
  /** Pico-USD; null: no price was known. */
  readonly picoUsd: bigint | null;
}

/** Which recorded calls to give. */
export interface RecordsQuery {
  /** Only calls that this gateway served. */
  readonly node?: string;
  /** Only calls of this consumer. */
  readonly consumer?: string;
  /** Only calls that began at this moment or later, milliseconds since the Unix epoch. */
  readonly fromMs: number;
  /** Only calls that began before this moment. Default: no bound. */
  readonly toMs?: number;
  /** Only calls that ended at this moment or later. Default: no bound. */
  readonly endedFromMs?: number;
}

/**
 * What consumers have used, according to the records that the policy server has stored. All answers are those of the
 * last commit, and come at once.
 */
export interface UsageConsumption {
  /**
   * Recorded calls, the first to be stored first. Records are kept for as long as `callDays` says (default: 7 days).
   */
  recordsOf(query: RecordsQuery): readonly RecordedCall[];
  /**
   * The last moment at which everything that the gateway had written was stored: with a gateway that ended before it,
   * nothing more of it will come. Null: its journals have not been read to the end since this process began, or there
   * are none.
   *
   * @param node its node id
   * @returns milliseconds since the Unix epoch
   */
  drainedAt(node: string): number | null;
}

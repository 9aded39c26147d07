/** Streams of server-sent events between two processes of the benchmark: plain data only. */

export interface StreamJob {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Streams at once. */
  readonly streams: number;
}

export interface StreamResult {
  /** Events received, over all streams. */
  readonly events: number;
  /** HTTP chunks they came in. */
  readonly chunks: number;
  /** Streams that ended as they should. */
  readonly complete: number;
  readonly seconds: number;
  /** Milliseconds from the upstream's write of an event to its arrival. */
  readonly delay: { readonly p50: number; readonly p99: number };
}

/** All streams have their head: from now on it is chunks that cost. */
export type StreamMessage = { readonly open: true } | StreamResult;

/** Chunks per stream, and milliseconds between them. */
export interface StreamShape {
  readonly chunks: number;
  readonly intervalMs: number;
}

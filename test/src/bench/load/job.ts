/** What the load generator is told, and what it answers. Crosses a process boundary: plain data only. */

export interface LoadJob {
  readonly port: number;
  /** Complete HTTP/1.1 requests, head and body, sent in turn. */
  readonly requests: readonly string[];
  readonly connections: number;
  /** Not counted; 0: all is counted, from the first request on. */
  readonly warmUpSeconds: number;
  /** Counted. */
  readonly seconds: number;
  /** Requests per second, arriving at random (Poisson) whatever the answers do; absent: each connection sends at once. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly requests: number;
  /** Answers other than 200, by status; 0: connections that ended early. */
  readonly failures: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Milliseconds from when a request was due to when its answer was complete. */
  readonly latency: Latency;
}

/** First that the warm-up is over, then the result. */
export type LoadMessage = { readonly warm: true } | LoadResult;

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** A POST, in parts. */
export interface HttpCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The complete request a job sends. */
export function httpRequest(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): string {
  const fields = { host: 'gateway.test', ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

export function postRequest({ path, headers, body }: HttpCall): string {
  return httpRequest('POST', path, headers, body);
}

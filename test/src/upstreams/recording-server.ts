import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerCertificate } from './certificate-authority.js';

/** What an upstream got, as it came over the wire, and what became of the answer. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** As sent: names in their case, repeated headers each for itself. */
  readonly rawHeaders: readonly (readonly [name: string, value: string])[];
  /** All values of one header, joined by `, `; the empty string when there is none. */
  header(name: string): string;
  /** Complete once the request was read to its end. */
  body: Buffer;
  /** Body as JSON. Throws on anything else. */
  json(): unknown;
  /** Chunks of a stream written so far. */
  chunksSent: number;
  /** `aborted`: the connection went away before the answer's end. */
  outcome: 'open' | 'finished' | 'aborted';
}

export interface RecordingServerOptions {
  /** Default: any free port. Loopback only. */
  readonly port?: number;
  readonly tls?: ServerCertificate;
  /** How many requests to keep; older ones are forgotten. Default: 10,000. */
  readonly keep?: number;
}

export interface RecordingServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:<port>` or `https://localhost:<port>`. */
  readonly origin: string;
  /** Oldest first. */
  readonly requests: readonly RecordedRequest[];
  forget(): void;
  close(): Promise<void>;
}

export type RecordedListener = (request: RecordedRequest, response: ServerResponse) => void | Promise<void>;

/** An HTTP/1.1 server on loopback that records every request before `listener` answers it. */
export async function startRecordingServer(
  listener: RecordedListener,
  options: RecordingServerOptions = {},
): Promise<RecordingServer> {
  const requests: RecordedRequest[] = [];
  const keep = options.keep ?? 10_000;
  const onRequest: RequestListener = (incoming, response) => {
    const request = recordedRequest(incoming);
    requests.push(request);
    if (requests.length > keep) requests.shift();
    response.on('close', () => (request.outcome = response.writableFinished ? 'finished' : 'aborted'));
    response.on('error', () => response.destroy());
    void readBody(incoming)
      .then((body) => {
        request.body = body;
        return listener(request, response);
      })
      .catch(() => response.destroy());
  };
  const server =
    options.tls === undefined ? createServer(onRequest) : createTlsServer({ ...options.tls }, onRequest);
  // Envoy pools connections for an hour; Node would close them after 5 s and a request could meet the close.
  server.keepAliveTimeout = 3_600_000;
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    port,
    origin: options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    requests,
    forget: () => requests.splice(0),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function recordedRequest(incoming: IncomingMessage): RecordedRequest {
  const rawHeaders: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    rawHeaders.push([incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '']);
  }
  return {
    method: incoming.method ?? '',
    url: incoming.url ?? '',
    rawHeaders,
    header: (name) =>
      rawHeaders
        .filter(([candidate]) => candidate.toLowerCase() === name.toLowerCase())
        .map(([, value]) => value)
        .join(', '),
    body: Buffer.alloc(0),
    json(): unknown {
      return JSON.parse(this.body.toString('utf8'));
    },
    chunksSent: 0,
    outcome: 'open',
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * A server that notes what it gets. `/fail-once…` answers 503 once per path, `…/stream` answers an event and then stays
 * open, all else 200.
 */
export class Upstream {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #failed = new Set<string>();

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => response.destroy());
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        this.received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString() });
        this.#answer(url.split('?')[0] ?? '', response);
      });
    });
  }

  static async listen(where: { readonly path: string } | null = null): Promise<Upstream> {
    const upstream = new Upstream();
    if (where === null) upstream.#server.listen(0, '127.0.0.1');
    else upstream.#server.listen(where.path);
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP port');
    return address.port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(path: string, response: ServerResponse): void {
    if (path.includes('/fail-once') && !this.#failed.has(path)) {
      this.#failed.add(path);
      response.writeHead(503).end('again');
    } else if (path.endsWith('/stream')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
    } else {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
    }
  }
}

import { request as httpRequest } from 'node:http';
import { type Connection, openConnection } from './load/connection.js';

/** One answered request of a probe. */
export interface Probed {
  /** `performance.now()` when it was sent. */
  readonly sentAt: number;
  readonly status: number;
}

/** Requests of one caller that go on at a steady pace. */
export interface Probes {
  readonly answered: readonly Probed[];
  stop(): void;
}

export interface ProbesOptions {
  readonly ports: readonly number[];
  /** A complete HTTP/1.1 request. */
  readonly request: string;
  /** Connections to each port; several, so that they reach every worker thread. */
  readonly connections: number;
  /** Milliseconds between requests on one connection. */
  readonly everyMs: number;
}

export function startProbes(options: ProbesOptions): Probes {
  const answered: Probed[] = [];
  const request = Buffer.from(options.request, 'latin1');
  const connections: Connection[] = [];
  const timers: NodeJS.Timeout[] = [];
  let stopped = false;
  for (const port of options.ports) {
    for (let i = 0; i < options.connections; i++) {
      let sentAt = 0;
      const connection = openConnection(
        port,
        () => request,
        (status) => answered.push({ sentAt, status }),
      );
      connections.push(connection);
      const tick = (): void => {
        if (connection.busy) return;
        sentAt = performance.now();
        connection.send();
      };
      // Spread over the interval: requests that all come at once would leave gaps in which nothing is seen.
      const phase = (options.everyMs * connections.length) / (options.ports.length * options.connections);
      timers.push(
        setTimeout(() => {
          if (!stopped) timers.push(setInterval(tick, options.everyMs));
        }, phase),
      );
    }
  }
  return {
    answered,
    stop: () => {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      for (const connection of connections) connection.close();
    },
  };
}

/** A stream that stays open until somebody cuts it. */
export interface OpenStream {
  /** `performance.now()` when it ended. */
  readonly ended: Promise<number>;
  destroy(): void;
}

/** Resolves with the first bytes of the stream. @throws Error when it is refused */
export function openStream(port: number, token: string, body: string): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/v1/chat/completions',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        agent: false,
      },
      (incoming) => {
        if (incoming.statusCode !== 200) {
          incoming.resume();
          reject(new Error(`stream refused with ${incoming.statusCode ?? 0}`));
          return;
        }
        const ended = new Promise<number>((end) => incoming.once('close', () => end(performance.now())));
        incoming.once('data', () => resolve({ ended, destroy: () => outgoing.destroy() }));
        incoming.on('error', () => undefined);
        incoming.resume();
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

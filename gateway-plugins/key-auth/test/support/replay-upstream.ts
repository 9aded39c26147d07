import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { End } from './usage-corpus.js';

/** A response as it goes over the wire: HTTP/1.1, each piece a chunk of its own, or all under a content-length. */
export interface Replay {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Uint8Array[];
  readonly end: End;
  /** Called before each piece with its number: the piece waits for it. Default: a moment, so that no two are joined. */
  readonly before?: (piece: number) => Promise<unknown>;
}

/** Answers each request with the replay that its header `x-case` names. */
export class ReplayUpstream {
  readonly replays = new Map<string, Replay>();
  /** Cases whose request has come. */
  readonly asked = new Set<string>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      let received = '';
      socket.setEncoding('latin1').on('data', (text: string) => {
        received += text;
        for (
          let head = /^([^]*?\r\n)\r\n/.exec(received);
          head !== null;
          head = /^([^]*?\r\n)\r\n/.exec(received)
        ) {
          const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head[1] ?? '')?.[1] ?? 0);
          if (received.length < head[0].length + length) return;
          received = received.slice(head[0].length + length);
          void this.#answer(socket, /\r\nx-case: ([^\r]*)\r\n/i.exec(head[1] ?? '')?.[1] ?? '');
        }
      });
    });
  }

  static async listen(): Promise<ReplayUpstream> {
    const upstream = new ReplayUpstream();
    upstream.#server.listen(0, '127.0.0.1');
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
    for (const socket of this.#sockets) socket.destroy();
  }

  async #answer(socket: Socket, name: string): Promise<void> {
    const replay = this.replays.get(name);
    if (replay === undefined) throw new Error(`no case ${name}`);
    this.asked.add(name);
    if (replay.end === 'client-early') return;
    const { status, headers, pieces, end, before = () => delay(2) } = replay;
    const isChunked = headers['content-length'] === undefined;
    const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}`);
    if (isChunked) lines.push('transfer-encoding: chunked');
    socket.write([`HTTP/1.1 ${status} x`, ...lines, '', ''].join('\r\n'));
    for (const [number, piece] of pieces.entries()) {
      await before(number);
      if (piece.length === 0 || !socket.writable) continue;
      if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      if (isChunked) socket.write('\r\n');
    }
    if (!socket.writable) return;
    if (end === 'upstream') {
      await delay(20);
      socket.destroy();
    } else if (end === 'trailers') {
      socket.write('0\r\nx-trailer: 1\r\n\r\n');
    } else if (end === 'complete' && isChunked) {
      socket.write('0\r\n\r\n');
    }
  }
}

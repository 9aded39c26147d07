import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../network/until.js';
import { openConnection } from './connection.js';
import { httpRequest } from './job.js';

const REQUEST = Buffer.from(httpRequest('POST', '/x', { authorization: 'Bearer t' }, '{"a":1}'));
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
let server: Server;
const sockets = new Set<Socket>();

async function serve(onRequest: (socket: Socket) => void): Promise<number> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => onRequest(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

describe('a connection of the load generator', () => {
  it('counts answers that come whole, in pieces, and with other statuses', async () => {
    const answers = [
      [ANSWER],
      ['HTTP/1.1 200 OK\r\nContent-Le', 'ngth: 5\r\n\r\nhel', 'lo'],
      [ANSWER.replace('200', '403')],
    ];
    let sent = 0;
    const port = await serve((socket) => {
      const pieces = answers[sent++] ?? [];
      const next = (i: number): void => {
        const piece = pieces[i];
        if (piece !== undefined) socket.write(piece, () => setTimeout(next, 2, i + 1));
      };
      next(0);
    });
    const statuses: number[] = [];
    const connection = openConnection(
      port,
      () => REQUEST,
      (status) => {
        statuses.push(status);
        if (statuses.length < 3) connection.send();
      },
    );
    connection.send();
    await until(() => statuses.length === 3, { withinMs: 5000 });
    expect(statuses).toEqual([200, 200, 403]);
    expect(connection.busy).toBe(false);
    connection.close();
  });

  it('takes a chunked answer as complete at its last chunk, wherever reads cut it', async () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answers = [
      [`${head}5\r\nhello\r\n0\r\n\r\n`],
      [head, '5\r\nhello\r', '\n0', '\r\n\r', '\n'],
      [ANSWER],
    ];
    let sent = 0;
    const left: number[] = [];
    const port = await serve((socket) => {
      const pieces = answers[sent++] ?? [];
      left.push(pieces.length);
      const next = (i: number): void => {
        const piece = pieces[i];
        if (piece === undefined) return;
        left[left.length - 1] = pieces.length - i - 1;
        socket.write(piece, () => setTimeout(next, 2, i + 1));
      };
      next(0);
    });
    const unsent: (number | undefined)[] = [];
    const connection = openConnection(
      port,
      () => REQUEST,
      (status) => {
        expect(status).toBe(200);
        unsent.push(left.at(-1));
        if (unsent.length < 3) connection.send();
      },
    );
    connection.send();
    await until(() => unsent.length === 3, { withinMs: 5000 });
    expect(unsent).toEqual([0, 0, 0]);
    connection.close();
  });

  it('tells of a request that was lost with its connection, and opens another', async () => {
    let requests = 0;
    const port = await serve((socket) =>
      ++requests === 1 ? socket.resetAndDestroy() : socket.write(ANSWER),
    );
    const statuses: number[] = [];
    const connection = openConnection(
      port,
      () => REQUEST,
      (status) => statuses.push(status),
    );
    connection.send();
    await until(() => statuses.length === 1, { withinMs: 5000 });
    connection.send();
    await until(() => statuses.length === 2, { withinMs: 5000 });
    expect(statuses).toEqual([0, 200]);
    connection.close();
  });
});

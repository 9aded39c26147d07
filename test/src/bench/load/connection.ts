import { connect, type Socket } from 'node:net';

/** One keep-alive connection with at most one request on it, as fast as Node allows: no HTTP parser, one reused buffer. */
export interface Connection {
  /** Sends the request; `onAnswer` of the connection tells when it was answered. */
  send(): void;
  readonly busy: boolean;
  close(): void;
}

/** No status: the connection ended. */
const LOST = 0;
const END_OF_HEAD = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

/**
 * @param onAnswer called with the status of each complete answer, and with `LOST` when the connection ends while a
 * request is on it (it is then opened again).
 */
export function openConnection(
  port: number,
  nextRequest: () => Buffer,
  onAnswer: (status: number) => void,
): Connection {
  let busy = false;
  let closed = false;
  // What of the current answer came before this read; empty nearly always.
  let before = Buffer.alloc(0);
  let socket: Socket;

  const take = (bytes: Buffer): void => {
    const answer = before.length === 0 ? bytes : Buffer.concat([before, bytes]);
    const length = answerLength(answer);
    if (length === -1 || answer.length < length) {
      before = Buffer.from(answer);
      return;
    }
    before = Buffer.alloc(0);
    busy = false;
    // "HTTP/1.1 200": the status is at 9.
    onAnswer(Number(answer.toString('latin1', 9, 12)));
  };

  const open = (): void => {
    const buffer = Buffer.allocUnsafe(65_536);
    socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          take(buffer.subarray(0, size));
          return true;
        },
      },
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (closed) return;
      before = Buffer.alloc(0);
      const lost = busy;
      busy = false;
      open();
      if (lost) onAnswer(LOST);
    });
  };
  open();

  return {
    send: () => {
      busy = true;
      socket.write(nextRequest());
    },
    get busy() {
      return busy;
    },
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

/** Bytes of the whole answer at the start of `bytes`, or -1 while its head is not complete. */
function answerLength(bytes: Buffer): number {
  const headEnd = bytes.indexOf(END_OF_HEAD);
  if (headEnd === -1) return -1;
  const digits = CONTENT_LENGTH.exec(bytes.toString('latin1', 0, headEnd + 2))?.[1];
  return headEnd + 4 + Number(digits ?? 0);
}

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
const CHUNKED = /\r\ntransfer-encoding: chunked\r\n/i;
const LAST_CHUNK = '\r\n0\r\n\r\n';

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
  // What of the current answer's head came before this read; empty nearly always.
  let before = Buffer.alloc(0);
  let answer: Answer | null = null;
  let socket: Socket;

  const take = (bytes: Buffer): void => {
    let body = bytes;
    if (answer === null) {
      const all = before.length === 0 ? bytes : Buffer.concat([before, bytes]);
      const headEnd = all.indexOf(END_OF_HEAD);
      if (headEnd === -1) {
        before = Buffer.from(all);
        return;
      }
      before = Buffer.alloc(0);
      answer = answerOf(all.toString('latin1', 0, headEnd + 2));
      body = all.subarray(headEnd + END_OF_HEAD.length);
    }
    if (!answer.endsWith(body)) return;
    const { status } = answer;
    answer = null;
    busy = false;
    onAnswer(status);
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
      answer = null;
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

/** An answer whose head is known. */
interface Answer {
  readonly status: number;
  /** Takes the next part of the body; true when it is complete. */
  endsWith(part: Buffer): boolean;
}

function answerOf(head: string): Answer {
  // "HTTP/1.1 200": the status is at 9.
  const status = Number(head.slice(9, 12));
  if (CHUNKED.test(head)) {
    // There is never a second answer behind this one, so the last chunk is the last thing that comes.
    let tail = '\r\n';
    const endsWith = (part: Buffer): boolean => {
      tail = (tail + part.toString('latin1', Math.max(0, part.length - LAST_CHUNK.length))).slice(
        -LAST_CHUNK.length,
      );
      return tail === LAST_CHUNK;
    };
    return { status, endsWith };
  }
  let left = Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
  return { status, endsWith: (part) => (left -= part.length) <= 0 };
}

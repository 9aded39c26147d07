import { connect, type Socket } from 'node:net';

/** An HTTP/1.1 response read off the wire; status 0: the connection closed without one. */
export interface RawResponse {
  readonly status: number;
  /** Names in lower case; the last of repeated ones. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const DEADLINE_MS = 20_000;

/**
 * Writes the pieces as they are, each in a write of its own, and reads the first response to its end. Bytes that are
 * not UTF-8 appear as latin1.
 *
 * @param bodiless the response has no body whatever its headers say, as that to HEAD
 * @throws Error when neither a response nor the connection's end comes within 20 s
 */
export async function rawRequest(
  port: number,
  pieces: readonly Uint8Array[],
  bodiless = false,
): Promise<RawResponse> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  try {
    return await new Promise<RawResponse>((resolve, reject) => {
      let seen = Buffer.alloc(0);
      const look = (ended: boolean): void => {
        const response = parseResponse(seen, ended, bodiless);
        if (response !== null) resolve(response);
      };
      socket.setTimeout(DEADLINE_MS, () =>
        reject(new Error(`no end of the response: ${seen.toString('latin1').slice(0, 300)}`)),
      );
      socket.on('data', (data) => {
        seen = Buffer.concat([seen, data]);
        look(false);
      });
      socket.on('end', () => look(true));
      // A server that refuses early may reset while we still write; what it said before counts.
      socket.on('error', () => look(true));
      void writeAll(socket, pieces);
    });
  } finally {
    socket.destroy();
  }
}

async function writeAll(socket: Socket, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    await new Promise<void>((resolve) => void socket.write(piece, () => resolve()));
  }
}

function parseResponse(bytes: Buffer, ended: boolean, bodiless: boolean): RawResponse | null {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return ended ? { status: 0, headers: {}, body: '' } : null;
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  if (status >= 100 && status < 200 && status !== 101)
    return parseResponse(bytes.subarray(headEnd + 4), ended, bodiless);
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  if (bodiless) return { status, headers, body: '' };
  const rest = bytes.subarray(headEnd + 4);
  const body =
    headers['transfer-encoding'] === 'chunked'
      ? dechunk(rest)
      : lengthOf(rest, headers['content-length'], ended);
  return body === null && !ended ? null : { status, headers, body: (body ?? rest).toString('utf8') };
}

function lengthOf(rest: Buffer, length: string | undefined, ended: boolean): Buffer | null {
  if (length === undefined) return ended ? rest : null;
  return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : null;
}

function dechunk(rest: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    if (size === 0) return Buffer.concat(parts);
    if (rest.length < lineEnd + 2 + size + 2) return null;
    parts.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

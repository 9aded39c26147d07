import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { textOf } from '../../../policy/test/envoy/gateway-process.js';

export interface Reply {
  readonly status: number;
  readonly reason: string | undefined;
  readonly body: string;
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Response headers; the body is still to come. */
export async function open(
  port: number,
  { method = 'GET', path, headers, body }: Call,
): Promise<IncomingMessage> {
  const call = request({ host: '127.0.0.1', port, method, path, headers, agent: false });
  call.end(body);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

export async function send(port: number, call: Call): Promise<Reply> {
  const response = await open(port, call);
  return {
    status: response.statusCode ?? 0,
    reason: response.headers['x-hiclaw-reason']?.toString(),
    body: await textOf(response),
  };
}

/** A chunked request whose chunks are written one by one, so that Envoy gets them apart; its status line and body. */
export async function sendChunked(
  port: number,
  head: readonly string[],
  chunks: readonly string[],
  trailer = '',
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true);
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  socket.write([...head, 'transfer-encoding: chunked', 'connection: close', '', ''].join('\r\n'));
  for (const chunk of chunks) {
    // Not a wait for anything: it keeps the kernel from joining the chunks.
    await delay(2);
    if (socket.writable) socket.write(`${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
  }
  if (socket.writable) socket.write(`0\r\n${trailer}\r\n`);
  await once(socket, 'close');
  return answer;
}

/** A POST over HTTP/2 whose body is ended by trailers. */
export async function sendWithTrailers(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
  pieces: readonly string[],
): Promise<Reply> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request(
    { ':method': 'POST', ':path': path, ...headers },
    { endStream: false, waitForTrailers: true },
  );
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'x-trailer': '1' });
  });
  stream.on('error', () => undefined);
  const response = once(stream, 'response') as Promise<[Readonly<Record<string, string | number>>]>;
  for (const piece of pieces) {
    stream.write(piece);
    await delay(2);
  }
  stream.end();
  const [received] = await response;
  let body = '';
  for await (const chunk of stream.setEncoding('utf8')) body += String(chunk);
  session.close();
  return { status: Number(received[':status']), reason: received['x-hiclaw-reason']?.toString(), body };
}

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Behaviour } from './behaviour.js';
import type { RecordedRequest } from './recording-server.js';

/** One server-sent event; `event` is left out where the protocol names none. */
export interface ServerSentEvent {
  readonly event?: string;
  readonly data: string;
}

/** The events of one answer: what comes before the content, each content chunk, what comes after. */
export interface EventStream {
  readonly head: readonly ServerSentEvent[];
  chunk(index: number): ServerSentEvent;
  readonly tail: readonly ServerSentEvent[];
  /** Content chunks, where the answer itself says how many. Default: as its behaviour says. */
  readonly chunks?: number;
}

/** A whole answer, and the same as a stream where the endpoint has one. */
export interface Answer {
  readonly json: unknown;
  readonly stream?: EventStream;
}

/** Writes a stream as its behaviour says. Resolves when it has ended or the client went away. */
export async function sendStream(
  response: ServerResponse,
  request: RecordedRequest,
  stream: EventStream,
  behaviour: Behaviour,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.flushHeaders();
  if (behaviour.firstEventMs > 0 && !(await pause(behaviour.firstEventMs, gone.signal))) return;
  for (const event of stream.head) response.write(formatEvent(event));
  const chunks = stream.chunks ?? behaviour.chunks;
  for (let index = 0; index < chunks; index++) {
    if (index === behaviour.idleAfter) return;
    if (index === behaviour.resetAfter) {
      resetConnection(response);
      return;
    }
    response.write(formatEvent(stream.chunk(index)));
    request.chunksSent++;
    if (!(await pause(behaviour.intervalMs, gone.signal))) return;
  }
  if (behaviour.resetAfter === chunks) {
    resetConnection(response);
    return;
  }
  for (const event of stream.tail) response.write(formatEvent(event));
  response.end();
}

/** Ends the connection with a TCP reset, as a crashed upstream does. */
export function resetConnection(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}

/** The same after part of the headers has gone out. */
export function resetInHeaders(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.socket?.write('HTTP/1.1 200 OK\r\ncontent-type: applic', () => {
      resetConnection(response);
      resolve();
    });
  });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

function formatEvent(event: ServerSentEvent): string {
  return `${event.event === undefined ? '' : `event: ${event.event}\n`}data: ${event.data}\n\n`;
}

/** False when the client went away meanwhile. */
async function pause(ms: number, gone: AbortSignal): Promise<boolean> {
  // Even at interval 0 the loop yields, so that an endless stream leaves the server responsive.
  await delay(ms, undefined, { signal: gone }).catch(() => undefined);
  return !gone.aborted;
}

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedRequest } from './recording-server.js';

/** How a pretend upstream answers. */
export interface Behaviour {
  /** Answer with this status and the protocol's own error body instead. Default: none. */
  readonly status?: number;
  /** Milliseconds before the first byte. Default: 0. */
  readonly delayMs: number;
  /** Content chunks of a stream; `Infinity`: until the client goes away. Default: 5. */
  readonly chunks: number;
  /** Milliseconds between chunks. Default: 0. */
  readonly intervalMs: number;
  /** After so many chunks send nothing more and leave the stream open. Default: never. */
  readonly idleAfter?: number;
  /** After so many chunks reset the connection; 0: before the answer's first byte. Default: never. */
  readonly resetAfter?: number;
}

export const DEFAULT_BEHAVIOUR: Behaviour = { delayMs: 0, chunks: 5, intervalMs: 0 };

/**
 * Behaviour asked for by a model's name: `pretend` followed by any of `-chunks-<n>`, `-endless`, `-every-<n>ms`,
 * `-delay-<n>ms`, `-idle-after-<n>`, `-reset-after-<n>`, `-status-<nnn>`. So `pretend-endless-every-50ms` streams a
 * chunk each 50 ms until the client goes away. Any other name asks for nothing.
 */
export function behaviourOfModel(model: string): Partial<Behaviour> {
  if (!model.startsWith('pretend')) return {};
  const number = (pattern: RegExp): number | undefined => {
    const digits = pattern.exec(model)?.[1];
    return digits === undefined ? undefined : Number(digits);
  };
  const entries = {
    status: number(/-status-(\d{3})\b/),
    delayMs: number(/-delay-(\d+)ms\b/),
    chunks: model.includes('-endless') ? Infinity : number(/-chunks-(\d+)\b/),
    intervalMs: number(/-every-(\d+)ms\b/),
    idleAfter: number(/-idle-after-(\d+)\b/),
    resetAfter: number(/-reset-after-(\d+)\b/),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
}

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
  for (const event of stream.head) response.write(formatEvent(event));
  for (let index = 0; index < behaviour.chunks; index++) {
    if (index === behaviour.idleAfter) return;
    if (index === behaviour.resetAfter) {
      resetConnection(response);
      return;
    }
    response.write(formatEvent(stream.chunk(index)));
    request.chunksSent++;
    if (!(await pause(behaviour.intervalMs, gone.signal))) return;
  }
  if (behaviour.resetAfter === behaviour.chunks) {
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

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
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

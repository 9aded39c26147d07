import type { HttpStream } from '@hiclaw/proxy-wasm-host';
import type { Gateway } from './gateway.js';
import { consumer, image } from './policies.js';
import type { UsageCase, UsageNumbers } from './usage-corpus.js';
import { requestOf } from './usage-request.js';

const LLM = { kind: 'llm', models: ['*'], catalogue: ['gpt-4o'] } as const;

/** One that adds usage and one that does not. */
export const usageRoutes = [
  { ...LLM, key: 'llm-routes/adds', path: '/v1', addsUsage: true },
  { ...LLM, key: 'llm-routes/plain', path: '/v2' },
] as const;

/** A policy with these routes, both open to consumer 1. */
export function usageImage(): Buffer {
  const grants = usageRoutes.map(({ key }) => ({ route: key, models: null }));
  return image([consumer(1, { grants })], { routes: usageRoutes });
}

/** A call that is forwarded, and waits for its response. */
export function beginCall(gateway: Gateway, call: UsageCase): HttpStream {
  const stream = gateway.send(requestOf(call));
  if (stream.requestPaused || stream.localResponse !== null) throw new Error(`${call.name}: not forwarded`);
  return stream;
}

/** Lets a response pass in these pieces, and its stream end. */
export function respond(stream: HttpStream, call: UsageCase, pieces: readonly Uint8Array[]): void {
  if (call.end !== 'client-early') {
    const isEmpty = pieces.length === 0 && call.end === 'complete';
    stream.responseHeaders({ ':status': `${call.status}`, ...call.headers }, { endStream: isEmpty });
    for (const piece of pieces) stream.responseBody(piece);
    if (call.end === 'trailers') stream.responseTrailers({ 'x-trailer': '1' });
    else if (call.end === 'complete' && !isEmpty) stream.responseBody('', { endStream: true });
  }
  stream.end();
}

/** What the plugin has published about a stream. */
export function publishedUsage(stream: HttpStream): Record<string, unknown> | null {
  const text = stream.info.property('hiclaw.usage');
  return text === undefined ? null : (JSON.parse(text) as Record<string, unknown>);
}

/** The whole record of a case. */
export function recordOf(call: UsageCase, numbers: UsageNumbers = call.record): object {
  return { v: 1, endpoint: call.endpoint, model: 'gpt-4o', stream: call.stream, ...numbers };
}

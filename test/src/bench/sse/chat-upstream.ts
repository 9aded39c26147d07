/**
 * A provider of chat completions that only streams: `max_tokens` content chunks, each in an HTTP chunk of its own, one per
 * `INTERVAL_MS`, and a chunk with the usage if the request asks for it, as OpenAI does.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StreamRequest } from './stream-request.js';

const intervalMs = Number(process.env['INTERVAL_MS']);
const BASE = {
  id: 'chatcmpl-bench',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-4o',
};

const event = (fields: object): string => `data: ${JSON.stringify({ ...BASE, ...fields })}\n\n`;
const content = (delta: object, finish: string | null): object => ({
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
});
const WORD = event(content({ content: ' gateway' }, null));
const STOP = event(content({}, 'stop'));

function stream(
  response: ServerResponse,
  { max_tokens: chunks, stream_options: options }: StreamRequest,
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    response.write(WORD);
    if (++sent < chunks) return;
    clearInterval(timer);
    const usage = { prompt_tokens: 200, completion_tokens: chunks, total_tokens: 200 + chunks };
    const last = options?.include_usage === true ? event({ choices: [], usage }) : '';
    response.end(`${STOP}${last}data: [DONE]\n\n`);
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
}

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    if (request.method !== 'POST') response.end('{"object":"list","data":[]}');
    else stream(response, JSON.parse(Buffer.concat(parts).toString()) as StreamRequest);
  });
});
// Gateways keep connections for longer than Node does by default.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));

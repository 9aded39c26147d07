import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An LLM provider that takes one key and says nothing of interest. */
export interface PretendProvider extends AsyncDisposable {
  readonly port: number;
  /** All headers and the path of each request, as text. */
  readonly seen: readonly string[];
}

const WORD_EVERY_MS = 200;

async function readModel(request: IncomingMessage): Promise<{ model: string; stream: boolean }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as { model: string; stream: boolean };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** A word at a time, until the caller hangs up. */
function streamWords(response: ServerResponse, model: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    const delta = { content: `word ${count} ` };
    response.write(
      `data: ${JSON.stringify({ object: 'chat.completion.chunk', model, choices: [{ index: 0, delta }] })}\n\n`,
    );
  }, WORD_EVERY_MS);
  response.once('close', () => {
    clearInterval(timer);
  });
}

/** @param key the only credential it takes */
export async function startPretendProvider(key: string): Promise<PretendProvider> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push([request.url ?? '', ...request.rawHeaders].join('\n'));
    if (request.headers.authorization !== `Bearer ${key}`) {
      answer(response, 401, { error: { message: 'Incorrect API key provided.' } });
      return;
    }
    void readModel(request).then(({ model, stream }) => {
      if (stream) {
        streamWords(response, model);
        return;
      }
      const message = { role: 'assistant', content: 'Hello from the pretend provider.' };
      answer(response, 200, { object: 'chat.completion', model, choices: [{ index: 0, message }] });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

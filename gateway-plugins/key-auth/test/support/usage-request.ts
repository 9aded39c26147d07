import type { RequestFacts } from '@hiclaw/policy-image';
import { token } from './policies.js';
import type { UsageCase } from './usage-corpus.js';

/** What the client asks for in these tests. */
export const MODEL = 'gpt-4o';

const BOUNDARY = 'boundary-of-the-form';
const PATHS: Readonly<Record<string, string>> = {
  chat: '/chat/completions',
  completions: '/completions',
  responses: '/responses',
  embeddings: '/embeddings',
  messages: '/messages',
  count_tokens: '/messages/count_tokens',
  rerank: '/rerank',
  moderations: '/moderations',
  images: '/images/generations',
  speech: '/audio/speech',
  transcriptions: '/audio/transcriptions',
  translations: '/audio/translations',
  gemini_generate: `/models/${MODEL}:generateContent`,
  gemini_stream: `/models/${MODEL}:streamGenerateContent?alt=sse`,
  gemini_count: `/models/${MODEL}:countTokens`,
  gemini_embed: `/models/${MODEL}:embedContent`,
  input_tokens: '/responses/input_tokens',
};

type Call = Pick<UsageCase, 'endpoint' | 'stream' | 'asksUsage' | 'requestBytes'>;

/** The route that adds usage is `/v1`, the one that does not `/v2`. */
export function pathOf({ endpoint, addsUsage }: Pick<UsageCase, 'endpoint' | 'addsUsage'>): string {
  const path = PATHS[endpoint];
  if (path === undefined) throw new Error(`no path for ${endpoint}`);
  return (addsUsage ? '/v1' : '/v2') + path;
}

/** A request of consumer 1 whose body is as long as the case says. */
export function requestOf(call: Call & Pick<UsageCase, 'addsUsage'>): Omit<RequestFacts, 'now'> {
  const isForm = call.endpoint === 'transcriptions' || call.endpoint === 'translations';
  const body = isForm ? formBody(call) : jsonBody(call);
  return {
    method: 'POST',
    path: pathOf(call),
    headers: [
      ['authorization', `Bearer ${token(1)}`],
      ['content-type', isForm ? `multipart/form-data; boundary=${BOUNDARY}` : 'application/json'],
      ['content-length', `${body.length}`],
    ],
    body: [body],
  };
}

function padded(length: number, make: (padding: string) => string): Buffer {
  const missing = length - Buffer.byteLength(make(''));
  if (missing < 0) throw new Error(`no request is as short as ${length} bytes`);
  return Buffer.from(make('x'.repeat(missing)));
}

function jsonBody({ endpoint, stream, asksUsage, requestBytes }: Call): Buffer {
  const named = endpoint.startsWith('gemini') ? {} : { model: MODEL };
  const streaming = stream && !endpoint.startsWith('gemini') ? { stream: true } : {};
  const asking = asksUsage ? { stream_options: { include_usage: true } } : {};
  return padded(requestBytes, (user) => JSON.stringify({ ...named, ...streaming, ...asking, user }));
}

function formBody({ stream, requestBytes }: Call): Buffer {
  const part = (name: string, value: string): string =>
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  return padded(
    requestBytes,
    (file) =>
      `${part('model', MODEL)}${stream ? part('stream', 'true') : ''}${part('file', file)}--${BOUNDARY}--\r\n`,
  );
}

import { type HttpCall, httpRequest } from './load/job.js';

const BODY_BYTES = 1000;

/** A chat request of exactly 1,000 bytes of JSON. */
export function chatBody(fields: Readonly<Record<string, unknown>> = {}): string {
  const body = (content: string): string =>
    JSON.stringify({ model: 'gpt-4o', ...fields, messages: [{ role: 'user', content }] });
  return body('x'.repeat(BODY_BYTES - body('').length));
}

/** A call of a service: the gateway looks at head and token only. */
export function serviceRequest(token: string): string {
  return httpRequest('POST', '/services/bench/chat/completions', headers(token), chatBody());
}

/** A call of a model: the gateway looks into the body too. */
export function modelRequest(token: string, fields: Readonly<Record<string, unknown>> = {}): string {
  return httpRequest('POST', '/v1/chat/completions', headers(token), chatBody(fields));
}

/** What a chat call says beside its 1,000 bytes. */
export interface ChatCallOptions {
  /** Default: `/v1/chat/completions`. */
  readonly path?: string;
  readonly token: string;
  /** Default: `gpt-4o`. */
  readonly model?: string;
  /** Content chunks to stream, without asking for the usage. Default: none, a JSON answer. */
  readonly chunks?: number;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function chatCall({ path, token, model, chunks, headers: more }: ChatCallOptions): HttpCall {
  const fields = {
    ...(model === undefined ? {} : { model }),
    ...(chunks === undefined ? {} : { stream: true, max_tokens: chunks }),
  };
  return {
    path: path ?? '/v1/chat/completions',
    headers: { ...headers(token), ...more },
    body: chatBody(fields),
  };
}

function headers(token: string): Readonly<Record<string, string>> {
  return {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'bench',
  };
}

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { anthropicError, message, messageStream } from './anthropic-shapes.js';
import {
  type Behaviour,
  behaviourOfModel,
  DEFAULT_BEHAVIOUR,
  type EventStream,
  resetConnection,
  sendJson,
  sendStream,
} from './behaviour.js';
import * as openai from './openai-shapes.js';
import {
  type RecordedRequest,
  type RecordingServer,
  type RecordingServerOptions,
  startRecordingServer,
} from './recording-server.js';

export interface LlmProviderOptions extends RecordingServerOptions {
  /** The only credential it takes, in `authorization` (after `Bearer `) or `x-api-key`; others get 401. Default: any. */
  readonly credential?: string;
}

/** A pretend LLM provider that speaks OpenAI's and Anthropic's APIs, below any path prefix. */
export interface LlmProvider extends RecordingServer {
  /** Changes how all later requests are answered; a model's name has the last word (`behaviourOfModel`). */
  behave(behaviour: Partial<Behaviour>): void;
  /** Replaces the credential it takes, as a rotation at the provider does. */
  accept(credential: string): void;
}

interface Body {
  readonly model: string;
  readonly stream: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Answer {
  readonly json: object;
  readonly stream?: EventStream;
}

type Endpoint = (body: Body, behaviour: Behaviour) => Answer;

/** By the end of the path; longer ones first, so that `/chat/completions` is not taken for `/completions`. */
const ENDPOINTS: readonly (readonly [suffix: string, endpoint: Endpoint])[] = [
  [
    '/chat/completions',
    ({ model }, { chunks }) => ({
      json: openai.chatCompletion(model, chunks),
      stream: openai.chatCompletionStream(model),
    }),
  ],
  [
    '/completions',
    ({ model }, { chunks }) => ({
      json: openai.completion(model, chunks),
      stream: openai.completionStream(model),
    }),
  ],
  [
    '/responses',
    ({ model }, { chunks }) => ({
      json: openai.response(model, chunks),
      stream: openai.responseStream(model, chunks),
    }),
  ],
  ['/embeddings', ({ model, fields }) => ({ json: openai.embeddings(model, fields['input']) })],
  ['/rerank', ({ fields }) => ({ json: openai.rerank(fields['documents']) })],
  ['/moderations', ({ model }) => ({ json: openai.moderation(model) })],
  ['/images/generations', () => ({ json: openai.image() })],
  ['/messages/count_tokens', () => ({ json: { input_tokens: 7 } })],
  ['/messages', ({ model }, { chunks }) => ({ json: message(model, chunks), stream: messageStream(model) })],
];

export async function startLlmProvider(options: LlmProviderOptions = {}): Promise<LlmProvider> {
  let standing: Partial<Behaviour> = {};
  let credential = options.credential;
  const server = await startRecordingServer(async (request, response) => {
    if (credential !== undefined && presentedCredential(request) !== credential) {
      sendError(request, response, 401, 'Incorrect credential provided.');
      return;
    }
    await answer(request, response, standing);
  }, options);
  return {
    ...server,
    behave: (behaviour) => (standing = behaviour),
    accept: (next) => (credential = next),
  };
}

async function answer(
  request: RecordedRequest,
  response: ServerResponse,
  standing: Partial<Behaviour>,
): Promise<void> {
  const path = request.url.split('?', 1)[0] ?? '';
  if (request.method === 'GET' && path.endsWith('/models')) {
    sendJson(response, 200, openai.models());
    return;
  }
  if (request.method !== 'POST') {
    sendError(request, response, 405, 'Method not allowed.');
    return;
  }
  const body = readBody(request);
  if (body === null) {
    sendError(request, response, 400, 'The body is not a JSON object.');
    return;
  }
  const behaviour = { ...DEFAULT_BEHAVIOUR, ...standing, ...behaviourOfModel(body.model) };
  if (behaviour.delayMs > 0) await delay(behaviour.delayMs);
  if (behaviour.resetAfter === 0) {
    resetConnection(response);
    return;
  }
  if (behaviour.status !== undefined) {
    sendError(request, response, behaviour.status, 'Pretended error.');
    return;
  }
  if (path.endsWith('/audio/speech')) {
    sendSpeech(response);
    return;
  }
  const endpoint = ENDPOINTS.find(([suffix]) => path.endsWith(suffix))?.[1];
  if (endpoint === undefined) {
    sendError(request, response, 404, 'No such endpoint.');
    return;
  }
  const { json, stream } = endpoint(body, behaviour);
  if (body.stream && stream !== undefined) return sendStream(response, request, stream, behaviour);
  sendJson(response, 200, json);
}

function presentedCredential(request: RecordedRequest): string {
  return request.header('x-api-key') || request.header('authorization').replace(/^Bearer /, '');
}

function readBody(request: RecordedRequest): Body | null {
  let fields: unknown;
  try {
    fields = request.json();
  } catch {
    return null;
  }
  if (typeof fields !== 'object' || fields === null) return null;
  const record = fields as Record<string, unknown>;
  const model = typeof record['model'] === 'string' ? record['model'] : '';
  return { model, stream: record['stream'] === true, fields: record };
}

function sendSpeech(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'audio/mpeg' });
  response.end(Buffer.from('pretend speech'));
}

function sendError(request: RecordedRequest, response: ServerResponse, status: number, text: string): void {
  const anthropic = request.url.includes('/messages') || request.header('anthropic-version') !== '';
  sendJson(response, status, anthropic ? anthropicError(status, text) : openai.openAiError(status, text));
}

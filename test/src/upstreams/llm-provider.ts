import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Answer,
  type EventStream,
  resetConnection,
  resetInHeaders,
  sendJson,
  sendStream,
} from './answer.js';
import { type Behaviour, behaviourOfModel, DEFAULT_BEHAVIOUR } from './behaviour.js';
import { readCall, said } from './call.js';
import { type Protocol, protocolOf, type Target, targetOf } from './endpoints.js';
import { type StoredResponses, storedResponses } from './openai-responses.js';
import {
  type RecordedRequest,
  type RecordingServer,
  type RecordingServerOptions,
  startRecordingServer,
} from './recording-server.js';

export interface LlmProviderOptions extends RecordingServerOptions {
  /**
   * The only credential it takes, in `authorization` (after `Bearer `), `x-api-key`, `api-key`, `x-goog-api-key` or the
   * query's `key`; others get 401. Default: any.
   */
  readonly credential?: string;
  /** What `models` lists, and `models/{id}` knows. Default: `gpt-4o`. */
  readonly models?: readonly string[];
}

/** A pretend LLM provider that speaks OpenAI's, Azure's, Anthropic's and Gemini's APIs, below any path prefix. */
export interface LlmProvider extends RecordingServer {
  /** Changes how all later requests are answered; a model's name has the last word (`behaviourOfModel`). */
  behave(behaviour: Partial<Behaviour>): void;
  /** Replaces the credential it takes, as a rotation at the provider does. */
  accept(credential: string): void;
}

export async function startLlmProvider(options: LlmProviderOptions = {}): Promise<LlmProvider> {
  let standing: Partial<Behaviour> = {};
  let credential = options.credential;
  const responses = storedResponses();
  const models = options.models ?? ['gpt-4o'];
  const server = await startRecordingServer(async (request, response) => {
    const { pathname: path, searchParams: query } = new URL(request.url, 'http://provider');
    const protocol = protocolOf(path, request.header('anthropic-version'));
    if (credential !== undefined && presentedCredential(request, query) !== credential) {
      sendJson(response, 401, protocol.error(401, 'Incorrect credential provided.'));
      return;
    }
    const target = targetOf(request.method, path, query);
    if (target === null) {
      sendJson(response, 404, protocol.error(404, `No such endpoint: ${request.method} ${path}`));
      return;
    }
    if (target.kind === 'models') sendJson(response, 200, protocol.models(models));
    else if (target.kind === 'model') sendModel(response, protocol, models, target.id);
    else if (target.kind === 'response') sendStored(request, response, responses, target.id);
    else await answer({ request, response, protocol, target, standing, responses });
  }, options);
  return {
    ...server,
    behave: (behaviour) => (standing = behaviour),
    accept: (next) => (credential = next),
  };
}

interface Answering {
  readonly request: RecordedRequest;
  readonly response: ServerResponse;
  readonly protocol: Protocol;
  readonly target: Extract<Target, { kind: 'answering' | 'responses' | 'speech' }>;
  readonly standing: Partial<Behaviour>;
  readonly responses: StoredResponses;
}

async function answer(context: Answering): Promise<void> {
  const { request, response, protocol, target, standing, responses } = context;
  const call = await readCall(request, target.kind === 'answering' ? target.model : '');
  if (call === null) {
    sendJson(response, 400, protocol.error(400, 'The body is neither a JSON object nor a form.'));
    return;
  }
  const behaviour = { ...DEFAULT_BEHAVIOUR, ...standing, ...behaviourOfModel(call.model) };
  if (!(await begins(response, protocol, behaviour))) return;
  if (target.kind === 'speech') {
    response.writeHead(200, { 'content-type': 'audio/mpeg' });
    response.end(Buffer.from('pretend speech'));
    return;
  }
  const words = said(call, behaviour);
  const made: Answer | null =
    target.kind === 'responses' ? responses.create(call, words) : target.answer(call, words);
  if (made === null) {
    sendJson(response, 400, protocol.error(400, 'Previous response not found.'));
    return;
  }
  const { json, stream } = made;
  const streams = target.kind === 'answering' ? target.streams : undefined;
  if (stream === undefined) sendJson(response, 200, json);
  else if (streams === 'array') sendJson(response, 200, allEvents(stream, behaviour.chunks));
  else if (call.stream || streams === 'events') await sendStream(response, request, stream, behaviour);
  else sendJson(response, 200, json);
}

/** False when the behaviour wants no answer but an error or a broken connection, which it then got. */
async function begins(response: ServerResponse, protocol: Protocol, behaviour: Behaviour): Promise<boolean> {
  if (behaviour.delayMs > 0) await delay(behaviour.delayMs);
  if (behaviour.resetAfter === 0) {
    resetConnection(response);
    return false;
  }
  if (behaviour.resetMidHeaders) {
    await resetInHeaders(response);
    return false;
  }
  if (behaviour.status === undefined) return true;
  const { status, retryAfter } = behaviour;
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  sendJson(response, status, protocol.error(status, 'Pretended error.'), headers);
  return false;
}

function sendModel(
  response: ServerResponse,
  protocol: Protocol,
  models: readonly string[],
  id: string,
): void {
  if (models.includes(id)) sendJson(response, 200, protocol.model(id));
  else sendJson(response, 404, protocol.error(404, `The model ${id} does not exist.`));
}

function sendStored(
  request: RecordedRequest,
  response: ServerResponse,
  responses: StoredResponses,
  id: string,
): void {
  const stored = responses.get(id);
  if (stored === null) {
    sendJson(response, 404, {
      error: { message: `Response ${id} not found.`, type: 'invalid_request_error' },
    });
  } else if (request.method === 'DELETE') {
    responses.delete(id);
    sendJson(response, 200, { id, object: 'response', deleted: true });
  } else sendJson(response, 200, stored);
}

function allEvents(stream: EventStream, chunks: number): readonly unknown[] {
  const content = Array.from({ length: stream.chunks ?? chunks }, (_, index) => stream.chunk(index));
  return [...stream.head, ...content, ...stream.tail].map(({ data }) => JSON.parse(data) as unknown);
}

function presentedCredential(request: RecordedRequest, query: URLSearchParams): string {
  return (
    request.header('x-api-key') ||
    request.header('api-key') ||
    request.header('x-goog-api-key') ||
    request.header('authorization').replace(/^Bearer /, '') ||
    (query.get('key') ?? '')
  );
}

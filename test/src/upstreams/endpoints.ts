import type { Answer } from './answer.js';
import * as anthropic from './anthropic-shapes.js';
import type { Call, Said } from './call.js';
import * as gemini from './gemini-shapes.js';
import { chatCompletion, completion } from './openai-chat.js';
import * as openai from './openai-shapes.js';

/** The API whose shapes an answer has. */
export interface Protocol {
  error(status: number, text: string): object;
  models(ids: readonly string[]): object;
  model(id: string): object;
}

const OPENAI: Protocol = { error: openai.openAiError, models: openai.models, model: openai.model };
const ANTHROPIC: Protocol = {
  error: anthropic.anthropicError,
  models: anthropic.anthropicModels,
  model: anthropic.anthropicModel,
};
const GEMINI: Protocol = {
  error: gemini.geminiError,
  models: gemini.geminiModels,
  model: gemini.geminiModel,
};

type Answering = (call: Call, said: Said) => Answer;

/** What a path asks for. */
export type Target =
  | { readonly kind: 'models' }
  | { readonly kind: 'model'; readonly id: string }
  | { readonly kind: 'response'; readonly id: string }
  | { readonly kind: 'responses' }
  | { readonly kind: 'speech' }
  | {
      readonly kind: 'answering';
      readonly answer: Answering;
      /** Where the path names the model; else the empty string. */
      readonly model: string;
      /** Gemini says in the path that it streams: as events, or as one array. */
      readonly streams?: 'events' | 'array';
    };

/** By the end of the path; longer ones first, so that `/chat/completions` is not taken for `/completions`. */
const ANSWERING: readonly (readonly [suffix: string, answering: Answering])[] = [
  ['/chat/completions', chatCompletion],
  ['/completions', completion],
  ['/embeddings', openai.embeddings],
  ['/rerank', openai.rerank],
  ['/moderations', openai.moderation],
  ['/images/generations', openai.image],
  ['/images/edits', openai.image],
  ['/images/variations', openai.image],
  ['/audio/transcriptions', openai.transcription],
  ['/audio/translations', openai.transcription],
  ['/messages/count_tokens', anthropic.countTokens],
  ['/messages', anthropic.message],
];

const GEMINI_METHODS: Readonly<Record<string, Answering>> = {
  generateContent: gemini.generateContent,
  streamGenerateContent: gemini.generateContent,
  countTokens: gemini.geminiCount,
  embedContent: gemini.geminiEmbed,
  batchEmbedContents: gemini.geminiEmbedBatch,
};

/** Gemini's own paths; `/v1beta/openai/…` is OpenAI's API at Gemini's host. */
const GEMINI_PATH = /\/v1(?:alpha|beta)\/(?!openai\/)/;

export function protocolOf(path: string, anthropicVersion: string): Protocol {
  if (/\/messages(?:\/|$)/.test(path) || anthropicVersion !== '') return ANTHROPIC;
  return GEMINI_PATH.test(path) || geminiCall(path) !== null ? GEMINI : OPENAI;
}

/** What `method` of `path` asks for, below any prefix; null: nothing. */
export function targetOf(method: string, path: string, query: URLSearchParams): Target | null {
  if (method === 'GET' && path.endsWith('/models')) return { kind: 'models' };
  const model = lastSegment(path, 'models');
  if (method === 'GET' && model !== null) return { kind: 'model', id: model };
  const response = lastSegment(path, 'responses');
  if ((method === 'GET' || method === 'DELETE') && response !== null) {
    return { kind: 'response', id: response };
  }
  return method === 'POST' ? postTarget(path, query) : null;
}

function postTarget(path: string, query: URLSearchParams): Target | null {
  const called = geminiCall(path);
  if (called !== null) {
    const answer = GEMINI_METHODS[called.method];
    if (answer === undefined) return null;
    const streams = query.get('alt') === 'sse' ? 'events' : 'array';
    return {
      kind: 'answering',
      answer,
      model: called.model,
      ...(called.method === 'streamGenerateContent' ? { streams } : {}),
    };
  }
  if (path.endsWith('/responses')) return { kind: 'responses' };
  if (path.endsWith('/audio/speech')) return { kind: 'speech' };
  const answer = ANSWERING.find(([suffix]) => path.endsWith(suffix))?.[1];
  return answer === undefined ? null : { kind: 'answering', answer, model: deployment(path) };
}

/** `…/models/<model>:<method>` */
function geminiCall(path: string): { model: string; method: string } | null {
  const [, model, method] = /\/models\/([^/:]+):([A-Za-z]+)$/.exec(path) ?? [];
  return model === undefined || method === undefined ? null : { model: decodeURIComponent(model), method };
}

/** Azure's `…/openai/deployments/<deployment>/…`; the body names no model. */
function deployment(path: string): string {
  return decodeURIComponent(/\/deployments\/([^/]+)\//.exec(path)?.[1] ?? '');
}

function lastSegment(path: string, collection: string): string | null {
  const segments = path.split('/');
  const id = segments.pop() ?? '';
  return segments.at(-1) === collection && id !== '' ? decodeURIComponent(id) : null;
}

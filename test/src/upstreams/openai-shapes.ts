import type { Answer } from './answer.js';
import { type Call, type Said, word } from './call.js';
import { CREATED } from './openai-chat.js';
import { responsesUsage } from './openai-responses.js';

/** Bodies of OpenAI's smaller endpoints, as small as its official client accepts. */

const VECTOR = [0.25, -0.5, 0.125];

export function embeddings({ fields }: Call, { model, usage }: Said): Answer {
  const inputs = Array.isArray(fields['input']) ? fields['input'] : [fields['input']];
  const embedding =
    fields['encoding_format'] === 'base64'
      ? Buffer.from(new Float32Array(VECTOR).buffer).toString('base64')
      : VECTOR;
  return {
    json: {
      object: 'list',
      model,
      data: inputs.map((_, index) => ({ object: 'embedding', index, embedding })),
      ...(usage === null ? {} : { usage: { prompt_tokens: usage.input, total_tokens: usage.input } }),
    },
  };
}

/** As Jina, vLLM and others answer; OpenAI has no such endpoint. */
export function rerank({ fields }: Call, { model, usage }: Said): Answer {
  const count = Array.isArray(fields['documents']) ? fields['documents'].length : 0;
  const results = Array.from({ length: count }, (_, index) => ({ index, relevance_score: 1 / (index + 1) }));
  return { json: { model, results, ...(usage === null ? {} : { usage: { total_tokens: usage.input } }) } };
}

export function moderation(_: Call, { model }: Said): Answer {
  return {
    json: {
      id: 'modr-pretend',
      model,
      results: [{ flagged: false, categories: {}, category_scores: {}, category_applied_input_types: {} }],
    },
  };
}

export function image(_: Call, { usage }: Said): Answer {
  const data = [{ b64_json: Buffer.from('pretend image').toString('base64') }];
  return { json: { created: CREATED, data, ...(usage === null ? {} : { usage: responsesUsage(usage) }) } };
}

/** Streams as the `gpt-4o-transcribe` models do: https://platform.openai.com/docs/api-reference/audio/transcript-text-delta-event */
export function transcription(_: Call, { text, usage }: Said): Answer {
  const used = usage === null ? {} : { usage: { type: 'tokens', ...responsesUsage(usage) } };
  const event = (type: string, fields: object): { data: string } => ({
    data: JSON.stringify({ type, ...fields }),
  });
  return {
    json: { text, ...used },
    stream: {
      head: [],
      chunk: (index) => event('transcript.text.delta', { delta: word(index) }),
      tail: [event('transcript.text.done', { text, ...used })],
    },
  };
}

export function models(ids: readonly string[]): object {
  return { object: 'list', data: ids.map(model) };
}

export function model(id: string): object {
  return { id, object: 'model', created: CREATED, owned_by: 'pretend' };
}

export function openAiError(status: number, message: string): object {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type, param: null, code: null } };
}

import type { EventStream } from './behaviour.js';

/** Bodies of an OpenAI-compatible API, as small as its official client accepts. */

const CREATED = 1_700_000_000;
const WORDS = ['The ', 'gateway ', 'swapped ', 'the ', 'key. '] as const;

export const word = (index: number): string => WORDS[index % WORDS.length] ?? '';
export const sentence = (chunks: number): string =>
  Array.from({ length: Number.isFinite(chunks) ? chunks : WORDS.length }, (_, i) => word(i)).join('');

export function chatCompletion(model: string, chunks: number): object {
  return {
    id: 'chatcmpl-pretend',
    object: 'chat.completion',
    created: CREATED,
    model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: sentence(chunks), refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
  };
}

export function chatCompletionStream(model: string): EventStream {
  const event = (delta: object, finish: string | null): { data: string } => ({
    data: JSON.stringify({
      id: 'chatcmpl-pretend',
      object: 'chat.completion.chunk',
      created: CREATED,
      model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    }),
  });
  return {
    head: [event({ role: 'assistant', content: '' }, null)],
    chunk: (index) => event({ content: word(index) }, null),
    tail: [event({}, 'stop'), { data: '[DONE]' }],
  };
}

export function completion(model: string, chunks: number): object {
  return {
    id: 'cmpl-pretend',
    object: 'text_completion',
    created: CREATED,
    model,
    choices: [{ index: 0, text: sentence(chunks), logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
  };
}

export function completionStream(model: string): EventStream {
  const event = (text: string, finish: string | null): { data: string } => ({
    data: JSON.stringify({
      id: 'cmpl-pretend',
      object: 'text_completion',
      created: CREATED,
      model,
      choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
    }),
  });
  return {
    head: [],
    chunk: (index) => event(word(index), null),
    tail: [event('', 'stop'), { data: '[DONE]' }],
  };
}

export function embeddings(model: string, input: unknown): object {
  const inputs = Array.isArray(input) ? input : [input];
  return {
    object: 'list',
    model,
    data: inputs.map((_, index) => ({ object: 'embedding', index, embedding: [0.25, -0.5, 0.125] })),
    usage: { prompt_tokens: 3, total_tokens: 3 },
  };
}

export function response(model: string, chunks: number, status = 'completed'): object {
  const text = status === 'completed' ? sentence(chunks) : '';
  const message = {
    id: 'msg_pretend',
    type: 'message',
    role: 'assistant',
    status,
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  };
  return {
    id: 'resp_pretend',
    object: 'response',
    created_at: CREATED,
    status,
    model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    output: status === 'completed' ? [message] : [],
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage:
      status === 'completed'
        ? {
            input_tokens: 7,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 5,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 12,
          }
        : null,
  };
}

export function responseStream(model: string, chunks: number): EventStream {
  const place = { item_id: 'msg_pretend', output_index: 0, content_index: 0 };
  const event = (type: string, sequence: number, fields: object): { event: string; data: string } => ({
    event: type,
    data: JSON.stringify({ type, sequence_number: sequence, ...fields }),
  });
  const text = sentence(chunks);
  const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  const item = { id: 'msg_pretend', type: 'message', role: 'assistant', status: 'in_progress', content: [] };
  const done = { ...item, status: 'completed', content: [{ ...part, text }] };
  const after = 4 + (Number.isFinite(chunks) ? chunks : 0);
  return {
    head: [
      event('response.created', 0, { response: response(model, chunks, 'in_progress') }),
      event('response.in_progress', 1, { response: response(model, chunks, 'in_progress') }),
      event('response.output_item.added', 2, { output_index: 0, item }),
      event('response.content_part.added', 3, { ...place, part }),
    ],
    chunk: (index) =>
      event('response.output_text.delta', 4 + index, { ...place, delta: word(index), logprobs: [] }),
    tail: [
      event('response.output_text.done', after, { ...place, text, logprobs: [] }),
      event('response.content_part.done', after + 1, { ...place, part: { ...part, text } }),
      event('response.output_item.done', after + 2, { output_index: 0, item: done }),
      event('response.completed', after + 3, { response: response(model, chunks) }),
    ],
  };
}

export function rerank(documents: unknown): object {
  const count = Array.isArray(documents) ? documents.length : 0;
  return {
    results: Array.from({ length: count }, (_, index) => ({ index, relevance_score: 1 / (index + 1) })),
  };
}

export function moderation(model: string): object {
  return { id: 'modr-pretend', model, results: [{ flagged: false, categories: {}, category_scores: {} }] };
}

export function image(): object {
  return { created: CREATED, data: [{ b64_json: Buffer.from('pretend image').toString('base64') }] };
}

export function models(): object {
  return {
    object: 'list',
    data: [{ id: 'gpt-4o', object: 'model', created: CREATED, owned_by: 'pretend' }],
  };
}

export function openAiError(status: number, message: string): object {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message, type, param: null, code: null } };
}

import type { Answer, EventStream, ServerSentEvent } from './answer.js';
import type { UsageNumbers } from './behaviour.js';
import { type Call, type Said, word } from './call.js';
import { CREATED } from './openai-chat.js';

/** Bodies of the responses API, as small as OpenAI's official client accepts. */

export function responsesUsage(usage: UsageNumbers): object {
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cachedInput },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}

/** Responses that a provider keeps for `GET` and `DELETE`: https://platform.openai.com/docs/api-reference/responses/get */
export interface StoredResponses {
  /** The answer to a request, stored unless it says `store: false`; null when it follows one that is not there. */
  create(call: Call, said: Said): Answer | null;
  get(id: string): object | null;
  /** Whether it was there. */
  delete(id: string): boolean;
}

export function storedResponses(): StoredResponses {
  const stored = new Map<string, object>();
  let count = 0;
  return {
    create(call, said) {
      const previous = call.fields['previous_response_id'];
      if (typeof previous === 'string' && !stored.has(previous)) return null;
      const id = `resp_pretend_${++count}`;
      const json = response(id, said, 'completed');
      if (call.fields['store'] !== false) stored.set(id, json);
      return { json, stream: said.tool === null ? textStream(id, said) : toolStream(id, said) };
    },
    get: (id) => stored.get(id) ?? null,
    delete: (id) => stored.delete(id),
  };
}

function response(id: string, said: Said, status: 'completed' | 'in_progress'): object {
  const completed = status === 'completed';
  return {
    id,
    object: 'response',
    created_at: CREATED,
    status,
    model: said.model,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    output: completed ? [said.tool === null ? message(said.text, status) : functionCall(said, status)] : [],
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: completed && said.usage !== null ? responsesUsage(said.usage) : null,
  };
}

function message(text: string | null, status: string): object {
  const content = text === null ? [] : [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  return { id: 'msg_pretend', type: 'message', role: 'assistant', status, content };
}

function functionCall({ tool }: Said, status: string): object {
  const called = { name: tool?.name, arguments: status === 'completed' ? tool?.arguments : '' };
  return { id: 'fc_pretend', type: 'function_call', call_id: 'call_pretend', status, ...called };
}

function event(type: string, sequence: number, fields: object): ServerSentEvent {
  return { event: type, data: JSON.stringify({ type, sequence_number: sequence, ...fields }) };
}

function textStream(id: string, said: Said): EventStream {
  const place = { item_id: 'msg_pretend', output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  const { text } = said;
  const after = 4 + said.chunks;
  return {
    head: [
      event('response.created', 0, { response: response(id, said, 'in_progress') }),
      event('response.in_progress', 1, { response: response(id, said, 'in_progress') }),
      event('response.output_item.added', 2, { output_index: 0, item: message(null, 'in_progress') }),
      event('response.content_part.added', 3, { ...place, part }),
    ],
    chunk: (index) =>
      event('response.output_text.delta', 4 + index, { ...place, delta: word(index), logprobs: [] }),
    tail: [
      event('response.output_text.done', after, { ...place, text, logprobs: [] }),
      event('response.content_part.done', after + 1, { ...place, part: { ...part, text } }),
      event('response.output_item.done', after + 2, { output_index: 0, item: message(text, 'completed') }),
      event('response.completed', after + 3, { response: response(id, said, 'completed') }),
    ],
  };
}

function toolStream(id: string, said: Said): EventStream {
  const place = { item_id: 'fc_pretend', output_index: 0 };
  const args = said.tool?.arguments ?? '';
  return {
    head: [
      event('response.created', 0, { response: response(id, said, 'in_progress') }),
      event('response.in_progress', 1, { response: response(id, said, 'in_progress') }),
      event('response.output_item.added', 2, { output_index: 0, item: functionCall(said, 'in_progress') }),
    ],
    chunks: 1,
    chunk: () => event('response.function_call_arguments.delta', 3, { ...place, delta: args }),
    tail: [
      event('response.function_call_arguments.done', 4, {
        ...place,
        name: said.tool?.name,
        arguments: args,
      }),
      event('response.output_item.done', 5, { output_index: 0, item: functionCall(said, 'completed') }),
      event('response.completed', 6, { response: response(id, said, 'completed') }),
    ],
  };
}

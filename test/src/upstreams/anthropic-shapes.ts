import type { Answer } from './answer.js';
import type { UsageNumbers } from './behaviour.js';
import { type Call, type Said, word } from './call.js';

/** Bodies of Anthropic's API, as small as its official client accepts. */

/** Anthropic counts cached and cache-writing tokens beside `input_tokens`, not in it: https://docs.anthropic.com/en/api/messages */
function messagesUsage(usage: UsageNumbers): object {
  return {
    input_tokens: usage.input - usage.cachedInput - usage.cacheWrite,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cachedInput,
    output_tokens: usage.output,
  };
}

export function message(_: Call, said: Said): Answer {
  const { tool, usage } = said;
  const input = tool === null ? {} : (JSON.parse(tool.arguments) as unknown);
  const called = { type: 'tool_use', id: 'toolu_pretend', name: tool?.name, input };
  const content = tool === null ? { type: 'text', text: said.text } : called;
  const reason = tool === null ? 'end_turn' : 'tool_use';
  const json = {
    id: 'msg_pretend',
    type: 'message',
    role: 'assistant',
    model: said.model,
    content: [content],
    stop_reason: reason,
    stop_sequence: null,
    ...(usage === null ? {} : { usage: messagesUsage(usage) }),
  };
  const event = (type: string, fields: object): { event: string; data: string } => ({
    event: type,
    data: JSON.stringify({ type, ...fields }),
  });
  const started = {
    ...json,
    content: [],
    stop_reason: null,
    ...(usage === null ? {} : { usage: { ...messagesUsage(usage), output_tokens: 0 } }),
  };
  const block = tool === null ? { type: 'text', text: '' } : { ...called, input: {} };
  const delta = (index: number): object =>
    tool === null
      ? { type: 'text_delta', text: word(index) }
      : { type: 'input_json_delta', partial_json: tool.arguments };
  return {
    json,
    stream: {
      head: [
        event('message_start', { message: started }),
        event('content_block_start', { index: 0, content_block: block }),
        event('ping', {}),
      ],
      ...(tool === null ? {} : { chunks: 1 }),
      chunk: (index) => event('content_block_delta', { index: 0, delta: delta(index) }),
      tail: [
        event('content_block_stop', { index: 0 }),
        event('message_delta', {
          delta: { stop_reason: reason, stop_sequence: null },
          ...(usage === null ? {} : { usage: { output_tokens: usage.output } }),
        }),
        event('message_stop', {}),
      ],
    },
  };
}

export function countTokens(_: Call, { usage }: Said): Answer {
  return { json: { input_tokens: usage?.input ?? 0 } };
}

export function anthropicModels(ids: readonly string[]): object {
  return {
    data: ids.map(anthropicModel),
    has_more: false,
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
  };
}

export function anthropicModel(id: string): object {
  return { type: 'model', id, display_name: id, created_at: '2023-11-14T22:13:20Z' };
}

export function anthropicError(status: number, text: string): object {
  const types: Record<number, string> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    413: 'request_too_large',
    429: 'rate_limit_error',
    529: 'overloaded_error',
  };
  return { type: 'error', error: { type: types[status] ?? 'api_error', message: text } };
}

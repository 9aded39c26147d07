import type { EventStream } from './behaviour.js';
import { sentence, word } from './openai-shapes.js';

/** Bodies of Anthropic's messages API, as small as its official client accepts. */

export function message(model: string, chunks: number): object {
  return {
    id: 'msg_pretend',
    type: 'message',
    role: 'assistant',
    model,
    content: [{ type: 'text', text: sentence(chunks), citations: null }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 7, output_tokens: 5 },
  };
}

export function messageStream(model: string): EventStream {
  const event = (type: string, fields: object): { event: string; data: string } => ({
    event: type,
    data: JSON.stringify({ type, ...fields }),
  });
  const started = {
    ...message(model, 0),
    content: [],
    stop_reason: null,
    usage: { input_tokens: 7, output_tokens: 0 },
  };
  return {
    head: [
      event('message_start', { message: started }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      event('ping', {}),
    ],
    chunk: (index) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: word(index) } }),
    tail: [
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 5 },
      }),
      event('message_stop', {}),
    ],
  };
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

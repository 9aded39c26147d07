import type { Answer, ServerSentEvent } from './answer.js';
import type { UsageNumbers } from './behaviour.js';
import { type Call, type Said, word } from './call.js';

/** Bodies of chat completions and completions, as small as OpenAI's official client accepts. */

export const CREATED = 1_700_000_000;

function chatUsage(usage: UsageNumbers): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cachedInput },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

export function chatCompletion(call: Call, said: Said): Answer {
  const { tool } = said;
  const message =
    tool === null
      ? { role: 'assistant', content: said.text, refusal: null }
      : {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_pretend', type: 'function', function: tool }],
        };
  const finish = tool === null ? 'stop' : 'tool_calls';
  const json = {
    id: 'chatcmpl-pretend',
    object: 'chat.completion',
    created: CREATED,
    model: said.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    ...(said.usage === null ? {} : { usage: chatUsage(said.usage) }),
  };
  const usage = usageInStream(call, said);
  const base = {
    id: 'chatcmpl-pretend',
    object: 'chat.completion.chunk',
    created: CREATED,
    model: said.model,
  };
  const event = (delta: object, reason: string | null): ServerSentEvent => ({
    data: JSON.stringify({
      ...base,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...usage.inChunks,
    }),
  });
  const end = [event({}, finish), ...usage.last(base), DONE];
  if (tool === null) {
    const head = [event({ role: 'assistant', content: '' }, null)];
    return { json, stream: { head, chunk: (index) => event({ content: word(index) }, null), tail: end } };
  }
  const first = {
    index: 0,
    id: 'call_pretend',
    type: 'function',
    function: { name: tool.name, arguments: '' },
  };
  const rest = { index: 0, function: { arguments: tool.arguments } };
  const head = [event({ role: 'assistant', content: null, tool_calls: [first] }, null)];
  return { json, stream: { head, chunks: 1, chunk: () => event({ tool_calls: [rest] }, null), tail: end } };
}

export function completion(call: Call, said: Said): Answer {
  const usage = usageInStream(call, said);
  const base = { id: 'cmpl-pretend', object: 'text_completion', created: CREATED, model: said.model };
  const event = (text: string, finish: string | null): ServerSentEvent => ({
    data: JSON.stringify({
      ...base,
      choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
      ...usage.inChunks,
    }),
  });
  return {
    json: {
      ...base,
      choices: [{ index: 0, text: said.text, logprobs: null, finish_reason: 'stop' }],
      ...(said.usage === null ? {} : { usage: chatUsage(said.usage) }),
    },
    stream: {
      head: [],
      chunk: (index) => event(word(index), null),
      tail: [event('', 'stop'), ...usage.last(base), DONE],
    },
  };
}

const DONE: ServerSentEvent = { data: '[DONE]' };

/**
 * With `stream_options.include_usage` a chunk without choices comes before `[DONE]`, and every other chunk has `usage: null`:
 * https://platform.openai.com/docs/api-reference/chat/create#chat_create-stream_options
 */
function usageInStream(
  { fields }: Call,
  { usage }: Said,
): { inChunks: object; last(base: object): readonly ServerSentEvent[] } {
  const options = fields['stream_options'];
  const asked =
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true;
  if (!asked || usage === null) return { inChunks: {}, last: () => [] };
  return {
    inChunks: { usage: null },
    last: (base) => [{ data: JSON.stringify({ ...base, choices: [], usage: chatUsage(usage) }) }],
  };
}

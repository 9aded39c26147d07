import type { Protocol } from '@hiclaw/resources';

/** What a protocol's own test calls look like. Paths are under the base URL. */
export interface ProtocolCalls {
  readonly modelsPath: string;
  readonly headers: Readonly<Record<string, string>>;
  completionPath(model: string): string;
  completionBody(model: string, maxTokensField: string): object;
  /** Names in the answer of `modelsPath`, or null when it is none. */
  readModels(answer: unknown): readonly string[] | null;
  /** Whether an answer is one to a completion. */
  isCompletion(answer: unknown): boolean;
}

/** Few tokens, but enough for models that think before they answer. */
const MAX_TOKENS = 16;
const PROMPT = 'Hi';

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function names(list: unknown, key: string): readonly string[] | null {
  if (!Array.isArray(list)) return null;
  return list.map((entry) => field(entry, key)).filter((name) => typeof name === 'string');
}

export const PROTOCOL_CALLS: Readonly<Record<Protocol, ProtocolCalls>> = {
  // https://platform.openai.com/docs/api-reference/chat/create
  openai: {
    modelsPath: '/models',
    headers: {},
    completionPath: () => '/chat/completions',
    completionBody: (model, maxTokensField) => ({
      model,
      messages: [{ role: 'user', content: PROMPT }],
      [maxTokensField]: MAX_TOKENS,
    }),
    readModels: (answer) => names(field(answer, 'data'), 'id'),
    isCompletion: (answer) => Array.isArray(field(answer, 'choices')),
  },
  // https://docs.anthropic.com/en/api/messages
  anthropic: {
    modelsPath: '/models',
    headers: { 'anthropic-version': '2023-06-01' },
    completionPath: () => '/messages',
    completionBody: (model) => ({
      model,
      max_tokens: MAX_TOKENS,
      messages: [{ role: 'user', content: PROMPT }],
    }),
    readModels: (answer) => names(field(answer, 'data'), 'id'),
    isCompletion: (answer) => Array.isArray(field(answer, 'content')),
  },
  // https://ai.google.dev/api/generate-content
  gemini: {
    modelsPath: '/models',
    headers: {},
    completionPath: (model) => `/models/${encodeURIComponent(model)}:generateContent`,
    completionBody: () => ({
      contents: [{ role: 'user', parts: [{ text: PROMPT }] }],
      generationConfig: { maxOutputTokens: MAX_TOKENS },
    }),
    readModels: (answer) =>
      names(field(answer, 'models'), 'name')?.map((name) => name.replace(/^models\//, '')) ?? null,
    isCompletion: (answer) =>
      field(answer, 'candidates') !== undefined || field(answer, 'usageMetadata') !== undefined,
  },
};

/** The text of an error in the shapes that providers use, or the empty string. */
export function errorText(answer: unknown): string {
  // Gemini's OpenAI endpoint answers errors in a list.
  const body: unknown = Array.isArray(answer) ? answer[0] : answer;
  const error = field(body, 'error');
  const parts = [
    ...[error, field(error, 'message'), field(error, 'code'), field(error, 'type'), field(error, 'status')],
    ...[field(body, 'message'), field(body, 'msg'), field(body, 'code'), field(body, 'detail')],
  ];
  return parts.filter((part) => typeof part === 'string' || typeof part === 'number').join(' ');
}

import type { Answer } from './answer.js';
import type { UsageNumbers } from './behaviour.js';
import { type Call, type Said, word } from './call.js';

/** Bodies of Gemini's API: https://ai.google.dev/api/generate-content */

/** Gemini counts cached tokens in the prompt's, and thoughts beside the candidates'. */
function usageMetadata(usage: UsageNumbers): object {
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output - usage.reasoning,
    totalTokenCount: usage.input + usage.output,
    ...(usage.cachedInput > 0 ? { cachedContentTokenCount: usage.cachedInput } : {}),
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
  };
}

/** Every event of a stream carries the counts so far. */
export function generateContent(_: Call, said: Said): Answer {
  const { model, tool, usage } = said;
  const counted = (numbers: UsageNumbers | null): object =>
    numbers === null ? {} : { usageMetadata: usageMetadata(numbers) };
  const candidate = (part: object, finish: object): object => ({
    content: { parts: [part], role: 'model' },
    index: 0,
    ...finish,
  });
  const part =
    tool === null
      ? { text: said.text }
      : { functionCall: { name: tool.name, args: JSON.parse(tool.arguments) as unknown } };
  const json = (piece: object, finish: object, numbers: UsageNumbers | null): object => ({
    candidates: [candidate(piece, finish)],
    ...counted(numbers),
    modelVersion: model,
    responseId: 'pretend',
  });
  const unfinished = usage === null ? null : { ...usage, output: 0, reasoning: 0 };
  const stop = { finishReason: 'STOP' };
  return {
    json: json(part, stop, usage),
    stream: {
      head: [],
      ...(tool === null ? {} : { chunks: 0 }),
      chunk: (index) => ({ data: JSON.stringify(json({ text: word(index) }, {}, unfinished)) }),
      tail: [{ data: JSON.stringify(json(tool === null ? { text: '' } : part, stop, usage)) }],
    },
  };
}

export function geminiCount(_: Call, { usage }: Said): Answer {
  return { json: { totalTokens: usage?.input ?? 0 } };
}

export function geminiEmbed(): Answer {
  return { json: { embedding: { values: [0.25, -0.5, 0.125] } } };
}

export function geminiEmbedBatch({ fields }: Call): Answer {
  const count = Array.isArray(fields['requests']) ? fields['requests'].length : 0;
  return { json: { embeddings: Array.from({ length: count }, () => ({ values: [0.25, -0.5, 0.125] })) } };
}

export function geminiModels(ids: readonly string[]): object {
  return { models: ids.map(geminiModel) };
}

export function geminiModel(id: string): object {
  const supportedGenerationMethods = ['generateContent', 'countTokens'];
  return { name: `models/${id}`, displayName: id, version: '1', supportedGenerationMethods };
}

export function geminiError(status: number, message: string): object {
  const names: Record<number, string> = {
    400: 'INVALID_ARGUMENT',
    401: 'UNAUTHENTICATED',
    403: 'PERMISSION_DENIED',
    404: 'NOT_FOUND',
    429: 'RESOURCE_EXHAUSTED',
    503: 'UNAVAILABLE',
    504: 'DEADLINE_EXCEEDED',
  };
  return { error: { code: status, message, status: names[status] ?? 'INTERNAL' } };
}

import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  APICallError,
  type EmbeddingModel,
  embedMany,
  generateText,
  jsonSchema,
  type LanguageModel,
  streamText,
  tool,
} from 'ai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Scene, SECRETS, startScene } from './scene.js';

const PROMPT = { prompt: 'hello', maxOutputTokens: 64 };
const SENTENCE = 'The gateway swapped the key. ';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(() => {
  scene.provider.forget();
  scene.provider.behave({});
  onTestFailed(() => {
    process.stderr.write(scene.network.logs());
  });
});
afterEach(() => {
  for (const request of scene.provider.requests) {
    expect(request.header('authorization')).toBe(`Bearer ${SECRETS.provider}`);
    expect(request.header('x-api-key')).toBe('');
    const everything = JSON.stringify([request.url, request.rawHeaders, request.body.toString('utf8')]);
    expect(everything).not.toContain('hck_');
  }
});

/** Every way in which the SDK talks to a language model, with a token of ours as the key. */
const WAYS: readonly (readonly [way: string, model: (token: string, id: string) => LanguageModel])[] = [
  ['OpenAI responses', (token, id) => openai(token).responses(id)],
  ['OpenAI chat', (token, id) => openai(token).chat(id)],
  ['OpenAI completions', (token, id) => openai(token).completion(id)],
  ['OpenAI-compatible chat', (token, id) => compatible(token).chatModel(id)],
  ['Anthropic with x-api-key', (token, id) => createAnthropic({ baseURL: base(), apiKey: token })(id)],
  [
    'Anthropic with a bearer token',
    (token, id) => createAnthropic({ baseURL: base(), authToken: token })(id),
  ],
];

const base = (): string => `${scene.network.gatewayOrigin}/v1`;
const openai = (token: string): ReturnType<typeof createOpenAI> =>
  createOpenAI({ baseURL: base(), apiKey: token });
const compatible = (token: string, includeUsage = false): ReturnType<typeof createOpenAICompatible> =>
  createOpenAICompatible({ name: 'gateway', baseURL: base(), apiKey: token, includeUsage });

/** What a promise was rejected with, as the SDK's own error. */
async function apiError(call: PromiseLike<unknown>): Promise<APICallError> {
  const error = await Promise.resolve(call).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!APICallError.isInstance(error)) throw new Error(`no APICallError: ${String(error)}`, { cause: error });
  return error;
}

describe.each(WAYS)('npm ai: %s', (_way, model) => {
  it('generates and streams text', async () => {
    const whole = await generateText({ model: model(scene.alice, 'gpt-4o'), ...PROMPT });
    expect(whole.text).toBe(SENTENCE);
    expect(whole.usage).toMatchObject({ inputTokens: 7, outputTokens: 5 });
    const streamed = streamText({ model: model(scene.alice, 'gpt-4o'), ...PROMPT });
    const parts: string[] = [];
    for await (const part of streamed.textStream) parts.push(part);
    expect(parts).toEqual(['The ', 'gateway ', 'swapped ', 'the ', 'key. ']);
    expect(scene.provider.requests).toHaveLength(2);
  });

  it('throws its own error with the status and the reason for each refusal', async () => {
    const call = (token: string): PromiseLike<unknown> =>
      generateText({ model: model(token, 'gpt-4o'), ...PROMPT, maxRetries: 0 });
    expect(await apiError(call('hck_not-one-of-ours'))).toMatchObject({
      statusCode: 401,
      isRetryable: false,
    });
    const denied = await apiError(call(scene.bob));
    expect(denied).toMatchObject({ statusCode: 403, isRetryable: false });
    expect(denied.responseBody).toContain('model');
    expect(denied.responseHeaders).toMatchObject({ 'x-hiclaw-reason': 'model-not-allowed' });
    expect(scene.provider.requests).toHaveLength(0);
  });

  it('sees the provider’s own errors as they are', async () => {
    const limited = generateText({
      model: model(scene.alice, 'pretend-status-429'),
      ...PROMPT,
      maxRetries: 0,
    });
    expect(await apiError(limited)).toMatchObject({ statusCode: 429, isRetryable: true });
  });
});

describe('npm ai', () => {
  it.each<[way: string, model: (token: string) => EmbeddingModel]>([
    ['OpenAI', (token) => openai(token).embedding('gpt-4o')],
    ['OpenAI-compatible', (token) => compatible(token).embeddingModel('gpt-4o')],
  ])('embeds through %s', async (_way, model) => {
    const { embeddings } = await embedMany({ model: model(scene.alice), values: ['a', 'b'] });
    expect(embeddings).toEqual([
      [0.25, -0.5, 0.125],
      [0.25, -0.5, 0.125],
    ]);
    const denied = embedMany({ model: model(scene.bob), values: ['a'], maxRetries: 0 });
    expect(await apiError(denied)).toMatchObject({ statusCode: 403 });
  });

  it('is told the tokens of a stream when it asks', async () => {
    const model = compatible(scene.alice, true).chatModel('pretend-usage-in-12-out-5');
    const { totalUsage } = streamText({ model, ...PROMPT });
    expect(await totalUsage).toMatchObject({ inputTokens: 12, outputTokens: 5 });
  });

  it.each(WAYS.filter(([way]) => way !== 'OpenAI completions'))(
    'calls tools through %s',
    async (_way, model) => {
      scene.provider.behave({ toolArguments: { path: 'a.txt' } });
      const read: string[] = [];
      const read_file = tool({
        inputSchema: jsonSchema<{ path: string }>({
          type: 'object',
          properties: { path: { type: 'string' } },
        }),
        execute: ({ path }) => {
          read.push(path);
          return 'contents';
        },
      });
      const { text } = streamText({
        model: model(scene.alice, 'pretend-calls-read_file'),
        ...PROMPT,
        tools: { read_file },
        stopWhen: ({ steps }) => steps.length === 2,
      });
      expect(await text).toBe(SENTENCE);
      expect(read).toEqual(['a.txt']);
      expect(scene.provider.requests).toHaveLength(2);
    },
  );
});

import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import {
  APICallError,
  experimental_transcribe as transcribe,
  generateText,
  type TranscriptionModel,
} from 'ai';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Scene, SECRETS, startScene } from './scene.js';

const SENTENCE = 'The gateway swapped the key. ';
const messages = [{ role: 'user' as const, content: 'hello' }];

let scene: Scene;
/** Of a consumer that has less left than any call needs. */
let limited: string;

beforeAll(async () => {
  scene = await startScene();
  const { admin } = scene.network;
  const limits = { budgets: [{ per: 'day', tokens: 1 }] };
  await admin.put('consumers', 'worker-carol', { limits });
  await admin.grant('llm-routes', 'chat', 'worker-carol');
  await admin.put('llm-routes', 'shared', {
    path: '/shared',
    models: ['gpt-4o'],
    targets: [{ provider: 'pretend' }],
    storedResponses: 'shared',
    allowedConsumers: ['worker-alice'],
  });
  limited = (await admin.issueToken('worker-carol')).token;
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(() => {
  scene.provider.forget();
  onTestFailed(() => {
    process.stderr.write(scene.network.logs());
  });
});
afterEach(() => {
  for (const request of scene.provider.requests) {
    expect(request.header('authorization')).toBe(`Bearer ${SECRETS.provider}`);
    const everything = JSON.stringify([request.url, request.rawHeaders, request.body.toString('latin1')]);
    expect(everything).not.toContain('hck_');
  }
});

const client = (token: string, path = '/v1'): OpenAI =>
  new OpenAI({ baseURL: `${scene.network.gatewayOrigin}${path}`, apiKey: token, maxRetries: 0 });

/** Calls of every other endpoint of the SDK that names a model, each with the client and the model it is given. */
const CALLS: readonly (readonly [
  endpoint: string,
  call: (openai: OpenAI, model: string) => Promise<unknown>,
])[] = [
  [
    'audio.transcriptions',
    async (openai, model) => openai.audio.transcriptions.create({ model, file: await file() }),
  ],
  [
    'audio.translations',
    async (openai, model) => openai.audio.translations.create({ model, file: await file() }),
  ],
  [
    'audio.speech',
    async (openai, model) => openai.audio.speech.create({ model, input: 'hello', voice: 'alloy' }),
  ],
  ['images.generate', async (openai, model) => openai.images.generate({ model, prompt: 'a key' })],
  [
    'images.edit',
    async (openai, model) => openai.images.edit({ model, image: await file(), prompt: 'a key' }),
  ],
  [
    'images.createVariation',
    async (openai, model) => openai.images.createVariation({ model, image: await file() }),
  ],
  ['moderations', async (openai, model) => openai.moderations.create({ model, input: 'hello' })],
];

const file = (): Promise<File> => toFile(Buffer.from('pretend'), 'pretend.bin');

describe.each(CALLS)('npm openai, %s', (_endpoint, call) => {
  it('reaches a model that the consumer may use, and no other', async () => {
    await expect(call(client(scene.alice), 'gpt-4o')).resolves.toBeDefined();
    expect(scene.provider.requests).toHaveLength(1);
    const denied = call(client(scene.bob), 'gpt-4o');
    await expect(denied).rejects.toThrow(OpenAI.PermissionDeniedError);
    await expect(denied).rejects.toMatchObject({ code: 'model-not-allowed' });
    expect(scene.provider.requests).toHaveLength(1);
  });
});

describe('npm openai', () => {
  it('transcribes as a stream', async () => {
    const stream = await client(scene.alice).audio.transcriptions.create({
      model: 'gpt-4o',
      file: await file(),
      stream: true,
    });
    let text = '';
    for await (const event of stream) if (event.type === 'transcript.text.delta') text += event.delta;
    expect(text).toBe(SENTENCE);
  });

  it('retrieves the models that its consumer may use, and no other', async () => {
    expect(await client(scene.bob).models.retrieve('gpt-3.5-turbo')).toMatchObject({ id: 'gpt-3.5-turbo' });
    await expect(client(scene.bob).models.retrieve('gpt-4o')).rejects.toThrow(OpenAI.NotFoundError);
  });

  it('reads, continues and deletes stored responses on a route that shares them, and on no other', async () => {
    const openai = client(scene.alice, '/shared');
    const { id } = await openai.responses.create({ model: 'gpt-4o', input: 'hello' });
    expect(await openai.responses.retrieve(id)).toMatchObject({ id, output_text: SENTENCE });
    const next = { model: 'gpt-4o', input: 'more', previous_response_id: id };
    expect(await openai.responses.create(next)).toMatchObject({ status: 'completed' });
    const unshared = client(scene.alice).responses;
    await expect(unshared.retrieve(id)).rejects.toThrow(OpenAI.PermissionDeniedError);
    await expect(unshared.create(next)).rejects.toThrow(OpenAI.PermissionDeniedError);
    await expect(client(scene.bob, '/shared').responses.retrieve(id)).rejects.toThrow(
      OpenAI.PermissionDeniedError,
    );
    await openai.responses.delete(id);
    await expect(openai.responses.retrieve(id)).rejects.toThrow(OpenAI.NotFoundError);
  });

  it('speaks Azure’s way, with the model in the path', async () => {
    const azure = (token: string): AzureOpenAI =>
      new AzureOpenAI({
        baseURL: `${scene.network.gatewayOrigin}/v1`,
        apiVersion: '2024-10-21',
        azureADTokenProvider: () => Promise.resolve(token),
        maxRetries: 0,
      });
    const whole = await azure(scene.alice).chat.completions.create({ model: 'gpt-4o', messages });
    expect(whole.choices[0]?.message.content).toBe(SENTENCE);
    expect(scene.provider.requests[0]?.url).toBe(
      '/v1/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
    );
    const denied = azure(scene.bob).chat.completions.create({ model: 'gpt-4o', messages });
    await expect(denied).rejects.toThrow(OpenAI.PermissionDeniedError);
  });
});

describe('npm ai', () => {
  it('transcribes', async () => {
    const model = (token: string): TranscriptionModel =>
      createOpenAI({ baseURL: `${scene.network.gatewayOrigin}/v1`, apiKey: token }).transcription('gpt-4o');
    // It looks at the first bytes to name the type: those of a WAV.
    const audio = Buffer.from('RIFF....WAVEpretend');
    const { text } = await transcribe({ model: model(scene.alice), audio });
    expect(text).toBe(SENTENCE);
    const denied = transcribe({ model: model(scene.bob), audio, maxRetries: 0 });
    await expect(denied).rejects.toMatchObject({ statusCode: 403 });
  });
});

describe('a consumer without tokens left', () => {
  it('gets the rate limit error of each SDK', async () => {
    const openai = client(limited).chat.completions.create({ model: 'gpt-4o', messages });
    await expect(openai).rejects.toThrow(OpenAI.RateLimitError);
    await expect(openai).rejects.toMatchObject({ code: 'budget-exhausted', type: 'insufficient_quota' });
    const anthropic = new Anthropic({
      baseURL: scene.network.gatewayOrigin,
      apiKey: limited,
      authToken: null,
      maxRetries: 0,
    });
    const message = anthropic.messages.create({ model: 'gpt-4o', max_tokens: 64, messages });
    await expect(message).rejects.toThrow(Anthropic.RateLimitError);
    const compatible = createOpenAICompatible({
      name: 'gateway',
      baseURL: `${scene.network.gatewayOrigin}/v1`,
      apiKey: limited,
    });
    const text = generateText({ model: compatible.chatModel('gpt-4o'), prompt: 'hello', maxRetries: 0 });
    await expect(text).rejects.toSatisfy(
      (error: unknown) => APICallError.isInstance(error) && error.statusCode === 429,
    );
    expect(scene.provider.requests).toHaveLength(0);
  });
});

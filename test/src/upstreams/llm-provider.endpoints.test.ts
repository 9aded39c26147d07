import OpenAI, { toFile } from 'openai';
import { fetch } from 'undici';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startLlmProvider } from './llm-provider.js';

const SENTENCE = 'The gateway swapped the key. ';
const provider = await startLlmProvider({ credential: 'sk-real', models: ['gpt-4o', 'gpt-4o-mini'] });
const openai = new OpenAI({ baseURL: `${provider.origin}/v1`, apiKey: 'sk-real', maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'hello' }];
const file = (): Promise<File> => toFile(Buffer.from('pretend'), 'pretend.bin');

beforeEach(() => {
  provider.forget();
  provider.behave({});
});
afterAll(() => provider.close());

async function ask(
  method: string,
  path: string,
  headers: Record<string, string>,
  fields?: object,
): Promise<{ status: number; headers: Record<string, string>; text: string; json: () => unknown }> {
  const answer = await fetch(`${provider.origin}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(fields === undefined ? {} : { body: JSON.stringify(fields) }),
  });
  const text = await answer.text();
  const json = (): unknown => JSON.parse(text);
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text, json };
}

describe('OpenAI’s other endpoints', () => {
  it('finds the model of a form: transcriptions, whole and streamed, and edits of images', async () => {
    const model = 'pretend-usage-in-9-out-2';
    const whole = await openai.audio.transcriptions.create({ model, file: await file() });
    expect(whole).toMatchObject({ text: SENTENCE, usage: { input_tokens: 9, output_tokens: 2 } });
    const stream = await openai.audio.transcriptions.create({ model, file: await file(), stream: true });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types).toEqual([...Array<string>(5).fill('transcript.text.delta'), 'transcript.text.done']);
    const edited = await openai.images.edit({ model, image: await file(), prompt: 'x' });
    expect(edited.usage).toMatchObject({ input_tokens: 9 });
    const limited = openai.audio.transcriptions.create({ model: 'pretend-status-429', file: await file() });
    await expect(limited).rejects.toThrow(OpenAI.RateLimitError);
  });

  it('lists its models and knows each, and no other', async () => {
    const listed = await openai.models.list();
    expect(listed.data.map(({ id }) => id)).toEqual(['gpt-4o', 'gpt-4o-mini']);
    expect(await openai.models.retrieve('gpt-4o-mini')).toMatchObject({ id: 'gpt-4o-mini' });
    await expect(openai.models.retrieve('gpt-5')).rejects.toThrow(OpenAI.NotFoundError);
  });

  it('keeps responses until they are deleted, and only those it may', async () => {
    const { id } = await openai.responses.create({ model: 'gpt-4o', input: 'hello' });
    expect(await openai.responses.retrieve(id)).toMatchObject({ id, output_text: SENTENCE });
    await expect(
      openai.responses.create({ model: 'gpt-4o', input: 'more', previous_response_id: id }),
    ).resolves.toMatchObject({ status: 'completed' });
    await openai.responses.delete(id);
    await expect(openai.responses.retrieve(id)).rejects.toThrow(OpenAI.NotFoundError);
    const unstored = await openai.responses.create({ model: 'gpt-4o', input: 'hello', store: false });
    await expect(openai.responses.retrieve(unstored.id)).rejects.toThrow(OpenAI.NotFoundError);
    const after = openai.responses.create({ model: 'gpt-4o', input: 'x', previous_response_id: unstored.id });
    await expect(after).rejects.toThrow(OpenAI.BadRequestError);
  });

  it('embeds as numbers or base64, whatever was asked for', async () => {
    const request = { model: 'gpt-4o', input: ['a', 'b'] };
    const numbers = await openai.embeddings.create({ ...request, encoding_format: 'float' });
    expect(numbers.data[1]?.embedding).toEqual([0.25, -0.5, 0.125]);
    const decoded = await openai.embeddings.create(request);
    expect(Array.from(decoded.data[1]?.embedding ?? [])).toEqual([0.25, -0.5, 0.125]);
  });
});

describe('usage', () => {
  const model = 'pretend-usage-in-12-cached-4-write-2-out-5-reasoning-3';

  it('comes at the end of a stream only when it was asked for', async () => {
    const usages = async (include: boolean | null): Promise<(number | undefined)[]> => {
      const stream = await openai.chat.completions.create({
        model,
        messages,
        stream: true,
        ...(include === null ? {} : { stream_options: { include_usage: include } }),
      });
      const seen: (number | undefined)[] = [];
      for await (const chunk of stream) seen.push(chunk.usage?.total_tokens);
      return seen;
    };
    expect(await usages(null)).toEqual(Array(7).fill(undefined));
    expect(await usages(false)).toEqual(Array(7).fill(undefined));
    expect(await usages(true)).toEqual([...Array<undefined>(7).fill(undefined), 17]);
  });

  it('is what the model’s name says, in each protocol’s way of counting', async () => {
    const key = { authorization: 'Bearer sk-real' };
    const chat = await ask('POST', '/v1/chat/completions', key, { model, messages });
    expect(chat.json()).toMatchObject({
      usage: {
        prompt_tokens: 12,
        completion_tokens: 5,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 3 },
      },
    });
    const response = await ask('POST', '/v1/responses', key, { model, input: 'x' });
    expect(response.json()).toMatchObject({
      usage: { input_tokens: 12, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5 },
    });
    const message = await ask('POST', '/v1/messages', { 'x-api-key': 'sk-real' }, { model, messages });
    expect(message.json()).toMatchObject({
      usage: {
        input_tokens: 6,
        cache_read_input_tokens: 4,
        cache_creation_input_tokens: 2,
        output_tokens: 5,
      },
    });
    const gemini = await ask(
      'POST',
      `/v1beta/models/${model}:generateContent`,
      { 'x-goog-api-key': 'sk-real' },
      { contents: [] },
    );
    expect(gemini.json()).toMatchObject({
      usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 2, thoughtsTokenCount: 3 },
    });
  });

  it('is missing where the model’s name says so', async () => {
    const answer = await openai.chat.completions.create({ model: 'pretend-no-usage', messages });
    expect(answer.usage).toBeUndefined();
  });
});

describe('a model in the path', () => {
  it('is Azure’s deployment', async () => {
    const path =
      '/openai/deployments/pretend-status-429-retry-after-7/chat/completions?api-version=2024-10-21';
    const limited = await ask('POST', path, { 'api-key': 'sk-real' }, { messages });
    expect(limited).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
    const fine = await ask(
      'POST',
      path.replace(/pretend[^/]*/, 'gpt-4o'),
      { 'api-key': 'sk-real' },
      { messages },
    );
    expect(fine.json()).toMatchObject({ model: 'gpt-4o', object: 'chat.completion' });
  });

  it('is Gemini’s, whole, as events and as an array', async () => {
    const call = (method: string, query: string): ReturnType<typeof ask> =>
      ask('POST', `/v1beta/models/pretend-chunks-3:${method}?key=sk-real${query}`, {}, { contents: [] });
    const whole = await call('generateContent', '');
    expect(whole.json()).toMatchObject({
      candidates: [{ content: { parts: [{ text: 'The gateway swapped ' }] } }],
    });
    const events = await call('streamGenerateContent', '&alt=sse');
    expect(events.headers['content-type']).toBe('text/event-stream');
    expect(events.text.match(/^data: /gm)).toHaveLength(4);
    expect((await call('streamGenerateContent', '')).json()).toHaveLength(4);
    expect((await call('countTokens', '')).json()).toEqual({ totalTokens: 7 });
    expect((await call('noSuchMethod', '')).status).toBe(404);
    const refused = await ask('POST', '/v1beta/models/m:generateContent?key=other', {}, { contents: [] });
    expect(refused.json()).toMatchObject({ error: { code: 401, status: 'UNAUTHENTICATED' } });
    const models = await ask('GET', '/v1beta/models', { 'x-goog-api-key': 'sk-real' });
    expect(models.json()).toMatchObject({
      models: [{ name: 'models/gpt-4o' }, { name: 'models/gpt-4o-mini' }],
    });
  });
});

describe('tool calls', () => {
  const model = 'pretend-calls-read_file';
  const parameters = { type: 'object', properties: { path: { type: 'string' } } };
  const tool = { type: 'function' as const, function: { name: 'read_file', parameters } };

  it('calls the tool that the model’s name says, then answers its result', async () => {
    provider.behave({ toolArguments: { path: 'a.txt' } });
    const runner = openai.chat.completions.stream({ model, messages, tools: [tool] });
    const called = await runner.finalMessage();
    const call = called.tool_calls?.[0];
    expect(call).toMatchObject({ function: { name: 'read_file', arguments: '{"path":"a.txt"}' } });
    const result = { role: 'tool' as const, tool_call_id: call?.id ?? '', content: 'contents' };
    const answered = await openai.chat.completions.create({
      model,
      messages: [...messages, called, result],
      tools: [tool],
    });
    expect(answered.choices[0]?.message.content).toBe(SENTENCE);
  });

  it('calls no tool that was not offered', async () => {
    const answered = await openai.chat.completions.create({ model, messages });
    expect(answered.choices[0]?.finish_reason).toBe('stop');
  });

  it('does so in responses', async () => {
    const offered = { type: 'function' as const, name: 'read_file', parameters, strict: false };
    const final = await openai.responses.stream({ model, input: 'x', tools: [offered] }).finalResponse();
    expect(final.output).toMatchObject([{ type: 'function_call', name: 'read_file', arguments: '{}' }]);
    const input = [{ type: 'function_call_output' as const, call_id: 'call_pretend', output: 'contents' }];
    const answered = await openai.responses.create({ model, input, tools: [offered] });
    expect(answered.output_text).toBe(SENTENCE);
  });
});

describe('trouble', () => {
  it('resets the connection in the middle of the headers', async () => {
    const broken = ask(
      'POST',
      '/v1/chat/completions',
      { authorization: 'Bearer sk-real' },
      {
        model: 'pretend-reset-mid-headers',
        messages,
      },
    );
    await expect(broken).rejects.toThrow('fetch failed');
    expect(provider.requests).toHaveLength(1);
  });

  it('refuses what is neither JSON nor a form', async () => {
    const headers = { authorization: 'Bearer sk-real' };
    expect((await ask('POST', '/v1/chat/completions', headers)).status).toBe(400);
    const form = { ...headers, 'content-type': 'multipart/form-data; boundary=x' };
    expect((await ask('POST', '/v1/audio/transcriptions', form, {})).status).toBe(400);
    expect((await ask('DELETE', '/v1/models', headers)).status).toBe(404);
  });
});

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startLlmProvider } from './llm-provider.js';

const provider = await startLlmProvider({ credential: 'sk-real' });
const openai = new OpenAI({ baseURL: `${provider.origin}/v1`, apiKey: 'sk-real', maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: provider.origin, apiKey: 'sk-real', maxRetries: 0 });
const messages = [{ role: 'user' as const, content: 'hello' }];

beforeEach(() => {
  provider.forget();
  provider.behave({});
});
afterAll(() => provider.close());

describe('pretend LLM provider, seen by the official clients', () => {
  it('answers chat completions and records what it got', async () => {
    const completion = await openai.chat.completions.create({ model: 'gpt-4o', messages });
    expect(completion.choices[0]?.message.content).toBe('The gateway swapped the key. ');
    const [request] = provider.requests;
    expect(request?.header('authorization')).toBe('Bearer sk-real');
    expect(request?.url).toBe('/v1/chat/completions');
    expect(request?.json()).toMatchObject({ model: 'gpt-4o', messages });
  });

  it('streams as many chunks as the model name asks for', async () => {
    const stream = await openai.chat.completions.create({
      model: 'pretend-chunks-9',
      messages,
      stream: true,
    });
    let content = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) content++;
    expect(content).toBe(9);
    expect(provider.requests[0]).toMatchObject({ chunksSent: 9, outcome: 'finished' });
  });

  it('answers completions, embeddings and responses', async () => {
    const completion = await openai.completions.create({ model: 'm', prompt: 'hello' });
    expect(completion.choices[0]?.text).toContain('gateway');
    const embedding = await openai.embeddings.create({
      model: 'm',
      input: ['a', 'b'],
      encoding_format: 'float',
    });
    expect(embedding.data).toHaveLength(2);
    const response = await openai.responses.create({ model: 'm', input: 'hello' });
    expect(response.output_text).toBe('The gateway swapped the key. ');
    const final = await openai.responses.stream({ model: 'm', input: 'hello' }).finalResponse();
    expect(final.output).toMatchObject([{ content: [{ text: 'The gateway swapped the key. ' }] }]);
  });

  it('answers Anthropic messages, whole and streamed, and counts tokens', async () => {
    const whole = await anthropic.messages.create({ model: 'claude', max_tokens: 9, messages });
    expect(whole.content).toMatchObject([{ type: 'text', text: 'The gateway swapped the key. ' }]);
    const streamed = await anthropic.messages
      .stream({ model: 'claude', max_tokens: 9, messages })
      .finalText();
    expect(streamed).toBe('The gateway swapped the key. ');
    const counted = await anthropic.messages.countTokens({ model: 'claude', messages });
    expect(counted.input_tokens).toBe(7);
  });

  it('calls a tool of Anthropic’s, then answers its result', async () => {
    const tools = [{ name: 'read_file', input_schema: { type: 'object' as const } }];
    const request = { model: 'pretend-calls-read_file', max_tokens: 9, tools };
    provider.behave({ toolArguments: { path: 'a.txt' } });
    const called = await anthropic.messages.stream({ ...request, messages }).finalMessage();
    expect(called).toMatchObject({ stop_reason: 'tool_use', content: [{ input: { path: 'a.txt' } }] });
    const result = { type: 'tool_result' as const, tool_use_id: 'toolu_pretend', content: 'contents' };
    const answered = await anthropic.messages.create({
      ...request,
      messages: [...messages, { role: 'user', content: [result] }],
    });
    expect(answered.stop_reason).toBe('end_turn');
  });

  it('refuses any other credential, and takes the new one after a rotation', async () => {
    const stranger = new OpenAI({ baseURL: `${provider.origin}/v1`, apiKey: 'sk-other', maxRetries: 0 });
    await expect(stranger.chat.completions.create({ model: 'm', messages })).rejects.toThrow(
      OpenAI.AuthenticationError,
    );
    provider.accept('sk-other');
    await expect(stranger.chat.completions.create({ model: 'm', messages })).resolves.toBeDefined();
    provider.accept('sk-real');
  });

  it('pretends errors in the shape of the protocol', async () => {
    const limited = openai.chat.completions.create({ model: 'pretend-status-429', messages });
    await expect(limited).rejects.toThrow(OpenAI.RateLimitError);
    provider.behave({ status: 500 });
    const broken = anthropic.messages.create({ model: 'claude', max_tokens: 9, messages });
    await expect(broken).rejects.toThrow(Anthropic.InternalServerError);
  });

  it('resets the connection before the first byte and in the middle of a stream', async () => {
    const before = openai.chat.completions.create({ model: 'pretend-reset-after-0', messages });
    await expect(before).rejects.toThrow(OpenAI.APIConnectionError);
    const stream = await openai.chat.completions.create({
      model: 'pretend-reset-after-2',
      messages,
      stream: true,
    });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.object).toBe('chat.completion.chunk');
    };
    await expect(read()).rejects.toThrow();
  });

  it('notices when the client leaves an endless stream', async () => {
    const model = 'pretend-endless-every-1ms';
    const stream = await openai.chat.completions.create({ model, messages, stream: true });
    let seen = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++seen === 3) break;
    stream.controller.abort();
    await expect.poll(() => provider.requests[0]?.outcome).toBe('aborted');
  });
});

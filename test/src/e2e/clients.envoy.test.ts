import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { findMcporter } from '@hiclaw/install';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Scene, SECRETS, startScene } from './scene.js';

const MCP_CREDENTIAL = 'pat-real-everything-2cVw8';
const SENTENCE = 'The gateway swapped the key. ';
const messages = [{ role: 'user' as const, content: 'hello' }];
/** One byte more than the gateway takes. */
const TOO_LARGE = 'x'.repeat(16_777_217);

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  const { admin } = scene.network;
  await admin.put('credentials', 'everything-pat', { value: MCP_CREDENTIAL, hosts: ['127.0.0.1'] });
  await admin.put('mcp-servers', 'everything', {
    url: scene.mcp.url,
    credential: 'everything-pat',
    allowedConsumers: ['worker-alice'],
  });
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(() => {
  scene.provider.forget();
  onTestFailed(() => {
    process.stderr.write(scene.network.logs());
  });
});

/** Whatever the client did: the upstreams saw the real credential, and no consumer token anywhere. */
afterEach(() => {
  for (const request of scene.provider.requests) {
    expect(request.header('authorization')).toBe(`Bearer ${SECRETS.provider}`);
    expect(request.header('x-api-key')).toBe('');
    const everything = JSON.stringify([request.url, request.rawHeaders, request.body.toString('utf8')]);
    expect(everything).not.toContain('hck_');
  }
  for (const request of scene.mcp.requests) {
    expect(request.header('authorization')).toBe(`Bearer ${MCP_CREDENTIAL}`);
    expect(JSON.stringify([request.url, request.rawHeaders])).not.toContain('hck_');
  }
});

describe('npm openai', () => {
  const client = (token: string): OpenAI =>
    new OpenAI({ baseURL: `${scene.network.gatewayOrigin}/v1`, apiKey: token, maxRetries: 0 });

  it('completes a chat, whole and streamed', async () => {
    const openai = client(scene.alice);
    const whole = await openai.chat.completions.create({ model: 'gpt-4o', messages });
    expect(whole.choices[0]?.message.content).toBe(SENTENCE);
    const stream = await openai.chat.completions.create({ model: 'gpt-4o', messages, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(SENTENCE);
    expect(scene.provider.requests).toHaveLength(2);
  });

  it('uses responses, whole and streamed, completions and embeddings', async () => {
    const openai = client(scene.alice);
    const whole = await openai.responses.create({ model: 'gpt-4o', input: 'hello' });
    expect(whole.output_text).toBe(SENTENCE);
    const streamed = openai.responses.stream({ model: 'gpt-4o', input: 'hello' });
    let text = '';
    for await (const event of streamed) if (event.type === 'response.output_text.delta') text += event.delta;
    expect(text).toBe(SENTENCE);
    const completion = await openai.completions.create({ model: 'gpt-4o', prompt: 'hello' });
    expect(completion.choices[0]?.text).toBe(SENTENCE);
    const embedded = await openai.embeddings.create({
      model: 'gpt-4o',
      input: ['a', 'b'],
      encoding_format: 'float',
    });
    expect(embedded.data).toHaveLength(2);
    expect(scene.provider.requests).toHaveLength(4);
  });

  it('gets a stream chunk by chunk, not at its end', async () => {
    const model = 'pretend-endless-every-20ms';
    const stream = await client(scene.alice).chat.completions.create({ model, messages, stream: true });
    let chunks = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++chunks === 10) break;
    expect(chunks).toBe(10);
    expect(scene.provider.requests[0]?.chunksSent).toBeLessThan(20);
    await expect.poll(() => scene.provider.requests[0]?.outcome).toBe('aborted');
  });

  it('lists the models its consumer may use', async () => {
    const models = async (token: string): Promise<string[]> => {
      const ids: string[] = [];
      for await (const model of client(token).models.list()) ids.push(model.id);
      return ids;
    };
    expect(await models(scene.alice)).toEqual(['gpt-3.5-turbo', 'gpt-4o']);
    expect(await models(scene.bob)).toEqual(['gpt-3.5-turbo']);
    expect(scene.provider.requests).toHaveLength(0);
  });

  it('throws its own error class for each refusal, with the reason as its code', async () => {
    const call = (token: string, model: string, content = 'hello'): Promise<unknown> =>
      client(token).chat.completions.create({ model, messages: [{ role: 'user', content }] });
    await expect(call('sk-not-one-of-ours', 'gpt-4o')).rejects.toThrow(OpenAI.AuthenticationError);
    await expect(call(scene.bob, 'gpt-4o')).rejects.toThrow(OpenAI.PermissionDeniedError);
    await expect(call(scene.bob, 'gpt-4o')).rejects.toMatchObject({
      status: 403,
      code: 'model-not-allowed',
      type: 'permission_error',
    });
    await expect(call(scene.alice, 'gpt-4o', TOO_LARGE)).rejects.toMatchObject({ status: 413 });
    const unknown = client(scene.alice).post('/no/such/endpoint', { body: { model: 'gpt-4o' } });
    await expect(unknown).rejects.toThrow(OpenAI.NotFoundError);
    expect(scene.provider.requests).toHaveLength(0);
  });

  it('sees the provider’s own errors as they are', async () => {
    const limited = client(scene.alice).chat.completions.create({ model: 'pretend-status-429', messages });
    await expect(limited).rejects.toThrow(OpenAI.RateLimitError);
  });
});

describe('npm @anthropic-ai/sdk', () => {
  const keyed = (token: string): Anthropic =>
    new Anthropic({ baseURL: scene.network.gatewayOrigin, apiKey: token, authToken: null, maxRetries: 0 });
  const bearing = (token: string): Anthropic =>
    new Anthropic({ baseURL: scene.network.gatewayOrigin, apiKey: null, authToken: token, maxRetries: 0 });
  const request = { model: 'gpt-4o', max_tokens: 64, messages };

  it.each([
    ['x-api-key', keyed],
    ['a bearer token', bearing],
  ])('creates a message with %s, whole and streamed, and counts tokens', async (_way, client) => {
    const anthropic = client(scene.alice);
    const whole = await anthropic.messages.create(request);
    expect(whole.content).toMatchObject([{ type: 'text', text: SENTENCE }]);
    expect(await anthropic.messages.stream(request).finalText()).toBe(SENTENCE);
    const counted = await anthropic.messages.countTokens({ model: 'gpt-4o', messages });
    expect(counted.input_tokens).toBe(7);
    expect(scene.provider.requests).toHaveLength(3);
  });

  it('throws its own error class for each refusal', async () => {
    const stranger = keyed('sk-ant-not-one-of-ours').messages.create(request);
    await expect(stranger).rejects.toThrow(Anthropic.AuthenticationError);
    const denied = keyed(scene.bob).messages.create(request);
    await expect(denied).rejects.toThrow(Anthropic.PermissionDeniedError);
    const large = { ...request, messages: [{ role: 'user' as const, content: TOO_LARGE }] };
    const tooLarge = keyed(scene.alice).messages.create(large);
    await expect(tooLarge).rejects.toMatchObject({
      status: 413,
      error: { error: { type: 'request_too_large' } },
    });
    expect(scene.provider.requests).toHaveLength(0);
  });

  it('lists the models its consumer may use', async () => {
    const page = await keyed(scene.bob).models.list();
    expect(page.data.map(({ id }) => id)).toEqual(['gpt-3.5-turbo']);
  });
});

describe('MCP clients', () => {
  const serverUrl = (): string => `${scene.network.gatewayOrigin}/mcp-servers/everything/mcp`;
  const connect = async (token: string): Promise<Client> => {
    const client = new Client({ name: 'e2e', version: '1.0.0' });
    const headers = { authorization: `Bearer ${token}` };
    await client.connect(
      new StreamableHTTPClientTransport(new URL(serverUrl()), { requestInit: { headers } }),
    );
    return client;
  };

  it('lets the official SDK list and call tools, and list resources and prompts', async () => {
    const client = await connect(scene.alice);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('echo');
    const echoed = await client.callTool({ name: 'echo', arguments: { message: 'hi' } });
    expect(echoed.content).toMatchObject([{ type: 'text', text: 'Echo: hi' }]);
    expect((await client.listResources()).resources.length).toBeGreaterThan(0);
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
    await client.close();
    expect(scene.mcp.requests.length).toBeGreaterThan(3);
  });

  it('refuses a consumer that is not on the server', async () => {
    await expect(connect(scene.bob)).rejects.toMatchObject({ code: 403 });
    await expect(connect('hck_not-a-token')).rejects.toMatchObject({ code: 401 });
  });

  it('lets mcporter list and call tools', async () => {
    const listed = await mcporter(scene.alice, 'list', 'everything', '--json');
    expect(JSON.parse(listed.stdout)).toMatchObject({ status: 'ok' });
    const called = await mcporter(scene.alice, 'call', 'everything.echo', 'message=hi');
    expect(called).toMatchObject({ code: 0, stdout: 'Echo: hi\n' });
  });

  it('makes mcporter fail for a consumer that is not on the server', async () => {
    const called = await mcporter(scene.bob, '--no-oauth', 'call', 'everything.echo', 'message=hi');
    expect(called.code).not.toBe(0);
    expect(called.stdout).not.toContain('Echo');
  });

  /** The token reaches mcporter as agents pass it on: in its environment, named in its configuration. */
  async function mcporter(token: string, ...args: string[]): Promise<{ code: number; stdout: string }> {
    const { node, script } = await findMcporter();
    const home = scene.network.home.folder;
    const config = join(home, 'mcporter.json');
    const everything = { baseUrl: serverUrl(), headers: { Authorization: 'Bearer ${GATEWAY_TOKEN}' } };
    await writeFile(config, JSON.stringify({ mcpServers: { everything }, imports: [] }));
    const env = { PATH: process.env['PATH'], HOME: home, GATEWAY_TOKEN: token };
    return new Promise((resolve) => {
      execFile(node, [script, '--config', config, ...args], { env, timeout: 60_000 }, (error, stdout) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout });
      });
    });
  }
});

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { findPythonSdks } from '@hiclaw/install';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Scene, SECRETS, startScene } from './scene.js';

const SENTENCE = 'The gateway swapped the key. ';
const SCRIPT = fileURLToPath(new URL('python_clients.py', import.meta.url));

interface Call {
  readonly sdk: 'openai' | 'anthropic x-api-key' | 'anthropic bearer';
  /** A function of the script. */
  readonly do: string;
  readonly token: string;
  /** Default: `gpt-4o`. */
  readonly model?: string;
}

let scene: Scene;
let python: Python;
/** Of a consumer that has less left than any call needs. */
let limited: string;

beforeAll(async () => {
  scene = await startScene();
  const { admin } = scene.network;
  await admin.put('consumers', 'worker-carol', { limits: { budgets: [{ per: 'day', tokens: 1 }] } });
  await admin.grant('llm-routes', 'chat', 'worker-carol');
  limited = (await admin.issueToken('worker-carol')).token;
  python = await startPython();
});
afterAll(async () => {
  python.close();
  await scene[Symbol.asyncDispose]();
});
beforeEach(() => {
  scene.provider.forget();
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

/** A Python with both SDKs that makes calls as it is told; starting it takes longer than all of them. */
interface Python {
  call(call: Call): Promise<unknown>;
  close(): void;
}

async function startPython(): Promise<Python> {
  const { python: program, env } = await findPythonSdks();
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    program,
    [SCRIPT, scene.network.gatewayOrigin],
    {
      env: { PATH: process.env['PATH'], HOME: scene.network.home.folder, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    call: async (call) => {
      child.stdin.write(`${JSON.stringify({ model: 'gpt-4o', ...call })}\n`);
      const answer = await answers.next();
      if (answer.done === true) throw new Error('Python has ended.');
      return JSON.parse(answer.value) as unknown;
    },
    close: () => child.kill('SIGKILL'),
  };
}

async function run(calls: readonly Call[]): Promise<readonly unknown[]> {
  const outcomes: unknown[] = [];
  for (const call of calls) outcomes.push(await python.call(call));
  return outcomes;
}

describe('PyPI openai', () => {
  it('works, whole and streamed', async () => {
    const call = (name: string, model = 'gpt-4o'): Call => ({
      sdk: 'openai',
      do: name,
      token: scene.alice,
      model,
    });
    const model = 'pretend-usage-in-12-out-5';
    const vector = [0.25, -0.5, 0.125];
    expect(
      await run([
        call('chat'),
        call('chat_stream', model),
        call('chat_stream_usage', model),
        call('response'),
        call('response_stream'),
        call('embeddings'),
        call('transcription'),
        call('image_edit'),
        call('azure_chat'),
        call('openai_models'),
      ]),
    ).toEqual([
      { result: SENTENCE },
      { result: { text: SENTENCE, usage: [] } },
      { result: [17] },
      { result: SENTENCE },
      { result: SENTENCE },
      { result: [vector, vector] },
      { result: SENTENCE },
      { result: 1 },
      { result: SENTENCE },
      { result: ['gpt-3.5-turbo', 'gpt-4o'] },
    ]);
    expect(scene.provider.requests).toHaveLength(9);
  });

  it('raises its own exception for each refusal', async () => {
    const call = (name: string, token: string): Call => ({ sdk: 'openai', do: name, token });
    expect(
      await run([
        call('chat', 'sk-not-one-of-ours'),
        call('chat', scene.bob),
        call('chat_stream', scene.bob),
        call('response_stream', scene.bob),
        call('embeddings', scene.bob),
        call('transcription', scene.bob),
        call('azure_chat', scene.bob),
        call('chat', limited),
        call('unknown_endpoint', scene.alice),
        call('openai_models', scene.bob),
      ]),
    ).toMatchObject([
      { error: 'openai.AuthenticationError', status: 401 },
      { error: 'openai.PermissionDeniedError', status: 403, body: { code: 'model-not-allowed' } },
      { error: 'openai.PermissionDeniedError' },
      { error: 'openai.PermissionDeniedError' },
      { error: 'openai.PermissionDeniedError' },
      { error: 'openai.PermissionDeniedError' },
      { error: 'openai.PermissionDeniedError' },
      { error: 'openai.RateLimitError', status: 429, body: { code: 'budget-exhausted' } },
      { error: 'openai.NotFoundError', status: 404 },
      { result: ['gpt-3.5-turbo'] },
    ]);
    expect(scene.provider.requests).toHaveLength(0);
  });

  it('sees the provider’s own errors as they are', async () => {
    const model = 'pretend-status-429';
    expect(await run([{ sdk: 'openai', do: 'chat', token: scene.alice, model }])).toMatchObject([
      { error: 'openai.RateLimitError', status: 429 },
    ]);
  });
});

describe.each(['anthropic x-api-key', 'anthropic bearer'] as const)('PyPI %s', (sdk) => {
  it('works, whole and streamed', async () => {
    const call = (name: string): Call => ({ sdk, do: name, token: scene.alice });
    const calls = ['message', 'message_stream', 'count_tokens', 'anthropic_models'].map(call);
    expect(await run(calls)).toEqual([
      { result: SENTENCE },
      { result: SENTENCE },
      { result: 7 },
      { result: ['gpt-3.5-turbo', 'gpt-4o'] },
    ]);
    expect(scene.provider.requests).toHaveLength(3);
  });

  it('raises its own exception for each refusal', async () => {
    expect(
      await run([
        { sdk, do: 'message', token: 'sk-ant-not-one-of-ours' },
        { sdk, do: 'message', token: scene.bob },
        { sdk, do: 'message_stream', token: scene.bob },
        { sdk, do: 'count_tokens', token: scene.bob },
        { sdk, do: 'message', token: limited },
      ]),
    ).toMatchObject([
      { error: 'anthropic.AuthenticationError', status: 401 },
      { error: 'anthropic.PermissionDeniedError', status: 403 },
      { error: 'anthropic.PermissionDeniedError' },
      { error: 'anthropic.PermissionDeniedError' },
      { error: 'anthropic.RateLimitError', status: 429 },
    ]);
    expect(scene.provider.requests).toHaveLength(0);
  });
});

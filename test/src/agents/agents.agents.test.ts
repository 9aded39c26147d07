import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findHermes, findOpenClaw } from '@hiclaw/install';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFailed } from 'vitest';
import { type Scene, SECRETS, startScene } from '../e2e/scene.js';
import type { AgentRun } from './agent-run.js';
import { hermes } from './hermes.js';
import { openClaw, type OpenClawApi } from './openclaw.js';

const ANSWER = 'The gateway swapped the key.';
const MODEL = 'gpt-4o';
const DENIED = /HTTP 403.*This consumer may not use this model\./s;
const REVOKED = /HTTP 401.*revoked/s;

let scene: Scene;
/** Of a consumer that was admitted and then revoked. */
let revoked: string;
let folder: string;

beforeAll(async () => {
  await Promise.all([findOpenClaw(), findHermes()]);
  scene = await startScene();
  const { admin } = scene.network;
  await admin.put('consumers', 'worker-carol', {});
  await admin.grant('llm-routes', 'chat', 'worker-carol');
  revoked = (await admin.issueToken('worker-carol')).token;
  await admin.revoke('worker-carol');
});
afterAll(() => scene[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hiclaw-agent-'));
  scene.provider.forget();
  scene.provider.behave({});
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Whatever the agent did: the provider saw the real key, and the token nowhere. */
afterEach(() => {
  for (const request of scene.provider.requests) {
    expect(request.header('authorization')).toBe(`Bearer ${SECRETS.provider}`);
    expect(request.header('x-api-key')).toBe('');
    const everything = JSON.stringify([request.url, request.rawHeaders, request.body.toString('utf8')]);
    for (const token of [scene.alice, scene.bob, revoked]) expect(everything).not.toContain(token);
  }
});

/** What an agent printed is shown when its test fails, and never holds a real key. */
function watched<T extends AgentRun>(run: T): T {
  onTestFailed(() => {
    process.stderr.write(`${run.everything}\n${scene.network.logs()}`);
  });
  expect(run.everything).not.toContain(SECRETS.provider);
  return run;
}

describe.each<OpenClawApi>(['openai-completions', 'openai-responses', 'anthropic-messages'])(
  'OpenClaw with %s',
  (api) => {
    const run = async (token: string, model = MODEL): ReturnType<typeof openClaw> => {
      const { gatewayOrigin } = scene.network;
      return watched(await openClaw({ api, gatewayOrigin, token, model, prompt: 'Say hello.', folder }));
    };

    it('answers with a model that it may use, streamed', async () => {
      const { code, final } = await run(scene.alice);
      expect({ code, final }).toEqual({ code: 0, final: ANSWER });
      expect(scene.provider.requests.length).toBeGreaterThan(0);
      for (const request of scene.provider.requests) {
        expect(request.json()).toMatchObject({ model: MODEL, stream: true });
      }
    });

    it('fails visibly with a model that it may not use', async () => {
      const { code, final, everything } = await run(scene.bob);
      expect(code).not.toBe(0);
      expect(final).toBeNull();
      expect(everything).toMatch(DENIED);
      expect(scene.provider.requests).toHaveLength(0);
    });

    it('fails visibly once its consumer is revoked', async () => {
      const { code, final, everything } = await run(revoked);
      expect(code).not.toBe(0);
      expect(final).toBeNull();
      expect(everything).toMatch(REVOKED);
      expect(scene.provider.requests).toHaveLength(0);
    });
  },
);

describe('hermes-agent', () => {
  const run = async (token: string, model = MODEL): Promise<AgentRun> => {
    const { gatewayOrigin } = scene.network;
    return watched(await hermes({ gatewayOrigin, token, model, prompt: 'Say hello.', folder }));
  };

  it('answers with a model that it may use, streamed', async () => {
    const { code, stdout } = await run(scene.alice);
    expect(code).toBe(0);
    expect(stdout).toContain(ANSWER);
    expect(scene.provider.requests.at(-1)?.json()).toMatchObject({ model: MODEL, stream: true });
  });

  it('reads a file with a tool and answers', async () => {
    const file = join(folder, 'note.txt');
    await writeFile(file, 'the contents of the note');
    scene.provider.behave({ toolArguments: { path: file } });
    const { stdout } = await run(scene.alice, 'pretend-calls-read_file');
    expect(stdout).toContain(ANSWER);
    const last = scene.provider.requests.at(-1)?.body.toString('utf8');
    expect(last).toContain('the contents of the note');
  });

  it('tells of a model that it may not use', async () => {
    const { everything } = await run(scene.bob);
    expect(everything).not.toContain(ANSWER);
    expect(everything).toMatch(DENIED);
    expect(scene.provider.requests).toHaveLength(0);
  });

  it('tells that its consumer is revoked', async () => {
    const { everything } = await run(revoked);
    expect(everything).not.toContain(ANSWER);
    expect(everything).toMatch(REVOKED);
    expect(scene.provider.requests).toHaveLength(0);
  });
});

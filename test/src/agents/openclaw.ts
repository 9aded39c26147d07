import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findOpenClaw } from '@hiclaw/install';
import { type AgentRun, runAgent } from './agent-run.js';

/** APIs in which OpenClaw speaks to a model. */
export type OpenClawApi = 'openai-completions' | 'openai-responses' | 'anthropic-messages';

export interface OpenClawTask {
  readonly api: OpenClawApi;
  readonly gatewayOrigin: string;
  readonly token: string;
  readonly model: string;
  readonly prompt: string;
  /** An empty folder of this task's own. */
  readonly folder: string;
}

export interface OpenClawRun extends AgentRun {
  /** What it answered; null when it failed. */
  readonly final: string | null;
}

/** One task for OpenClaw, with a consumer's token in its environment, as an installation hands it over. */
export async function openClaw(task: OpenClawTask): Promise<OpenClawRun> {
  const { node, script } = await findOpenClaw();
  const { folder, model } = task;
  const workspace = join(folder, 'workspace');
  await mkdir(workspace, { recursive: true });
  const config = join(folder, 'openclaw.json');
  await writeFile(config, JSON.stringify(configuration(task, workspace)));
  const run = await runAgent({
    program: node,
    args: [
      script,
      'agent',
      'exec',
      task.prompt,
      '--config',
      config,
      '--model',
      `gateway/${model}`,
      '--cwd',
      workspace,
      '--json',
    ],
    env: {
      HOME: folder,
      OPENCLAW_STATE_DIR: join(folder, 'state'),
      OPENCLAW_CONFIG_PATH: config,
      GATEWAY_TOKEN: task.token,
    },
    cwd: workspace,
  });
  return { ...run, final: finalText(run.stdout) };
}

function configuration({ api, gatewayOrigin, model }: OpenClawTask, workspace: string): object {
  // Its Anthropic client adds /v1 by itself.
  const baseUrl = api === 'anthropic-messages' ? gatewayOrigin : `${gatewayOrigin}/v1`;
  const described = { id: model, name: model, input: ['text'], contextWindow: 128_000, maxTokens: 4096 };
  return {
    models: {
      mode: 'replace',
      providers: { gateway: { baseUrl, apiKey: '${GATEWAY_TOKEN}', api, models: [described] } },
    },
    agents: { defaults: { model: { primary: `gateway/${model}` }, workspace } },
    update: { checkOnStart: false },
  };
}

function finalText(stdout: string): string | null {
  try {
    const answer = JSON.parse(stdout) as { readonly ok?: unknown; readonly final?: unknown };
    return answer.ok === true && typeof answer.final === 'string' ? answer.final : null;
  } catch {
    return null;
  }
}

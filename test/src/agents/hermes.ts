import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findHermes } from '@hiclaw/install';
import { type AgentRun, runAgent } from './agent-run.js';

export interface HermesTask {
  readonly gatewayOrigin: string;
  readonly token: string;
  readonly model: string;
  readonly prompt: string;
  /** An empty folder of this task's own. */
  readonly folder: string;
}

/** One task for hermes-agent, with a consumer's token in its environment. It ends with 0 whatever happened. */
export async function hermes(task: HermesTask): Promise<AgentRun> {
  const { python, env } = await findHermes();
  const { folder } = task;
  const workspace = join(folder, 'workspace');
  await mkdir(workspace, { recursive: true });
  const model = {
    provider: 'custom',
    default: task.model,
    base_url: `${task.gatewayOrigin}/v1`,
    api_key: '${GATEWAY_TOKEN}',
    api_mode: 'chat_completions',
    context_length: 128_000,
  };
  // JSON is YAML.
  await writeFile(join(folder, 'config.yaml'), JSON.stringify({ model }));
  return runAgent({
    program: python,
    args: ['-m', 'hermes_cli.main', '-z', task.prompt],
    env: { HOME: folder, HERMES_HOME: folder, GATEWAY_TOKEN: task.token, ...env },
    cwd: workspace,
  });
}

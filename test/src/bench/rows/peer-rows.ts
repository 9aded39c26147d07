import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findLiteLlm, findPortkey, LITELLM_VERSION, PORTKEY_VERSION } from '@hiclaw/install';
import { freePort } from '../../network/free-ports.js';
import { startProcess } from '../../network/process.js';
import { statusOf } from '../../network/status-of.js';
import { until } from '../../network/until.js';
import { GATEWAY_CORE } from '../cores.js';
import type { HttpCall } from '../load/job.js';
import { chatCall } from '../requests.js';
import type { Row } from './row.js';

/** Where a peer sends what it forwards. */
export interface PeerContext {
  readonly folder: string;
  /** Answers chat completions with JSON. */
  readonly jsonPort: number;
  /** Streams them. */
  readonly streamPort: number;
  /** What the upstreams get. */
  readonly credential: string;
  /** Of a stream. */
  readonly chunks: number;
}

/** A row that answers both ways, and how to ask it. */
export interface ChatRow {
  readonly row: Row;
  readonly json: HttpCall;
  readonly stream: HttpCall;
}

export const LITELLM = `LiteLLM ${LITELLM_VERSION}`;
export const PORTKEY = `Portkey ${PORTKEY_VERSION}`;

const MASTER_KEY = 'sk-bench-litellm-master';
const READY_MS = 180_000;

/**
 * LiteLLM's proxy with one worker, a master key and no database.
 *
 * @throws GatewayError when it cannot be installed
 */
export async function liteLlmRow(context: PeerContext): Promise<ChatRow> {
  const { python, env } = await findLiteLlm();
  const port = await freePort();
  const config = join(context.folder, 'litellm.yaml');
  const model = (name: string, upstream: number): object => ({
    model_name: name,
    litellm_params: {
      model: 'openai/gpt-4o',
      api_base: `http://127.0.0.1:${upstream}/v1`,
      api_key: context.credential,
    },
  });
  const settings = {
    model_list: [model('gpt-4o', context.jsonPort), model('gpt-4o-stream', context.streamPort)],
    general_settings: { master_key: MASTER_KEY },
  };
  // JSON is YAML.
  await writeFile(config, JSON.stringify(settings));
  const run = 'from litellm import run_server; run_server()';
  const address = ['--host', '127.0.0.1', '--port', String(port)];
  const row = await peer(LITELLM, port, '/health/liveliness', {
    args: [python, '-c', run, ...address, '--config', config, '--telemetry', 'False'],
    // Without it LiteLLM asks the internet for prices when it starts.
    env: { ...env, HOME: context.folder, LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_LOG: 'ERROR' },
  });
  const token = MASTER_KEY;
  const stream = chatCall({ token, model: 'gpt-4o-stream', chunks: context.chunks });
  return { row, json: chatCall({ token }), stream };
}

/**
 * Portkey's gateway, which knows no consumers: the client brings the provider's key and address.
 *
 * @throws GatewayError when it cannot be installed
 */
export async function portkeyRow(context: PeerContext): Promise<ChatRow> {
  const { node, script } = await findPortkey();
  const port = await freePort();
  const row = await peer(PORTKEY, port, '/', {
    args: [node, '--import', loopbackPreload(), script, `--port=${port}`, '--headless'],
    env: { HOME: context.folder },
  });
  const to = (upstream: number): Readonly<Record<string, string>> => ({
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1`,
  });
  const token = context.credential;
  return {
    row,
    json: chatCall({ token, headers: to(context.jsonPort) }),
    stream: chatCall({ token, headers: to(context.streamPort), chunks: context.chunks }),
  };
}

async function peer(
  name: string,
  port: number,
  readyPath: string,
  { args, env }: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
): Promise<Row> {
  const started = await startProcess({
    name,
    command: 'taskset',
    args: ['-c', String(GATEWAY_CORE), ...args],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  try {
    const ready = async (): Promise<boolean> =>
      !started.running || (await statusOf(`http://127.0.0.1:${port}${readyPath}`)) === 200;
    await until(ready, { withinMs: READY_MS, everyMs: 250, onTimeout: () => started.log() });
    if (!started.running) throw new Error(`${name} ended at once:\n${started.log()}`);
  } catch (error) {
    await started.stop('SIGKILL');
    throw error;
  }
  return {
    name,
    port,
    pids: [started.pid],
    // They take up to half a minute to start; one process serves all rounds.
    restart: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => started.stop('SIGKILL'),
  };
}

/** Portkey binds all interfaces; the preload of the demo's MCP server forces loopback. */
function loopbackPreload(): string {
  const entry = createRequire(import.meta.url).resolve('@hiclaw/install');
  return pathToFileURL(join(dirname(entry), 'demo', 'loopback-preload.js')).href;
}

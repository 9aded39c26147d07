import { findEnvoy } from '@hiclaw/install';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { builtPlugin } from '../built-plugin.js';
import { bootstrap, discovered, type Route } from './bootstrap.js';
import { until } from './until.js';
import { Upstream } from './upstream.js';

type PluginName = 'key-auth' | 'credential-injection';

export interface GatewayOptions {
  readonly concurrency: number;
  readonly sealingKey: Uint8Array;
  readonly routes: readonly Route[];
  /** Configurations at the start; a plugin that is left out has none. */
  readonly images: Partial<Readonly<Record<PluginName, Uint8Array>>>;
}

/** A real Envoy with both plugins, and what they tell the policy server. */
export class GatewayProcess implements AsyncDisposable {
  readonly folder: string;
  /** Stands in for the policy server; gets the confirmations. */
  readonly policyServer: Upstream;
  port = 0;
  readonly #child: ChildProcess;
  readonly #wasm: Readonly<Record<PluginName, string>>;
  #log = '';

  private constructor(
    folder: string,
    policyServer: Upstream,
    child: ChildProcess,
    wasm: Record<PluginName, string>,
  ) {
    this.folder = folder;
    this.policyServer = policyServer;
    this.#child = child;
    this.#wasm = wasm;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
  }

  static async start(options: GatewayOptions): Promise<GatewayProcess> {
    const folder = await mkdtemp(path.join(tmpdir(), 'hiclaw-plugins-'));
    const policyServer = await Upstream.listen({ path: path.join(folder, 'policy-server.sock') });
    const wasm = {
      'key-auth': await builtPlugin('key-auth'),
      'credential-injection': await builtPlugin('credential-injection'),
    };
    for (const name of ['key-auth', 'credential-injection'] as const) {
      const image = options.images[name];
      if (image !== undefined) await put(folder, name, wasm[name], image);
    }
    const config = path.join(folder, 'envoy.json');
    await writeFile(config, JSON.stringify(bootstrap({ folder, routes: options.routes }, wasm)));
    const child = spawn(
      await findEnvoy(),
      [
        ...['-c', config, '--use-dynamic-base-id', '--concurrency', `${options.concurrency}`],
        ...['-l', 'warning', '--file-flush-interval-msec', '50'],
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { HICLAW_GATEWAY_KEY: Buffer.from(options.sealingKey).toString('hex') },
      },
    );
    const gateway = new GatewayProcess(folder, policyServer, child, wasm);
    await until(
      () => `Envoy is not ready\n${gateway.#log}`,
      async () => ((await gateway.#isReady()) ? true : undefined),
    );
    return gateway;
  }

  get log(): string {
    return this.#log;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`Envoy ended\n${this.#log}`);
    const listeners = await this.admin('/listeners?format=json').catch(() => '{}');
    const [status] =
      (
        JSON.parse(listeners) as {
          listener_statuses?: { local_address: { socket_address: { port_value: number } } }[];
        }
      ).listener_statuses ?? [];
    if (status === undefined || (await this.admin('/ready')) !== 'LIVE\n') return false;
    this.port = status.local_address.socket_address.port_value;
    return true;
  }

  /** Replaces a plugin's configuration; Envoy takes it soon after. */
  async push(name: PluginName, image: Uint8Array): Promise<void> {
    await put(this.folder, name, this.#wasm[name], image);
  }

  /** Confirmations that arrived: VM by VM, for one plugin and policy version. */
  confirmations(plugin: PluginName, version: bigint): string[] {
    return this.policyServer.received
      .map(({ path: target }) => new URL(target, 'http://policy-server').searchParams)
      .filter((query) => query.get('plugin') === plugin && query.get('version') === `${version}`)
      .map((query) => query.get('vm') ?? '');
  }

  async admin(target: string): Promise<string> {
    const call = request({ socketPath: path.join(this.folder, 'admin.sock'), path: target });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return textOf(response);
  }

  async stat(name: string): Promise<number> {
    const text = await this.admin(`/stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.')}$`)}`);
    return Number(text.split(': ')[1] ?? Number.NaN);
  }

  async accessLog(): Promise<string> {
    return readFile(path.join(this.folder, 'access.log'), 'utf8');
  }

  /** Resident memory in bytes. */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    this.policyServer.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Envoy sees a new file only when it is moved into place. */
async function put(folder: string, name: string, wasm: string, image: Uint8Array): Promise<void> {
  const file = path.join(folder, `${name}.json`);
  await writeFile(`${file}.new`, JSON.stringify(discovered(name, wasm, image)));
  await rename(`${file}.new`, file);
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
} from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findEnvoy } from '@hiclaw/install';
import { renderBootstrap } from '../render/bootstrap.js';

/** A folder for sockets and logs, gone afterwards. */
export async function makeHome(): Promise<{ path: string } & AsyncDisposable> {
  const home = await mkdtemp(path.join(tmpdir(), 'hcg-'));
  return { path: home, [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }) };
}

/** Calls `look` until it gives something, at most for `withinMs`. */
export async function until<T>(
  look: () => T | Promise<T>,
  options: { withinMs?: number; onTimeout?: () => string } = {},
): Promise<NonNullable<Exclude<T, false>>> {
  const end = performance.now() + (options.withinMs ?? 15_000);
  let last: unknown = null;
  while (performance.now() < end) {
    try {
      const found = await look();
      if (found !== undefined && found !== null && found !== false)
        return found as NonNullable<Exclude<T, false>>;
      last = found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`not within the time; last: ${String(last)}\n${options.onTimeout?.() ?? ''}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Call {
  readonly port?: number;
  readonly socketPath?: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export function call({ body, method, ...target }: Call): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', method: method ?? (body === undefined ? 'GET' : 'POST'), agent: false, ...target },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** A real Envoy that asks the ADS server in `home` for everything. */
export interface RunningEnvoy extends AsyncDisposable {
  readonly id: string;
  readonly port: number;
  readonly process: ChildProcess;
  readonly accessLog: string;
  call(call: Omit<Call, 'port' | 'socketPath'>): Promise<Reply>;
  admin(path: string, method?: string): Promise<string>;
  log(): string;
}

export interface EnvoyOptions {
  readonly home: string;
  readonly id: string;
  readonly concurrency?: number;
  readonly environment?: Record<string, string>;
}

export async function startEnvoy(options: EnvoyOptions): Promise<RunningEnvoy> {
  const { home, id, concurrency = 2 } = options;
  const port = await freePort();
  const adminSocket = path.join(home, `${id}-admin.sock`);
  const accessLog = path.join(home, `${id}-access.log`);
  const bootstrap = renderBootstrap({
    nodeId: id,
    bind: '127.0.0.1',
    port,
    concurrency,
    sockets: {
      ads: path.join(home, 'ads.sock'),
      gateway: path.join(home, 'gateway.sock'),
      admin: adminSocket,
    },
    accessLog,
  });
  const file = path.join(home, `${id}.json`);
  await writeFile(file, JSON.stringify(bootstrap));
  const flags = [
    '--use-dynamic-base-id',
    '-l',
    'warning',
    '--file-flush-interval-msec',
    '50',
    '--concurrency',
    String(concurrency),
  ];
  const child = spawn(await findEnvoy(), ['-c', file, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...options.environment },
  });
  let log = '';
  const collect = (chunk: Buffer): void => {
    log = (log + chunk.toString()).slice(-200_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      log += `\nexited with ${String(code ?? signal)}\n`;
      resolve();
    });
  });
  return {
    id,
    port,
    process: child,
    accessLog,
    call: (target) => call({ port, ...target }),
    admin: async (target, method = 'GET') =>
      (await call({ socketPath: adminSocket, path: target, method })).body,
    log: () => log,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** An upstream that answers with what it got. */
export interface EchoUpstream extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

export async function startUpstream(): Promise<EchoUpstream> {
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const bytes = Buffer.concat(chunks).length;
      response.writeHead(200, { 'content-type': 'application/json', 'x-hiclaw-reason': 'forged' });
      response.end(JSON.stringify({ method, url, headers, bytes }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    server,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Compiles the stand-in plugin; the path of the module. */
export async function buildProbePlugin(home: string): Promise<string> {
  const source = fileURLToPath(new URL('../../testdata/probe-plugin/assembly/index.ts', import.meta.url));
  const asc = fileURLToPath(new URL('../../../node_modules/assemblyscript/bin/asc.js', import.meta.url));
  const outFile = path.join(home, 'probe.wasm');
  await mkdir(home, { recursive: true });
  const flags = [
    '-O3',
    '--runtime',
    'minimal',
    '--use',
    'abort=',
    '--exportStart',
    '_initialize',
    '--bindings',
    'none',
  ];
  await promisify(execFile)(process.execPath, [asc, source, '--outFile', outFile, ...flags]);
  return outFile;
}

/** Path of a file in `testdata`. */
export function testFile(name: string): string {
  return fileURLToPath(new URL(`testdata/${name}`, import.meta.url));
}

/** All lines of an access log. */
export async function readAccessLog(file: string): Promise<readonly Record<string, unknown>[]> {
  // The last line may be half written.
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

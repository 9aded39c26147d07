import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { McpEverythingReport } from './mcp-everything-preload.js';

/** The official example MCP server, over streamable HTTP, as a process of its own. */
export interface McpEverything extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:<port>/mcp` */
  readonly url: string;
  /** The requests it got, oldest first. */
  readonly requests: readonly McpEverythingRequest[];
  close(): Promise<void>;
}

export interface McpEverythingRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  /** All values of one header, joined by `, `; the empty string when there is none. */
  header(name: string): string;
}

/**
 * @param options.port default: any free port. Loopback only.
 * @throws Error with the server's output when it ends before it listens.
 */
export async function startMcpEverything(options: { readonly port?: number } = {}): Promise<McpEverything> {
  const manifest = createRequire(import.meta.url).resolve(
    '@modelcontextprotocol/server-everything/package.json',
  );
  const child = fork(join(dirname(manifest), 'dist', 'index.js'), ['streamableHttp'], {
    execArgv: ['--import', preload()],
    env: { PATH: process.env['PATH'], PORT: String(options.port ?? 0) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  const collect = (text: Buffer): void => void (output = (output + text.toString()).slice(-16_384));
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const requests: McpEverythingRequest[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`server-everything: ended with ${code ?? 'a signal'}:\n${output}`)),
    );
    child.on('message', (message: McpEverythingReport) => {
      if ('listening' in message) resolve(message.listening);
      else requests.push(withHeaders(message));
    });
  });
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return { port, url: `http://127.0.0.1:${port}/mcp`, requests, close, [Symbol.asyncDispose]: close };
}

/** The compiled preload, also when this file runs from source under a test runner. */
function preload(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return join(here, '..', '..', 'dist', 'upstreams', 'mcp-everything-preload.js');
}

function withHeaders(request: Extract<McpEverythingReport, { method: string }>): McpEverythingRequest {
  return {
    method: request.method,
    url: request.url,
    rawHeaders: request.rawHeaders,
    header: (name) =>
      request.rawHeaders
        .filter((_, i) => i % 2 === 1 && request.rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase())
        .join(', '),
  };
}

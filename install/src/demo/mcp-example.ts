import { fork } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '@hiclaw/service-kit';
import type { McpExampleReport } from './loopback-preload.js';

/** The official example MCP server, on loopback. */
export interface McpExample extends AsyncDisposable {
  readonly port: number;
  /** The `authorization` header of each request it got. */
  readonly authorizations: readonly string[];
}

/** @throws GatewayError `DEMO_FAILED` when it ends before it listens */
export async function startMcpExample(environment: Readonly<Record<string, string>>): Promise<McpExample> {
  const manifest = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/package.json'));
  const child = fork(join(dirname(manifest), 'dist', 'index.js'), ['streamableHttp'], {
    execArgv: ['--import', new URL('./loopback-preload.js', import.meta.url).href],
    env: { ...environment, PORT: '0' },
    stdio: 'ignore',
    serialization: 'json',
  });
  const authorizations: string[] = [];
  const port = await new Promise<number>((settle, fail) => {
    child.on('message', (report: McpExampleReport) => {
      if ('port' in report) settle(report.port);
      else authorizations.push(report.authorization);
    });
    child.once('exit', (code) => {
      fail(
        new GatewayError(
          'DEMO_FAILED',
          `The example MCP server ended at its start (exit code ${code ?? '?'}).`,
        ),
      );
    });
  });
  return {
    port,
    authorizations,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

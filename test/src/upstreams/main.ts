/**
 * The pretend LLM provider and the example MCP server as one process, for `make demo`. Prints one line of JSON with
 * their addresses once both listen; ends on SIGTERM or SIGINT.
 *
 * Environment: `DEMO_PROVIDER_PORT`, `DEMO_MCP_PORT` (default: any free port), `DEMO_CREDENTIAL`: the only credential the
 * provider takes (default: any).
 */
import { startLlmProvider } from './llm-provider.js';
import { startMcpEverything } from './mcp-everything.js';

const { DEMO_PROVIDER_PORT: providerPort, DEMO_MCP_PORT: mcpPort, DEMO_CREDENTIAL: credential } = process.env;
const provider = await startLlmProvider({
  port: Number(providerPort ?? 0),
  ...(credential === undefined ? {} : { credential }),
});
const mcp = await startMcpEverything({ port: Number(mcpPort ?? 0) });
process.stdout.write(`${JSON.stringify({ provider: `${provider.origin}/v1`, mcp: mcp.url })}\n`);

const stop = (): void => {
  void Promise.all([provider.close(), mcp.close()]).then(() => process.exit(0));
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

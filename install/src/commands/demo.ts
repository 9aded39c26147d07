import { randomBytes } from 'node:crypto';
import { adminApi } from '../admin-api.js';
import { startMcpExample } from '../demo/mcp-example.js';
import { narratorOn } from '../demo/narrator.js';
import { startPretendProvider } from '../demo/pretend-provider.js';
import { registrarOf } from '../demo/registrar.js';
import { play } from '../demo/scenes.js';
import { rememberedSettings } from '../home.js';
import { apiUrl, gatewayUrl } from '../installation-plan.js';
import { paint } from '../progress.js';
import { minimalEnvironment, runSettings } from '../settings.js';
import type { CommandContext } from './context.js';
import { observe } from './observe.js';
import { up } from './up.js';

/** Ends the process on Ctrl-C only after what the demo made is removed. */
function onInterrupt(action: () => Promise<void>): () => void {
  const interrupted = (): void => {
    void action().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  return () => {
    process.removeListener('SIGINT', interrupted);
    process.removeListener('SIGTERM', interrupted);
  };
}

/**
 * Plays allow, deny and revoke against a pretend provider and the example MCP server, and removes all that it made.
 * Starts the installation when it does not run.
 *
 * @throws GatewayError `DEMO_FAILED` at the first thing that is not as it should be
 */
export async function demo(context: CommandContext): Promise<void> {
  const { paths, environment, terminal } = context;
  if (!(await observe(context)).healthy) await up(context);
  const settings = runSettings(environment, rememberedSettings(paths));
  const narrator = narratorOn(terminal);
  const registrar = registrarOf(adminApi(apiUrl(settings), paths), narrator);
  const random = randomBytes(3).toString('hex');
  const keys = { provider: `sk-real-llm-key-${random}`, mcp: `real-mcp-key-${random}` };
  const provider = await startPretendProvider(keys.provider);
  const release = onInterrupt(() => registrar.removeAll());
  try {
    const mcp = await startMcpExample(minimalEnvironment(environment));
    try {
      terminal.line(paint(terminal, 'bold', 'HiClaw demo: an agent that never holds a real key'));
      const gateways = Array.from({ length: settings.replicas }, (_, index) => gatewayUrl(settings, index));
      await play({ narrator, registrar, provider, mcp, gateways, name: `demo-${random}`, keys });
    } finally {
      await registrar.removeAll();
      await mcp[Symbol.asyncDispose]();
    }
  } finally {
    release();
    await provider[Symbol.asyncDispose]();
  }
  terminal.line('');
  terminal.line(
    paint(terminal, 'green', '✓ Everything behaved as promised. What the demo made is removed again.'),
  );
}

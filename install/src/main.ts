/** Commands that install and run HiClaw on this machine; the Makefile and bin/hiclaw call them. */
import { GatewayError } from '@hiclaw/service-kit';
import { Command } from 'commander';
import { type CommandContext, commandContext } from './commands/context.js';
import { demo } from './commands/demo.js';
import { down } from './commands/down.js';
import { showStatus } from './commands/status.js';
import { uninstall } from './commands/uninstall.js';
import { up } from './commands/up.js';

/** Runs a command; what it reports as a problem is shown without a stack. */
async function run(action: (context: CommandContext) => Promise<unknown>): Promise<void> {
  try {
    const code = await action(commandContext());
    process.exitCode = typeof code === 'number' ? code : 0;
  } catch (error) {
    const shown = error instanceof GatewayError ? error.message : error;
    console.error('✗', shown);
    if (error instanceof GatewayError && error.cause instanceof Error) {
      console.error(`  cause: ${error.cause.message}`);
    }
    process.exitCode = 1;
  }
}

// Whoever reads our output may stop reading ("hiclaw up | head"); the work goes on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const program = new Command('hiclaw')
  .description('Installs and runs HiClaw on this machine.')
  .showHelpAfterError();

program
  .command('up')
  .description('install what is missing, start everything in the background, wait until it is ready')
  .action(() => run(up));
program
  .command('down')
  .description('stop everything, keep the data')
  .action(() => run(down));
program
  .command('status')
  .description(
    'what runs, versions, policy version of each gateway; exit code 1: something is down, 3: all is',
  )
  .option('--json', 'for programs', false)
  .action((options: { readonly json: boolean }) => run((context) => showStatus(context, options)));
program
  .command('uninstall')
  .description('stop everything and remove the data, after asking (YES=1 does not ask)')
  .action(() => run(uninstall));
program
  .command('demo')
  .description('allow, deny and revoke against a pretend provider, step by step')
  .action(() => run(demo));

await program.parseAsync();

import { existsSync } from 'node:fs';
import { isOurHome } from '../home.js';
import { withLock } from '../lock.js';
import { stopEverything } from '../supervisor/control.js';
import type { CommandContext } from './context.js';

/** Ends everything and keeps the data. Harmless when nothing runs. */
export async function down({ paths, terminal }: CommandContext): Promise<void> {
  if (!existsSync(paths.home) || !isOurHome(paths)) {
    terminal.line(`There is no installation in ${paths.home}; nothing to stop.`);
    return;
  }
  const ended = await withLock(paths.lock, () => {
    terminal.working('… letting running requests end, then stopping');
    return stopEverything(paths);
  });
  terminal.line(
    ended === 0
      ? `Nothing was running. The data is in ${paths.home}.`
      : `✓ stopped. The data stays in ${paths.home}.`,
  );
}

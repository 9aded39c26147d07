import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { GatewayError } from '@hiclaw/service-kit';
import { homeEntries, isOurHome } from '../home.js';
import { withLock } from '../lock.js';
import { cacheFolder } from '../settings.js';
import { stopEverything } from '../supervisor/control.js';
import type { CommandContext } from './context.js';

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new GatewayError(
      'NOT_CONFIRMED',
      'There is no terminal to ask on; set YES=1 to remove without asking.',
    );
  }
  const dialogue = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await dialogue.question(question)).trim());
  } finally {
    dialogue.close();
  }
}

/**
 * Stops everything and removes the home, after asking unless `YES=1`. Files in it that HiClaw did not make stay.
 *
 * @throws GatewayError `HOME_NOT_OURS` for a folder that is no installation, `NOT_CONFIRMED`
 */
export async function uninstall({ paths, environment, terminal }: CommandContext): Promise<void> {
  const { home } = paths;
  if (!existsSync(home)) {
    terminal.line(`There is no installation in ${home}; nothing to remove.`);
    return;
  }
  if (!isOurHome(paths)) {
    throw new GatewayError(
      'HOME_NOT_OURS',
      `${home} is not a HiClaw installation (it has no installation.json of ours); nothing was removed.`,
    );
  }
  if (environment['YES'] !== '1') {
    const question = `This stops HiClaw and removes policies, credentials, tokens, audit records and logs in ${home} for good. Continue? [y/N] `;
    if (!(await isConfirmed(question))) throw new GatewayError('NOT_CONFIRMED', 'Nothing was removed.');
  }
  await withLock(paths.lock, async () => {
    terminal.working('… stopping');
    await stopEverything(paths);
    // The marker goes last: a removal that is interrupted can be run again.
    const names = homeEntries(paths).own.filter(
      (name) => join(home, name) !== paths.marker && join(home, name) !== paths.lock,
    );
    for (const name of [...names, 'installation.json'])
      rmSync(join(home, name), { recursive: true, force: true });
  });
  const { foreign } = homeEntries(paths);
  if (readdirSync(home).length === 0) rmdirSync(home);
  terminal.line(
    foreign.length === 0
      ? `✓ ${home} is removed.`
      : `✓ removed, but for what is not HiClaw's in ${home}: ${foreign.join(', ')}`,
  );
  terminal.line(`Downloaded parts stay in ${cacheFolder(environment)}, for other clones too.`);
}

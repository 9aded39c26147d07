/**
 * The supervisor as a process: `node main.js <home>`. Signals: SIGHUP reads the plan again, SIGTERM ends everything,
 * SIGUSR2 ends the supervisor alone and leaves the processes to the next one.
 */
import { existsSync, rmSync, writeSync } from 'node:fs';
import { createLogger, systemClock, writePrivateFile } from '@hiclaw/service-kit';
import { homePaths } from '../home.js';
import { isRunning, processRef } from './process-ref.js';
import { readStatus } from './status-file.js';
import { Supervisor } from './supervisor.js';

/** A full disk must not end the supervisor. */
function writeLine(line: string): void {
  try {
    writeSync(1, line);
  } catch {
    // there is nowhere to tell it
  }
}

const home = process.argv[2] ?? '';
const paths = homePaths(home);
const log = createLogger({ name: 'supervisor', destination: { write: writeLine } });

if (home === '' || !existsSync(paths.plan)) {
  log.fatal({ home }, 'there is no plan in this home; start the supervisor by "make up"');
  process.exit(1);
}
const self = processRef(process.pid) ?? { pid: process.pid, started: '' };
const before = readStatus(paths.status);
if (before !== null && before.supervisor.pid !== process.pid && isRunning(before.supervisor)) {
  log.fatal({ pid: before.supervisor.pid }, 'another supervisor runs this home');
  process.exit(1);
}

// A signal that comes early must neither kill the supervisor nor be forgotten.
const signals: { current: (name: NodeJS.Signals) => void; readonly early: NodeJS.Signals[] } = {
  current: (name) => {
    signals.early.push(name);
  },
  early: [],
};
for (const name of ['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR2'] as const) {
  process.on(name, () => {
    signals.current(name);
  });
}

writePrivateFile(paths.supervisorPid, `${process.pid}\n`);
const supervisor = await Supervisor.start({ paths, self, clock: systemClock, log });
log.info({ home }, 'supervisor started');

signals.current = (name) => {
  if (name === 'SIGHUP') {
    log.info('plan is read again');
    supervisor.reload();
    return;
  }
  if (name === 'SIGUSR2') {
    log.info('supervisor ends and leaves its processes to the next one');
    process.exit(0);
  }
  log.info({ signal: name }, 'everything is ended');
  void supervisor.stop().then(() => {
    rmSync(paths.supervisorPid, { force: true });
    log.info('supervisor ends');
    process.exit(0);
  });
};
for (const name of signals.early) signals.current(name);

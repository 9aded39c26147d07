import { type Clock, systemClock } from '@hiclaw/service-kit';
import { type HomePaths, homePaths } from '../home.js';
import { type Terminal, terminalOf } from '../progress.js';
import { REPOSITORY } from '../repository.js';
import { type Environment, homeFolder, processEnvironment } from '../settings.js';

/** What every command works with. */
export interface CommandContext {
  readonly environment: Environment;
  readonly repository: string;
  readonly paths: HomePaths;
  readonly terminal: Terminal;
  readonly clock: Clock;
}

/** @throws GatewayError `HOME_PATH_LONG` */
export function commandContext(environment: Environment = processEnvironment()): CommandContext {
  return {
    environment,
    repository: REPOSITORY,
    paths: homePaths(homeFolder(environment, REPOSITORY)),
    terminal: terminalOf(process.stdout, (environment['NO_COLOR'] ?? '') !== ''),
    clock: systemClock,
  };
}

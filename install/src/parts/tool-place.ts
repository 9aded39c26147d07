import { type Terminal, terminalOf } from '../progress.js';
import { cacheFolder, type Environment, processEnvironment } from '../settings.js';

/** What the finders of tools look at; each default is the real thing. */
export interface FindToolOptions {
  readonly environment?: Environment;
  readonly terminal?: Terminal;
}

/** The same with every default filled in. */
export interface ToolPlace {
  readonly environment: Environment;
  readonly cache: string;
  readonly terminal: Terminal;
}

export function placeOf(options: FindToolOptions): ToolPlace {
  const environment = options.environment ?? processEnvironment();
  return {
    environment,
    cache: cacheFolder(environment),
    terminal: options.terminal ?? terminalOf(process.stderr, true),
  };
}

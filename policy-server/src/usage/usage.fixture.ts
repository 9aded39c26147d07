import { join } from 'node:path';
import { appendFileSync } from 'node:fs';
import type { Provider } from '@hiclaw/resources';
import { createLogger, type Logger } from '@hiclaw/service-kit';
import { resource, silentLog, temporaryDirectory, TestClock } from '../store/store.fixture.js';
import { Usage } from './usage.js';

export const SETTINGS = { callDays: 7, minuteDays: 2, hourDays: 60, dayDays: 1096, journalBytes: 65_536 };

/** Usage in a folder of its own, with a clock that stands still. */
export class TestUsage implements AsyncDisposable {
  readonly clock = new TestClock();
  readonly journals: string;
  readonly home: string;
  providers: ReadonlyMap<string, Provider> = new Map();
  usage: Usage;
  readonly #remove: () => void;
  readonly #log: Logger;

  constructor(log: Logger = silentLog) {
    const directory = temporaryDirectory();
    this.#remove = () => directory.remove();
    this.#log = log;
    this.home = directory.path;
    this.journals = join(directory.path, 'usage');
    this.usage = this.#open();
  }

  #open(): Usage {
    return new Usage({
      database: join(this.home, 'usage.db'),
      journals: this.journals,
      settings: SETTINGS,
      providers: () => this.providers,
      clock: this.clock,
      log: this.#log,
    });
  }

  journal(node = 'gateway-0'): string {
    return join(this.journals, `${node}.jsonl`);
  }

  append(text: string | Buffer, node?: string): void {
    appendFileSync(this.journal(node), text);
  }

  /** Reads everything that the journals hold, and closes: as a process does that is stopped. */
  async readAll(): Promise<void> {
    this.usage.start(() => null);
    await this.restart();
  }

  async restart(): Promise<void> {
    await this.usage.stop();
    this.usage = this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.usage.stop();
    this.#remove();
  }
}

/** A log whose lines are kept. */
export function keptLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const log = createLogger({
    name: 'test',
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  return { log, lines };
}

/** A provider with these prices. */
export function pricedProvider(name: string, prices: readonly object[]): Provider {
  const spec = { baseUrl: 'https://api.example.com/v1', prices };
  return resource('Provider', name, spec) as unknown as Provider;
}

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from '../lock.js';
import type { Terminal } from '../progress.js';

/** A program that others made, at one version, kept in the cache folder that all clones share. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** What `install` puts there, relative to the folder; the part is complete when it is there. */
  readonly entry: string;
  /** Rough size for the progress line, such as `102 MB`. */
  readonly size: string;
  /** Fills the empty folder `into`. */
  install(into: string): Promise<void>;
}

/** What `ensurePart` needs from outside. */
export interface PartContext {
  readonly cache: string;
  readonly terminal: Terminal;
}

/** Folder of a part: equal name and version, equal folder. */
export function partFolder(cache: string, part: Pick<Part, 'name' | 'version'>): string {
  return join(cache, `${part.name}-${part.version}`);
}

/**
 * The path of a part's entry, installed first when missing. Several processes may ask at once: one installs, the
 * others wait. A folder appears under its name only when it is whole, so a crash leaves nothing half done.
 *
 * @throws whatever the part's `install` throws
 */
export async function ensurePart(part: Part, { cache, terminal }: PartContext): Promise<string> {
  const folder = partFolder(cache, part);
  const entry = join(folder, part.entry);
  if (existsSync(entry)) return entry;
  mkdirSync(cache, { recursive: true });
  const title = `${part.name} ${part.version}`;
  await withLock(
    `${folder}.lock`,
    async () => {
      if (existsSync(entry)) return;
      terminal.working(`… installing ${title} (${part.size}) into ${cache}`);
      const started = performance.now();
      const temporary = `${folder}.${randomUUID()}.partial`;
      mkdirSync(temporary);
      try {
        await part.install(temporary);
        // A folder without its entry is what somebody left of an older install.
        rmSync(folder, { recursive: true, force: true });
        renameSync(temporary, folder);
      } finally {
        rmSync(temporary, { recursive: true, force: true });
      }
      terminal.line(
        `✓ ${title} installed in ${((performance.now() - started) / 1000).toFixed(1)} s: ${folder}`,
      );
    },
    {
      onWait: (holder) => {
        terminal.working(`… waiting for process ${holder}, which installs ${title}`);
      },
    },
  );
  return entry;
}

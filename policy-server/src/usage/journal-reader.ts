import { watch } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, Logger } from '@hiclaw/service-kit';
import { JournalFile } from './journal-file.js';
import { decodeLines, type DecodedLines } from './journal-lines.js';
import type { JournalPosition } from './ledger.js';
import type { UsageRecord } from './record.js';
import { type JournalName, journalName, parseJournalName } from './rotation.js';
import { Wakeup } from './wakeup.js';

/** What a journal reader works with. */
export interface JournalReaderOptions {
  /** Folder of the journals, which gateways write and nobody else. */
  readonly folder: string;
  /** Stores records together with the position; must throw when it did not. */
  readonly ingest: (node: string, records: readonly UsageRecord[], journal: JournalPosition) => void;
  /** Position up to which a journal was ingested; 0: not at all. */
  readonly positionOf: (journal: Pick<JournalPosition, 'inode' | 'head'>) => number;
  /** Forgets the positions of all other journals. */
  readonly keepJournals: (journals: readonly Pick<JournalPosition, 'inode' | 'head'>[]) => void;
  /** Makes all that was ingested survive a loss of power. */
  readonly makeDurable: () => void;
  /** What has a gateway open its journal anew by its path; null: it is not known how to reach it. */
  readonly reopenerOf: (node: string) => (() => Promise<void>) | null;
  /** A journal with more bytes than this is rotated. */
  readonly rotateBytes: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A change is followed by others: reading waits so long for more of them. */
const COALESCE_MS = 20;
/** How often the folder is looked at when nothing tells of changes. */
const POLL_MS = 2000;
const BLIND_POLL_MS = 100;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 15_000;

/** What is known of a file from the last look at it. */
interface Seen {
  readonly inode: string;
  readonly size: number;
  readonly changedNs: bigint;
  readonly head: Buffer | null;
}

/**
 * Reads the journals of all gateways to their ends, over and over: each whole line once, whatever is interrupted.
 * Positions belong to contents, not to names, so that renaming, copying and truncating a journal are all the same to it.
 */
export class JournalReader {
  readonly #options: JournalReaderOptions;
  readonly #wakeup = new Wakeup();
  readonly #seen = new Map<string, Seen>();
  /** Journals of which the rest of a line is skipped that is too long. */
  readonly #skipping = new Set<string>();
  readonly #drainedAtMs = new Map<string, number>();
  /** When a gateway may be asked again to open its journal anew, and after how long then the next time. */
  readonly #reopening = new Map<string, { readonly notBeforeMs: number; readonly delayMs: number }>();
  #loop: Promise<void> | null = null;
  #stopped = false;
  #retryMs = 0;
  #unreadSinceMs: number | null = null;
  #malformed = 0;
  /** Whether positions are forgotten of what went while nobody looked. */
  #isCleared = false;

  constructor(options: JournalReaderOptions) {
    this.#options = options;
  }

  /** Lines that hold no record. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Seconds since it last was at the end of all journals; 0: it is. */
  get lagSeconds(): number {
    return this.#unreadSinceMs === null ? 0 : (this.#options.clock.nowMs() - this.#unreadSinceMs) / 1000;
  }

  /** See `UsageConsumption.drainedAt`. */
  drainedAt(node: string): number | null {
    return this.#drainedAtMs.get(node) ?? null;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Reads what is there, as far as it can, and ends. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wakeup.end();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const watching = this.#watch();
    try {
      while (!this.#stopped) {
        await this.#pass();
        if (this.#retryMs > 0) await this.#wakeup.sleep(this.#retryMs);
        else await this.#wakeup.wait(watching === null ? BLIND_POLL_MS : POLL_MS, COALESCE_MS);
      }
      await this.#pass();
    } finally {
      watching?.close();
    }
  }

  #watch(): { close(): void } | null {
    try {
      const watcher = watch(this.#options.folder, { persistent: false }, () => this.#wakeup.wake());
      watcher.on('error', (error) => {
        this.#options.log.warn({ err: error }, 'the folder of usage journals is not watched any more');
      });
      return watcher;
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the folder of usage journals cannot be watched; it is polled');
      return null;
    }
  }

  async #pass(): Promise<void> {
    const startMs = this.#options.clock.nowMs();
    this.#unreadSinceMs ??= startMs;
    const failure = await this.#readAll(startMs);
    if (failure === null) {
      if (this.#retryMs > 0) this.#options.log.info('usage journals are read and stored again');
      this.#retryMs = 0;
      this.#unreadSinceMs = null;
      return;
    }
    if (this.#retryMs === 0) {
      this.#options.log.error({ err: failure.error }, 'a usage journal cannot be read or stored; it waits');
    }
    this.#retryMs = Math.min(Math.max(2 * this.#retryMs, FIRST_RETRY_MS), LAST_RETRY_MS);
  }

  /** Reads what there is. One gateway's journals that cannot be read do not keep others from it. */
  async #readAll(startMs: number): Promise<{ readonly error: unknown } | null> {
    let failure: { readonly error: unknown } | null = null;
    try {
      const journals = await this.#list();
      for (const node of new Set(journals.map((journal) => journal.node))) {
        try {
          await this.#readNode(
            node,
            journals.filter((journal) => journal.node === node),
            startMs,
          );
        } catch (error) {
          failure = { error };
        }
      }
      if (failure === null) this.#forget(journals);
    } catch (error) {
      failure = { error };
    }
    return failure;
  }

  async #readNode(node: string, journals: readonly JournalName[], startMs: number): Promise<void> {
    for (const journal of journals) await this.#read(journal);
    this.#drainedAtMs.set(node, startMs);
    await this.#rotate(node, journals);
  }

  /** All journals, those of a gateway from the oldest to the one that it writes. */
  async #list(): Promise<readonly JournalName[]> {
    const names = await readdir(this.#options.folder);
    const age = ({ rotation }: JournalName): number => rotation ?? Number.POSITIVE_INFINITY;
    return names
      .map(parseJournalName)
      .filter((journal) => journal !== null)
      .sort((a, b) => (a.node === b.node ? age(a) - age(b) : a.node < b.node ? -1 : 1));
  }

  /** Forgets what was known of files that are gone. */
  #forget(journals: readonly JournalName[]): void {
    const names = new Set(journals.map(({ name }) => name));
    const gone = [...this.#seen.keys()].filter((name) => !names.has(name));
    for (const name of gone) this.#seen.delete(name);
    const kept = [...this.#seen.values()].flatMap(({ inode, head }) =>
      head === null ? [] : [{ inode, head }],
    );
    if (gone.length > 0 || !this.#isCleared) this.#options.keepJournals(kept);
    this.#isCleared = true;
  }

  /** Reads one journal to its end. */
  async #read(journal: JournalName): Promise<void> {
    await using file = await JournalFile.open(join(this.#options.folder, journal.name));
    if (file === null) return;
    const before = this.#seen.get(journal.name);
    if (before?.inode === file.inode && before.size === file.size && before.changedNs === file.changedNs)
      return;
    const head = await file.head();
    if (head !== null) await this.#readFrom(journal, file, head);
    const { inode, size, changedNs } = file;
    this.#seen.set(journal.name, { inode, size, changedNs, head });
  }

  async #readFrom(journal: JournalName, file: JournalFile, head: Buffer): Promise<void> {
    const { inode } = file;
    const { name, node } = journal;
    const key = `${inode} ${head.toString('hex')}`;
    let position = this.#options.positionOf({ inode, head });
    if (position > file.size) {
      // Somebody cut it. What is read twice is stored once.
      this.#options.log.warn(
        { journal: name, node },
        'a usage journal lost its end; it is read from its start',
      );
      position = 0;
    }
    for (;;) {
      const { bytes, overlong } = await file.chunk(position);
      if (bytes.length === 0) return;
      let skipped = 0;
      if (this.#skipping.has(key)) {
        skipped = overlong ? bytes.length : bytes.indexOf('\n') + 1;
        if (!overlong) this.#skipping.delete(key);
      } else if (overlong) {
        this.#skipping.add(key);
        this.#report(journal, ['line is too long']);
        skipped = bytes.length;
      }
      const { records, problems } = decodeLines(bytes.subarray(skipped));
      position += bytes.length;
      this.#options.ingest(node, records, { inode, head, position, name });
      this.#report(journal, problems);
      await turn();
    }
  }

  #report({ name, node }: JournalName, problems: DecodedLines['problems']): void {
    if (problems.length === 0) return;
    this.#malformed += problems.length;
    const facts = { journal: name, node, lines: problems.length, problem: problems[0] };
    this.#options.log.warn(facts, 'lines of a usage journal are no records; they are skipped');
  }

  /**
   * One step of a rotation, as far as it goes now: (1) the large journal gets another name, (2) the gateway opens the
   * path anew, which makes a new file, (3) the old one, which nobody writes to any more, is read to its end and deleted.
   * Each step is seen from the files alone, so it goes on wherever it was interrupted.
   */
  async #rotate(node: string, journals: readonly JournalName[]): Promise<void> {
    const current = journals.find(({ rotation }) => rotation === null);
    const rotated = journals.filter(({ rotation }) => rotation !== null);
    if (current === undefined) {
      await this.#reopen(node);
      return;
    }
    this.#reopening.delete(node);
    for (const journal of rotated) await this.#finish(journal);
    const size = this.#seen.get(current.name)?.size ?? 0;
    if (rotated.length > 0 || size <= this.#options.rotateBytes) return;
    if (this.#options.reopenerOf(node) === null) return;
    const { folder, clock } = this.#options;
    await rename(join(folder, current.name), join(folder, journalName(node, clock.nowMs())));
    await this.#reopen(node);
  }

  async #reopen(node: string): Promise<void> {
    const { clock, log } = this.#options;
    const last = this.#reopening.get(node);
    if (last !== undefined && clock.nowMs() < last.notBeforeMs) return;
    const delayMs = Math.min(Math.max(2 * (last?.delayMs ?? 0), FIRST_RETRY_MS), LAST_RETRY_MS);
    this.#reopening.set(node, { notBeforeMs: clock.nowMs() + delayMs, delayMs });
    try {
      await this.#options.reopenerOf(node)?.();
    } catch (error) {
      // It may be down; a new one opens the path by itself.
      if (last === undefined)
        log.warn({ node, err: error }, 'a gateway cannot be asked to open its journal anew');
    }
  }

  /** The gateway writes a new file: what the old one holds now is all it will ever hold. */
  async #finish(journal: JournalName): Promise<void> {
    const path = join(this.#options.folder, journal.name);
    await using file = await JournalFile.open(path);
    if (file === null) return;
    const head = await file.head();
    if (head !== null) {
      await this.#readFrom(journal, file, head);
      const { inode } = file;
      const position = this.#options.positionOf({ inode, head });
      await this.#ingestRest(journal, file, { inode, head, position, name: journal.name });
      this.#skipping.delete(`${inode} ${head.toString('hex')}`);
    } else if (file.size > 0) {
      this.#report(journal, ['line has no end']);
    }
    this.#options.makeDurable();
    await unlink(path);
  }

  /** What is left is half a line, or a whole one without its end. */
  async #ingestRest(journal: JournalName, file: JournalFile, at: JournalPosition): Promise<void> {
    const rest = await file.rest(at.position);
    if (rest.length === 0) return;
    const { records, problems } = decodeLines(rest);
    this.#options.ingest(journal.node, records, { ...at, position: at.position + rest.length });
    this.#report(journal, problems);
  }
}

import { closeSync, copyFileSync, existsSync, openSync, renameSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog, temporaryDirectory, TestClock } from '../store/store.fixture.js';
import { openUsageDatabase } from './database.js';
import { GRANULARITIES, TABLES } from './granularity.js';
import { journalLine } from './journal.fixture.js';
import { JournalReader } from './journal-reader.js';
import { UsageLedger } from './ledger.js';
import { decodeLine, type UsageRecord } from './record.js';

const NODES = ['gateway-0', 'gateway-1'];
const CONSUMERS = ['worker-alice', 'worker-bob'];
const MODELS = ['a', 'b', 'c'];

const call = fc.record({
  node: fc.constantFrom(...NODES),
  consumer: fc.constantFrom(...CONSUMERS),
  model: fc.constantFrom(...MODELS),
  minute: fc.integer({ min: 0, max: 3 * 1440 }),
  input: fc.integer({ min: 0, max: 1000 }),
  output: fc.integer({ min: 0, max: 1000 }),
  estimated: fc.boolean(),
  outcome: fc.constantFrom('completed', 'aborted', 'failed', 'cut'),
});

const node = fc.constantFrom(...NODES);

/** What can happen to a pipeline. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('call' as const), call }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat' as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('garbage' as const), node }) },
  // The gateway dies while it writes; the next one goes on in the same file.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tear' as const), node, call, at: fc.nat(300) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rename' as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('copy-truncate' as const), node }) },
  // The policy server runs until its n-th commit, and dies before it or after it.
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      failAt: fc.option(fc.nat(3)),
      after: fc.boolean(),
      reachable: fc.boolean(),
      restart: fc.boolean(),
    }),
  },
);

interface ReadStep {
  readonly failAt: number | null;
  readonly after: boolean;
  /** Whether gateways can be asked to open their journals anew. */
  readonly reachable: boolean;
}

/** The files as gateways treat them, and a reader that is started anew for each reading. */
class World {
  readonly #directory = temporaryDirectory();
  readonly #clock = new TestClock();
  /** Calls that were written, by id. */
  readonly written = new Map<string, UsageRecord>();
  readonly #lines = new Map<string, string[]>(NODES.map((one) => [one, []]));
  /** The file that a gateway holds open, under whatever name it is now. */
  readonly #open = new Map<string, number>();
  #rotations = 0;
  database: Database;

  constructor() {
    for (const one of NODES) this.reopen(one);
    this.database = openUsageDatabase(join(this.#directory.path, 'usage.db'), 'x');
  }

  #path(name: string): string {
    return join(this.#directory.path, name);
  }

  #append(one: string, text: string): void {
    writeSync(this.#open.get(one) ?? -1, text);
  }

  #line({
    consumer,
    model,
    minute,
    input,
    output,
    estimated,
    outcome,
  }: typeof call extends fc.Arbitrary<infer T> ? T : never): string {
    const start = new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString();
    const usage = { model, input, output, estimated, outcome, cachedInput: 0, cacheWrite: 0, reasoning: 0 };
    return journalLine({ consumer, start, upstream: 'providers/openai a:443', usage });
  }

  #write(one: string, line: string, lead = ''): void {
    const decoded = decodeLine(line);
    if ('problem' in decoded) throw new Error(decoded.problem);
    this.written.set(decoded.record.id.toString('hex'), decoded.record);
    this.#lines.get(one)?.push(line);
    this.#append(one, `${lead}${line}\n`);
  }

  async run(what: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    switch (what.do) {
      case 'call':
        this.#write(what.call.node, this.#line(what.call));
        return;
      case 'tear': {
        const torn = this.#line(what.call).slice(0, what.at);
        this.#write(what.node, this.#line({ ...what.call, node: what.node }), torn);
        return;
      }
      case 'repeat':
        for (const line of this.#lines.get(what.node) ?? []) this.#append(what.node, `${line}\n`);
        return;
      case 'garbage':
        this.#append(what.node, '\n\u0000 {"\n');
        return;
      case 'rename': {
        const current = `${what.node}.jsonl`;
        if (!existsSync(this.#path(current))) return;
        renameSync(this.#path(current), this.#path(`${current}.${++this.#rotations}`));
        return;
      }
      case 'reopen':
        this.reopen(what.node);
        return;
      case 'copy-truncate': {
        const current = this.#path(`${what.node}.jsonl`);
        if (!existsSync(current)) return;
        copyFileSync(current, `${current}.${++this.#rotations}`);
        truncateSync(current);
        return;
      }
      case 'read':
        await this.read(what);
        if (what.restart) this.restart();
    }
  }

  /** As Envoy does: it closes the old file before it opens the path. */
  reopen(one: string): void {
    const before = this.#open.get(one);
    if (before !== undefined) closeSync(before);
    this.#open.set(one, openSync(this.#path(`${one}.jsonl`), 'a'));
  }

  restart(): void {
    this.database.close();
    this.database = openUsageDatabase(join(this.#directory.path, 'usage.db'), 'x');
  }

  async read({ failAt, after, reachable }: ReadStep): Promise<void> {
    const ledger = new UsageLedger(this.database, (record) => BigInt(record.input) * 3n);
    let commits = 0;
    let dead = false;
    const crash = (): void => {
      dead = true;
      throw new Error('crash');
    };
    const reader = new JournalReader({
      folder: this.#directory.path,
      rotateBytes: 2000,
      reopenerOf: (one) => () => {
        if (!reachable) return Promise.reject(new Error('the gateway is not there'));
        this.reopen(one);
        return Promise.resolve();
      },
      positionOf: (journal) => ledger.positionOf(journal),
      keepJournals: (journals) => ledger.keepJournals(journals),
      makeDurable: () => {
        if (dead) throw new Error('crash');
        ledger.makeDurable();
      },
      ingest: (one, records, journal) => {
        if (dead || (commits === failAt && !after)) crash();
        ledger.ingest(one, records, journal);
        if (commits++ === failAt) crash();
      },
      clock: this.#clock,
      log: silentLog,
    });
    this.#clock.advance(1000);
    reader.start();
    await reader.stop();
  }

  sums(table: string): unknown {
    return this.database
      .prepare(
        `SELECT s.consumer, s.model, sum(requests) AS requests, sum(completed) AS completed, sum(aborted) AS aborted,
                sum(failed) AS failed, sum(cut) AS cut, sum(input) AS input, sum(output) AS output,
                sum(estimated) AS estimated, sum(cost) AS cost
           FROM ${table} t JOIN series s ON s.id = t.series GROUP BY s.consumer, s.model ORDER BY 1, 2`,
      )
      .all();
  }

  expected(): unknown {
    const groups = new Map<string, Record<string, number | string>>();
    for (const record of this.written.values()) {
      const { consumer, model } = record;
      const key = `${consumer} ${model}`;
      const group = groups.get(key) ?? {
        consumer,
        model,
        ...{
          requests: 0,
          completed: 0,
          aborted: 0,
          failed: 0,
          cut: 0,
          input: 0,
          output: 0,
          estimated: 0,
          cost: 0,
        },
      };
      const add = (field: string, value: number): void => {
        group[field] = (group[field] as number) + value;
      };
      add('requests', 1);
      add(record.outcome, 1);
      add('input', record.input);
      add('output', record.output);
      add('estimated', record.estimated ? 1 : 0);
      add('cost', record.input * 3);
      groups.set(key, group);
    }
    return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  }

  remove(): void {
    for (const descriptor of this.#open.values()) closeSync(descriptor);
    this.database.close();
    this.#directory.remove();
  }
}

describe('usage', () => {
  it('counts each call once, however journals are interrupted, repeated, renamed and cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const world = new World();
        try {
          for (const one of steps) await world.run(one);
          for (const one of NODES) world.reopen(one);
          await world.read({ failAt: null, after: false, reachable: true });
          for (const granularity of GRANULARITIES) {
            expect(world.sums(TABLES[granularity])).toEqual(world.expected());
          }
          const { n } = world.database.prepare('SELECT count(*) AS n FROM calls').get() as { n: number };
          expect(n).toBe(world.written.size);
        } finally {
          world.remove();
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

import type { KeyAuthLimit } from '@hiclaw/policy-image';
import type { Clock, Logger } from '@hiclaw/service-kit';
import { Boots } from './boots.js';
import { settleDeadLeases, type UsageRecords } from './dead-leases.js';
import type { LeaseAnswer, Recall, Speaker } from './lease-wire.js';
import type { LeaseStore } from './lease-store.js';
import { type AccountKey, type Claim, Ledger } from './ledger.js';
import { windowOf } from './meters.js';
import { RecallPolls } from './recall-polls.js';

export interface LimitsOptions {
  readonly store: LeaseStore;
  /** Limits of a consumer as of now; empty: none, or no such consumer. */
  readonly limitsOf: (consumer: string) => readonly KeyAuthLimit[];
  /** Gateways that are connected. */
  readonly replicas: () => number;
  readonly records: UsageRecords;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a consumer may still spend on one meter, in its unit: requests, tokens or pico-USD (1e-12 USD). */
export interface LimitState {
  readonly meter: KeyAuthLimit['meter'];
  readonly cap: bigint;
  /** Spent, or reserved for calls that run. */
  readonly used: bigint;
  /** Held by gateways and not used yet. */
  readonly reserved: bigint;
  readonly remaining: bigint;
  /** When the window ends, milliseconds since the Unix epoch. */
  readonly resetsAtMs: number;
}

/** What happened since the process began, for metrics. */
export interface LimitCounters {
  /** Claims that gateways got all they needed for. */
  granted: number;
  /** Claims that they did not. */
  refused: number;
  /** Gateways that were asked to give back what they do not use. */
  recalls: number;
  /** Answers to gateways, and the seconds they took in all. */
  answers: number;
  answerSeconds: number;
}

/** How long a gateway may take to give back; the one that waits for it gives up after a second. */
const RECALL_MS = 300;
/** A gateway that spoke more recently than this has nothing new to give. */
const FRESH_MS = 20;
const PRUNE_MS = 60_000;

/**
 * Gives gateways leases on what consumers may spend. An answer leaves only after its leases are on disk; all claims of
 * one turn of the event loop are kept by one commit.
 */
export class Limits {
  readonly #options: LimitsOptions;
  readonly #ledger = new Ledger();
  readonly #boots = new Boots();
  readonly polls = new RecallPolls();
  readonly counters: LimitCounters = { granted: 0, refused: 0, recalls: 0, answers: 0, answerSeconds: 0 };
  /** Called after each claim. */
  readonly #listeners = new Set<(boot: string, key: AccountKey) => void>();
  #commit: Promise<void> | null = null;
  #prunedAtMs = 0;

  constructor(options: LimitsOptions) {
    this.#options = options;
    const nowMs = options.clock.nowMs();
    options.store.prune(nowMs);
    for (const { key, windowEndMs, lease } of options.store.read())
      this.#ledger.restore(key, windowEndMs, lease);
    this.#ledger.takeChanges();
  }

  /**
   * What gateways claim, decided and kept. An account that the consumer has no limit for is left out.
   *
   * @returns null for a process that another one of the same gateway has followed
   * @throws when the leases cannot be kept
   */
  async claim(speaker: Speaker, claims: readonly Claim[]): Promise<readonly LeaseAnswer[] | null> {
    const startMs = performance.now();
    if (!this.#hear(speaker)) return null;
    const answers = await Promise.all(claims.map((claim) => this.#answer(speaker, claim)));
    await this.#kept();
    this.counters.answers++;
    this.counters.answerSeconds += (performance.now() - startMs) / 1000;
    return answers.filter((answer) => answer !== null);
  }

  /** A VM waits until something is asked of its process. False: the process is gone. */
  waitForRecalls(speaker: Speaker, answer: (recalls: readonly Recall[]) => void): boolean {
    if (!this.#hear(speaker)) return false;
    this.polls.wait(speaker, this.#options.clock.nowMs(), answer);
    return true;
  }

  /** A consumer's limits and how much of each is spent, as its gateways say within a moment. */
  async state(consumer: string): Promise<readonly LimitState[]> {
    const limits = this.#options.limitsOf(consumer);
    await Promise.all(limits.map(({ meter }) => this.#ask({ consumer, meter }, 'say', null)));
    const nowMs = this.#options.clock.nowMs();
    return limits.map(({ meter, cap }) => {
      const resetsAtMs = windowOf(meter, nowMs).endMs;
      this.#settleDead({ consumer, meter }, resetsAtMs);
      let used = 0n;
      let held = 0n;
      for (const lease of this.#ledger.leases({ consumer, meter }, resetsAtMs)) {
        used += lease.used;
        held += lease.allowance;
      }
      const remaining = cap > held ? cap - held : 0n;
      return { meter, cap, used, reserved: held - used, remaining, resetsAtMs };
    });
  }

  /** To be called for consumers that changed: gateways give back what they hold beyond a cap that was lowered. */
  recallExcess(consumers: Iterable<string>): void {
    const nowMs = this.#options.clock.nowMs();
    for (const consumer of consumers) {
      for (const { meter, cap } of this.#options.limitsOf(consumer)) {
        const key = { consumer, meter };
        const leases = this.#ledger.leases(key, windowOf(meter, nowMs).endMs);
        if (leases.reduce((sum, { allowance }) => sum + allowance, 0n) > cap)
          void this.#ask(key, 'give', null);
      }
    }
  }

  /** Ends what waits. */
  close(): void {
    this.polls.endAll();
  }

  async #answer(speaker: Speaker, claim: Claim): Promise<LeaseAnswer | null> {
    const first = this.#decide(speaker, claim);
    if (first === null) return null;
    let last = first;
    if (claim.need > 0n && !first.decision.complete) {
      this.#settleDead(claim, first.decision.windowEndMs);
      await this.#ask(claim, 'give', speaker.boot);
      // It says again what it said: should it have spoken otherwise meanwhile, that was under another generation.
      last = this.#decide(speaker, claim) ?? first;
    }
    if (claim.need > 0n) this.counters[last.decision.satisfied ? 'granted' : 'refused']++;
    return last;
  }

  #decide(speaker: Speaker, claim: Claim): LeaseAnswer | null {
    const { consumer, meter } = claim;
    const limit = this.#options.limitsOf(consumer).find((one) => one.meter === meter);
    if (limit === undefined) return null;
    const nowMs = this.#options.clock.nowMs();
    const windowEndMs = windowOf(meter, nowMs).endMs;
    const replicas = Math.max(1, this.#options.replicas());
    const decision = this.#ledger.claim(speaker, claim, { nowMs, windowEndMs, cap: limit.cap, replicas });
    for (const listener of [...this.#listeners]) listener(speaker.boot, claim);
    return { consumer, meter, decision, cap: limit.cap };
  }

  /** Asks all other processes about an account; resolves once they have spoken or had time to. */
  #ask(key: AccountKey, wish: Recall['wish'], except: string | null): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    const windowEndMs = windowOf(key.meter, nowMs).endMs;
    const open = new Set<string>();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#listeners.delete(heard);
        resolve();
      };
      const heard = (boot: string, { consumer, meter }: AccountKey): void => {
        if (consumer === key.consumer && meter === key.meter && open.delete(boot) && open.size === 0) end();
      };
      const timer = setTimeout(end, RECALL_MS);
      this.#listeners.add(heard);
      for (const { boot, allowance, used, reportedAtMs } of this.#ledger.leases(key, windowEndMs)) {
        if (boot === except || this.#boots.goneAt(boot) !== null) continue;
        if (wish === 'give' && allowance === used && nowMs - reportedAtMs <= FRESH_MS) continue;
        if (wish === 'give') this.counters.recalls++;
        const recall = { consumer: key.consumer, meter: key.meter, windowEndMs, wish };
        open.add(boot);
        if (!this.polls.send(boot, recall, nowMs)) open.delete(boot);
      }
      if (open.size === 0) end();
    });
  }

  /** False for a process that is gone. */
  #hear(speaker: Speaker): boolean {
    const nowMs = this.#options.clock.nowMs();
    const heard = this.#boots.hear(speaker, nowMs);
    if (heard === 'stale') return false;
    if (heard === 'new') {
      for (const { lease } of this.#ledger.all()) {
        if (lease.node === speaker.node && lease.boot !== speaker.boot) {
          this.#boots.lose(lease.boot, nowMs);
          this.polls.forget(lease.boot);
        }
      }
    }
    return true;
  }

  #settleDead(key: AccountKey, windowEndMs: number): void {
    settleDeadLeases(this.#ledger, this.#boots, this.#options.records, key, windowEndMs);
  }

  /** Resolves once all that was decided until now is on disk. */
  #kept(): Promise<void> {
    this.#commit ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#commit = null;
        const changes = this.#ledger.takeChanges();
        try {
          if (changes.length > 0) this.#options.store.write(changes);
          this.#prune();
          resolve();
        } catch (error) {
          this.#ledger.returnChanges(changes);
          this.#options.log.error({ err: error }, 'leases could not be kept, so none is given');
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    return this.#commit;
  }

  #prune(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - this.#prunedAtMs < PRUNE_MS) return;
    this.#prunedAtMs = nowMs;
    this.#ledger.prune(nowMs);
    this.#options.store.prune(nowMs);
  }
}

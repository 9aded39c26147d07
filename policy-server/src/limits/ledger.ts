import type { Meter } from '@hiclaw/policy-image';

/** One gateway process, over its life. */
export interface Holder {
  /** Node id of the gateway; a process that follows another has the same. */
  readonly node: string;
  /** Random, per process. */
  readonly boot: string;
}

/** What a gateway says of one account of a consumer, and what it wants. Amounts are in the meter's unit. */
export interface Claim {
  readonly consumer: string;
  readonly meter: Meter;
  /** End of the window that it speaks of, milliseconds since the Unix epoch; 0: it knows none. */
  readonly windowEndMs: number;
  /** Counts how often it gave allowance back. What is stated under another generation than the lease's is not up to date. */
  readonly generation: number;
  /** What it may spend in the window, as far as it knows. */
  readonly allowance: bigint;
  /** What it has spent or reserved of that; more than the allowance when calls used more than was reserved for them. */
  readonly used: bigint;
  /** Unused allowance without which no call that waits can go on; 0: none waits, it only reports. */
  readonly need: bigint;
  /** Unused allowance with which all of them can, each with its longest answer; at least `need`. */
  readonly want: bigint;
}

/** What one gateway process holds of one account. */
export interface Lease extends Holder {
  /** What it may spend at most in the window, spent or not. */
  readonly allowance: bigint;
  readonly generation: number;
  /** What it last said to have spent or reserved. */
  readonly used: bigint;
  /** When it last said so, milliseconds since the Unix epoch. */
  readonly reportedAtMs: number;
}

/** Terms under which a claim is decided. */
export interface Terms {
  readonly nowMs: number;
  readonly windowEndMs: number;
  /** Most that all gateways together may spend in the window. */
  readonly cap: bigint;
  /** Gateways that are alive, at least 1. */
  readonly replicas: number;
}

export interface Decision {
  readonly lease: Lease;
  /** End of the window that the lease is for. */
  readonly windowEndMs: number;
  /** What nobody holds yet. */
  readonly available: bigint;
  /** Whether the gateway has what it needs, once it knows this lease. */
  readonly satisfied: boolean;
  /** Whether it has all that it wants. */
  readonly complete: boolean;
}

/** An account whose leases changed, for who keeps them. */
export interface AccountKey {
  readonly consumer: string;
  readonly meter: Meter;
}

interface Account {
  windowEndMs: number;
  readonly leases: Map<string, Lease>;
}

/** Without a shortage a gateway gets this part of what is left, divided by the number of gateways: slices shrink with it. */
const SLICES = 4n;

/**
 * Who may spend how much: per consumer and meter one window, and in it a lease for each gateway process. The sum of
 * all leases never exceeds the cap, but for what gateways spent beyond what they held, and for caps that were lowered.
 * Leases of processes that are gone stay, as spent, until they are settled or the window ends.
 *
 * Every message from a gateway states all it knows, so that lost, late and repeated messages do no harm. A gateway
 * raises its allowance only by an answer of its own generation; a claim of a newer generation says what it kept, and
 * no answer to an older one can be taken by it any more.
 */
export class Ledger {
  readonly #accounts = new Map<string, Account>();
  #changed = new Map<string, AccountKey>();

  /** Takes what a gateway states, and gives it what it needs if that is to be had. */
  claim(holder: Holder, claim: Claim, terms: Terms): Decision {
    const account = this.#accountAt(claim, terms.windowEndMs);
    const { windowEndMs } = account;
    const before = account.leases.get(holder.boot);
    const stated = stateAfter(before, holder, claim, { windowEndMs, nowMs: terms.nowMs });
    const others = totalOf(account) - (before?.allowance ?? 0n);
    const free = positive(terms.cap - others - stated.allowance);
    const short = positive(stated.used + claim.need - stated.allowance);
    const satisfied = short <= free;
    const lease = {
      ...stated,
      allowance: stated.allowance + (satisfied ? raise(stated, claim, free, terms) : 0n),
    };
    if (before === undefined || !sameLease(before, lease)) {
      account.leases.set(holder.boot, lease);
      this.#note(claim);
    }
    const available = positive(terms.cap - others - lease.allowance);
    return { lease, windowEndMs, available, satisfied, complete: lease.used + claim.want <= lease.allowance };
  }

  /** All leases of an account in the window that ends then; none when it is about another one. */
  leases({ consumer, meter }: AccountKey, windowEndMs: number): readonly Lease[] {
    const account = this.#accounts.get(keyOf(consumer, meter));
    return account?.windowEndMs === windowEndMs ? [...account.leases.values()] : [];
  }

  /** Every lease. */
  *all(): Generator<{ readonly key: AccountKey; readonly windowEndMs: number; readonly lease: Lease }> {
    for (const [text, { windowEndMs, leases }] of this.#accounts) {
      const key = readKey(text);
      for (const lease of leases.values()) yield { key, windowEndMs, lease };
    }
  }

  /** Says what a process that is gone has spent; what it held beyond that is free again. It never raises a lease. */
  settle(key: AccountKey, boot: string, spent: bigint): void {
    const leases = this.#accounts.get(keyOf(key.consumer, key.meter))?.leases;
    const lease = leases?.get(boot);
    if (leases === undefined || lease === undefined || spent >= lease.allowance) return;
    leases.set(boot, { ...lease, allowance: spent, used: spent });
    this.#note(key);
  }

  /** Puts a lease back that was kept elsewhere. */
  restore({ consumer, meter }: AccountKey, windowEndMs: number, lease: Lease): void {
    this.#accountAt({ consumer, meter }, windowEndMs).leases.set(lease.boot, lease);
  }

  /** Accounts whose leases changed since this was last asked, with the leases they have now. */
  takeChanges(): readonly (AccountKey & {
    readonly windowEndMs: number;
    readonly leases: readonly Lease[];
  })[] {
    const changed = this.#changed;
    this.#changed = new Map();
    return [...changed].map(([key, { consumer, meter }]) => {
      const account = this.#accounts.get(key);
      return {
        consumer,
        meter,
        windowEndMs: account?.windowEndMs ?? 0,
        leases: [...(account?.leases.values() ?? [])],
      };
    });
  }

  /** Changes that could not be kept are to be kept with the next ones. */
  returnChanges(changes: readonly AccountKey[]): void {
    for (const key of changes) this.#note(key);
  }

  /** Forgets accounts whose window is over. */
  prune(nowMs: number): void {
    for (const [key, { windowEndMs }] of this.#accounts) if (windowEndMs <= nowMs) this.#accounts.delete(key);
  }

  /** The account; a new window begins without leases. */
  #accountAt({ consumer, meter }: AccountKey, windowEndMs: number): Account {
    const key = keyOf(consumer, meter);
    let account = this.#accounts.get(key);
    // A clock that was set back must not bring a window back whose leases are forgotten.
    if (account === undefined || account.windowEndMs < windowEndMs) {
      account = { windowEndMs, leases: new Map() };
      this.#accounts.set(key, account);
      this.#note({ consumer, meter });
    }
    return account;
  }

  #note({ consumer, meter }: AccountKey): void {
    this.#changed.set(keyOf(consumer, meter), { consumer, meter });
  }
}

/** The lease as the gateway's word makes it, before anything is given. */
function stateAfter(
  before: Lease | undefined,
  holder: Holder,
  claim: Claim,
  terms: Pick<Terms, 'nowMs' | 'windowEndMs'>,
): Lease {
  const { generation, allowance, used } = claim;
  const current = claim.windowEndMs === terms.windowEndMs;
  const at = { ...holder, reportedAtMs: terms.nowMs };
  if (before === undefined || (current && generation > before.generation)) {
    // What a gateway holds counts, also when it is not known here: it may be spending it.
    return current
      ? { ...at, generation, used, allowance: larger(allowance, used) }
      : { ...at, generation, used: 0n, allowance: 0n };
  }
  if (!current || generation < before.generation) return before;
  return { ...before, ...at, used, allowance: larger(before.allowance, used) };
}

function raise({ used, allowance }: Lease, { need, want }: Claim, free: bigint, terms: Terms): bigint {
  if (need === 0n) return 0n;
  const slice = free / (SLICES * BigInt(terms.replicas));
  const target = used + larger(larger(want, need), slice);
  const wanted = positive(target - allowance);
  return wanted < free ? wanted : free;
}

function totalOf({ leases }: Account): bigint {
  let total = 0n;
  for (const { allowance } of leases.values()) total += allowance;
  return total;
}

function sameLease(a: Lease, b: Lease): boolean {
  return a.allowance === b.allowance && a.generation === b.generation && a.used === b.used;
}

function positive(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Names have no space. */
function keyOf(consumer: string, meter: Meter): string {
  return `${consumer} ${meter}`;
}

function readKey(key: string): AccountKey {
  const [consumer = '', meter] = key.split(' ');
  return { consumer, meter: meter as Meter };
}

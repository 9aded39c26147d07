import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Claim, type Decision, type Holder, type Lease, Ledger, type Terms } from './ledger.js';

const KEY = { consumer: 'worker-alice', meter: 'tokens-day' } as const;
const END = 86_400_000;
const HOLDER: Holder = { node: 'gateway-0', boot: 'a' };
const OTHER: Holder = { node: 'gateway-1', boot: 'b' };

function terms(cap: bigint, more: Partial<Terms> = {}): Terms {
  return { nowMs: 1, windowEndMs: END, cap, replicas: 2, ...more };
}

function claim(more: Partial<Claim> = {}): Claim {
  return { ...KEY, windowEndMs: END, generation: 0, allowance: 0n, used: 0n, need: 0n, want: 0n, ...more };
}

describe('a ledger', () => {
  it('gives slices that shrink with what is left, or what is wanted when that is more', () => {
    const ledger = new Ledger();
    const first = ledger.claim(HOLDER, claim({ windowEndMs: 0, need: 10n, want: 10n }), terms(800n));
    expect(first).toMatchObject({ satisfied: true, available: 700n, lease: { allowance: 100n } });
    const second = ledger.claim(OTHER, claim({ windowEndMs: 0, need: 10n, want: 300n }), terms(800n));
    expect(second).toMatchObject({ satisfied: true, available: 400n, lease: { allowance: 300n } });
    const third = ledger.claim(
      HOLDER,
      claim({ allowance: 100n, used: 100n, need: 1n, want: 1n }),
      terms(800n),
    );
    expect(third).toMatchObject({ satisfied: true, available: 350n, lease: { allowance: 150n } });
  });

  it('gives nothing when it cannot give what is needed, and says what there is', () => {
    const ledger = new Ledger();
    const decision = ledger.claim(HOLDER, claim({ need: 11n, want: 20n }), terms(10n));
    expect(decision).toMatchObject({ satisfied: false, available: 10n, lease: { allowance: 0n } });
    expect(ledger.claim(HOLDER, claim({ need: 10n, want: 20n }), terms(10n))).toMatchObject({
      satisfied: true,
      available: 0n,
      lease: { allowance: 10n },
    });
  });

  it('answers a repeated claim with what it gave, not with more', () => {
    const ledger = new Ledger();
    const ask = claim({ need: 5n, want: 5n });
    const first = ledger.claim(HOLDER, ask, terms(20n));
    expect(ledger.claim(HOLDER, ask, terms(20n))).toEqual(first);
  });

  it('takes back what a newer generation states, and never what an older one does', () => {
    const ledger = new Ledger();
    ledger.claim(HOLDER, claim({ need: 20n, want: 20n }), terms(20n));
    const kept = claim({ generation: 1, allowance: 5n, used: 5n });
    expect(ledger.claim(HOLDER, kept, terms(20n))).toMatchObject({
      available: 15n,
      lease: { allowance: 5n },
    });
    const late = claim({ allowance: 20n, used: 1n });
    expect(ledger.claim(HOLDER, late, terms(20n)).lease).toMatchObject({
      generation: 1,
      allowance: 5n,
      used: 5n,
    });
  });

  it('counts what was spent beyond the lease, also beyond the cap', () => {
    const ledger = new Ledger();
    ledger.claim(HOLDER, claim({ need: 20n, want: 20n }), terms(20n));
    const debt = ledger.claim(HOLDER, claim({ allowance: 20n, used: 27n, need: 1n, want: 1n }), terms(20n));
    expect(debt).toMatchObject({ satisfied: false, available: 0n, lease: { allowance: 27n } });
  });

  it('gives at once what a higher cap allows, and nothing above a lower one', () => {
    const ledger = new Ledger();
    ledger.claim(HOLDER, claim({ need: 20n, want: 20n }), terms(20n));
    const more = claim({ allowance: 20n, used: 20n, need: 4n, want: 4n });
    expect(ledger.claim(HOLDER, more, terms(30n, { replicas: 9 })).lease.allowance).toBe(24n);
    expect(ledger.claim(HOLDER, { ...more, allowance: 24n, used: 24n }, terms(10n))).toMatchObject({
      satisfied: false,
      available: 0n,
    });
  });

  it('begins a window without leases, and brings no window back', () => {
    const ledger = new Ledger();
    ledger.claim(HOLDER, claim({ need: 20n, want: 20n }), terms(20n));
    const next = ledger.claim(
      HOLDER,
      claim({ allowance: 20n, used: 20n, generation: 4, need: 1n, want: 1n }),
      terms(20n, { windowEndMs: 2 * END }),
    );
    expect(next).toMatchObject({ windowEndMs: 2 * END, lease: { generation: 4, used: 0n } });
    expect(ledger.claim(OTHER, claim({ need: 20n, want: 20n }), terms(20n))).toMatchObject({
      windowEndMs: 2 * END,
      satisfied: false,
    });
    ledger.prune(2 * END);
    expect(ledger.leases(KEY, 2 * END)).toEqual([]);
  });

  it('adopts what a gateway holds that it does not know', () => {
    const ledger = new Ledger();
    expect(
      ledger.claim(HOLDER, claim({ generation: 3, allowance: 15n, used: 2n }), terms(20n)),
    ).toMatchObject({
      available: 5n,
      lease: { generation: 3, allowance: 15n },
    });
  });

  it('frees what a process that is gone did not spend, and no more', () => {
    const ledger = new Ledger();
    ledger.claim(HOLDER, claim({ need: 20n, want: 20n }), terms(20n));
    expect([...ledger.all()]).toMatchObject([{ key: KEY, windowEndMs: END, lease: { allowance: 20n } }]);
    ledger.settle(KEY, 'a', 25n);
    expect(ledger.leases(KEY, END)[0]?.allowance).toBe(20n);
    ledger.settle(KEY, 'a', 7n);
    expect(ledger.claim(OTHER, claim({ need: 13n, want: 13n }), terms(20n)).satisfied).toBe(true);
  });
});

/** A gateway process as the plugin's account behaves, and the messages between it and the server. */
interface Gateway extends Holder {
  generation: number;
  allowance: bigint;
  used: bigint;
}

interface Message {
  readonly gateway: Gateway;
  readonly claim: Claim;
}

type Step =
  | { readonly kind: 'spend' | 'ask' | 'release' | 'return'; readonly on: number; readonly amount: number }
  | { readonly kind: 'deliver' | 'repeat' | 'lose' | 'take' | 'miss'; readonly which: number }
  | { readonly kind: 'crash'; readonly on: number }
  | { readonly kind: 'restart'; readonly keeps: boolean };

const amounts = fc.integer({ min: 0, max: 40 });
const places = fc.nat({ max: 40 });
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: stepOf('spend', 'ask', 'ask', 'release', 'return') },
    { weight: 12, arbitrary: messageOf('deliver', 'deliver', 'repeat', 'lose', 'take', 'take', 'miss') },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), on: fc.nat({ max: 2 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), keeps: fc.boolean() }) },
  ),
  { maxLength: 120 },
);

function stepOf(...kinds: ('spend' | 'ask' | 'release' | 'return')[]): fc.Arbitrary<Step> {
  return fc.record({ kind: fc.constantFrom(...kinds), on: fc.nat({ max: 2 }), amount: amounts });
}

function messageOf(...kinds: ('deliver' | 'repeat' | 'lose' | 'take' | 'miss')[]): fc.Arbitrary<Step> {
  return fc.record({ kind: fc.constantFrom(...kinds), which: places });
}

const CAP = 100n;

/** Gateways, a server and an unreliable wire between them. */
class World {
  ledger = new Ledger();
  readonly kept = new Map<string, Lease>();
  readonly gateways: Gateway[] = [0, 1, 2].map((index) => newGateway(index, 0));
  readonly asks: Message[] = [];
  readonly answers: { readonly gateway: Gateway; readonly decision: Decision }[] = [];
  /** Of gateways that are gone. */
  spentByDead = 0n;
  boots = 0;

  run(step: Step): void {
    switch (step.kind) {
      case 'deliver':
        this.#serve(step.which, true);
        break;
      case 'repeat':
        this.#serve(step.which, false);
        break;
      case 'lose':
        this.asks.splice(step.which, 1);
        break;
      case 'take':
        this.#take(step.which);
        break;
      case 'miss':
        this.answers.splice(step.which, 1);
        break;
      case 'crash':
        this.#crash(step.on);
        break;
      case 'restart':
        this.#restart(step.keeps);
        break;
      default:
        this.#act(step.kind, this.gateways[step.on]!, BigInt(step.amount));
    }
  }

  #act(kind: 'spend' | 'ask' | 'release' | 'return', gateway: Gateway, amount: bigint): void {
    const unused = gateway.allowance - gateway.used;
    if (kind === 'spend' && amount <= unused) gateway.used += amount;
    if (kind === 'return') gateway.used -= amount < gateway.used ? amount : gateway.used;
    if (kind === 'release') {
      gateway.allowance = gateway.used;
      gateway.generation++;
    }
    const need = kind === 'ask' ? amount : 0n;
    if (kind === 'ask' || kind === 'release') this.asks.push({ gateway, claim: claimOf(gateway, need) });
  }

  #serve(which: number, once: boolean): void {
    const message = this.asks[which];
    if (message === undefined) return;
    if (once) this.asks.splice(which, 1);
    const decision = this.ledger.claim(message.gateway, message.claim, terms(CAP, { replicas: 3 }));
    this.#keep();
    this.answers.push({ gateway: message.gateway, decision });
  }

  #take(which: number): void {
    const [answer] = this.answers.splice(which, 1);
    if (answer === undefined) return;
    const { gateway, decision } = answer;
    if (gateway.generation !== decision.lease.generation) return;
    if (decision.lease.allowance > gateway.allowance) gateway.allowance = decision.lease.allowance;
  }

  #crash(on: number): void {
    this.spentByDead += this.gateways[on]!.used;
    this.gateways[on] = newGateway(on, ++this.boots);
  }

  /** An answer leaves only once its lease is kept, so a server that starts again knows all that it gave. */
  #restart(keeps: boolean): void {
    this.ledger = new Ledger();
    for (const lease of this.kept.values()) this.ledger.restore(KEY, END, lease);
    if (!keeps) this.answers.length = 0;
  }

  #keep(): void {
    for (const { leases } of this.ledger.takeChanges()) {
      for (const lease of leases) this.kept.set(lease.boot, lease);
    }
  }

  spent(): bigint {
    return this.gateways.reduce((sum, { used }) => sum + used, this.spentByDead);
  }
}

function newGateway(index: number, boot: number): Gateway {
  return { node: `gateway-${index}`, boot: `${index}.${boot}`, generation: 0, allowance: 0n, used: 0n };
}

function claimOf({ generation, allowance, used }: Gateway, need: bigint): Claim {
  return claim({ generation, allowance, used, need, want: need });
}

describe('whatever is lost, late, repeated or restarted', () => {
  it('never gives more than the cap, nor is more spent', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const world = new World();
        for (const step of list) {
          world.run(step);
          const leases = world.ledger.leases(KEY, END);
          const total = leases.reduce((sum, { allowance }) => sum + allowance, 0n);
          expect(total).toBeLessThanOrEqual(CAP);
          expect(world.spent()).toBeLessThanOrEqual(CAP);
          for (const gateway of world.gateways) {
            const lease = leases.find(({ boot }) => boot === gateway.boot);
            if (lease?.generation === gateway.generation) {
              expect(gateway.allowance).toBeLessThanOrEqual(lease.allowance);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('loses nothing: once all is said, what nobody spent can be had', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const world = new World();
        for (const step of list) world.run(step);
        world.asks.length = 0;
        world.answers.length = 0;
        for (const lease of world.ledger.leases(KEY, END)) {
          const alive = world.gateways.some(({ boot }) => boot === lease.boot);
          // What the dead spent is known here, as it will be from their records.
          if (!alive) world.ledger.settle(KEY, lease.boot, 0n);
        }
        for (const gateway of world.gateways) {
          gateway.allowance = gateway.used;
          gateway.generation++;
          world.ledger.claim(gateway, claimOf(gateway, 0n), terms(CAP));
        }
        const left = CAP - world.gateways.reduce((sum, { used }) => sum + used, 0n);
        const last = world.ledger.claim(OTHER, claim({ need: left, want: left }), terms(CAP));
        expect(last).toMatchObject({ satisfied: true, available: 0n });
      }),
      { numRuns: 200 },
    );
  });
});

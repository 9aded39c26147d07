interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Virtual time: it moves only when a test says so, and fires what is due in order. */
export class VirtualClock {
  readonly #startMs: number;
  #nowMs: number;
  #timers: Timer[] = [];
  #order = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  /** Milliseconds since the Unix epoch. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get realtimeNs(): bigint {
    return BigInt(Math.round(this.#nowMs * 1000)) * 1000n;
  }

  /** Counts from the start of the clock. */
  get monotonicNs(): bigint {
    return BigInt(Math.round((this.#nowMs - this.#startMs) * 1000)) * 1000n;
  }

  /** Runs `fire` once after `delayMs`; the result cancels it. */
  after(delayMs: number, fire: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + delayMs, order: this.#order++, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`cannot advance time by ${ms} ms`);
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.fire();
    }
    this.#nowMs = endMs;
  }
}

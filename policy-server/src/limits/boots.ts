import type { Holder } from './ledger.js';

/** More processes than this in one window are not gateways of ours. */
const MAX_GONE = 10_000;

/** Which process each gateway is now. A process that another one has followed is gone, and never comes back. */
export class Boots {
  readonly #current = new Map<string, string>();
  /** When the process that followed first spoke, milliseconds since the Unix epoch. */
  readonly #goneAtMs = new Map<string, number>();

  /**
   * A process speaks: `new` the first time, `stale` when another one of its gateway has followed it, else `known`.
   */
  hear({ node, boot }: Holder, nowMs: number): 'new' | 'known' | 'stale' {
    if (this.#goneAtMs.has(boot)) return 'stale';
    const before = this.#current.get(node);
    if (before === boot) return 'known';
    this.#current.set(node, boot);
    if (before !== undefined) this.lose(before, nowMs);
    return 'new';
  }

  /** A process is known to be gone. */
  lose(boot: string, nowMs: number): void {
    if (!this.#goneAtMs.has(boot)) this.#goneAtMs.set(boot, nowMs);
    const [oldest = ''] = this.#goneAtMs.keys();
    if (this.#goneAtMs.size > MAX_GONE) this.#goneAtMs.delete(oldest);
  }

  /** When a process was known to be gone, milliseconds since the Unix epoch; null: it is not. */
  goneAt(boot: string): number | null {
    return this.#goneAtMs.get(boot) ?? null;
  }
}

import type { Holder } from './ledger.js';

/** More processes than this in one window are not gateways of ours. */
const MAX_GONE = 10_000;

/** Which process each gateway is now. A process that another one has followed is gone, and never comes back. */
export class Boots {
  readonly #current = new Map<string, string>();
  /** When the process that followed first spoke, milliseconds since the Unix epoch. */
  readonly #gone = new Map<string, { readonly node: string; readonly goneAtMs: number }>();

  /**
   * A process speaks: `new` the first time, `stale` when another one of its gateway has followed it, else `known`.
   */
  hear({ node, boot }: Holder, nowMs: number): 'new' | 'known' | 'stale' {
    if (this.#gone.has(boot)) return 'stale';
    const before = this.#current.get(node);
    if (before === boot) return 'known';
    this.#current.set(node, boot);
    if (before !== undefined) this.lose({ node, boot: before }, nowMs);
    return 'new';
  }

  /** A process is known to be gone. */
  lose({ node, boot }: Holder, nowMs: number): void {
    if (!this.#gone.has(boot)) this.#gone.set(boot, { node, goneAtMs: nowMs });
    const [oldest = ''] = this.#gone.keys();
    if (this.#gone.size > MAX_GONE) this.#gone.delete(oldest);
  }

  /** Processes that are gone, with when that became known. */
  gone(): Iterable<readonly [string, { readonly node: string; readonly goneAtMs: number }]> {
    return this.#gone;
  }

  isGone(boot: string): boolean {
    return this.#gone.has(boot);
  }
}

import type { CallbackName, HostcallName, WasiName } from './signatures.js';
import { statusName } from './abi.js';

/** A hostcall that did not return Ok. NotFound for an absent header is one of them: the test decides what is wrong. */
export interface RefusedHostcall {
  readonly hostcall: HostcallName;
  readonly status: number;
  readonly callback: CallbackName | null;
}

/** Enough to see what went wrong; a plugin context lives long and would collect them without end. */
const MAX_REFUSED = 1000;

/** What the callbacks of one context did. */
export class CallStats {
  /** Hostcalls (`proxy_…` and WASI) by name. */
  readonly hostcalls = new Map<HostcallName | WasiName, number>();
  /** Callbacks into the plugin, by name. */
  readonly callbacks = new Map<CallbackName, number>();
  /** Hostcalls with another status than Ok, oldest first; at most 1000. */
  readonly refused: RefusedHostcall[] = [];

  /** Number of `proxy_…` and WASI calls. */
  get total(): number {
    let sum = 0;
    for (const count of this.hostcalls.values()) sum += count;
    return sum;
  }

  /** `{ proxy_get_header_map_value: 2, … }`, for assertions. */
  byName(): Record<string, number> {
    return Object.fromEntries(this.hostcalls);
  }

  /** Refused hostcalls as text: `proxy_get_property in proxy_on_tick: NotFound (1)`. */
  refusedText(): string[] {
    return this.refused.map(
      (one) => `${one.hostcall} in ${one.callback ?? 'start'}: ${statusName(one.status)}`,
    );
  }

  countHostcall(name: HostcallName | WasiName): void {
    this.hostcalls.set(name, (this.hostcalls.get(name) ?? 0) + 1);
  }

  countCallback(name: CallbackName): void {
    this.callbacks.set(name, (this.callbacks.get(name) ?? 0) + 1);
  }

  refuse(refused: RefusedHostcall): void {
    if (this.refused.length < MAX_REFUSED) this.refused.push(refused);
  }
}

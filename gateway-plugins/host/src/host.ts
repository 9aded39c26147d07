import { randomBytes } from 'node:crypto';
import { LogLevel } from './abi.js';
import type { Attributes } from './attributes.js';
import type { GrpcCallout, HttpCallout } from './callouts.js';
import { VirtualClock } from './clock.js';
import type { ForeignFunction } from './foreign-functions.js';
import { Metrics } from './metrics.js';
import type { PluginModule } from './plugin-module.js';
import { SharedState } from './shared-state.js';
import type { CallbackName, HostcallName } from './signatures.js';
import { Vm, type VmOptions } from './vm.js';

/** 2026-01-01T00:00:00Z: tests do not depend on the day they run. */
const DEFAULT_START_MS = Date.UTC(2026, 0, 1);
const NODE_DEFAULTS: Attributes = { id: '', cluster: '', metadata: {} };

export interface HostOptions {
  /**
   * True: a bad pointer, a broken list of pairs, a forbidden header byte, a deleted context or a second local
   * response throws AbiViolation. False: the plugin gets what Envoy answers. Default: true.
   */
  readonly strict?: boolean;
  /** Virtual time at the start, milliseconds since the Unix epoch. Default: the start of 2026. */
  readonly startTimeMs?: number;
  /** Property `node`: id, cluster, metadata. */
  readonly node?: Attributes;
  /** Clusters that callouts may name. Default: all. */
  readonly clusters?: readonly string[];
  /** What `proxy_get_log_level` says. Default: info. */
  readonly logLevel?: LogLevel;
  /** Source of `random_get`. Default: the system's. */
  readonly random?: (length: number) => Uint8Array;
  /** Added to Envoy's own `clear_route_cache`, `compress` and `uncompress`. */
  readonly foreignFunctions?: Readonly<Record<string, ForeignFunction>>;
  /** Throw when two values returned in one callback overlap in memory. Only for plugins that free nothing. Default: false. */
  readonly forbidOverlappingAllocations?: boolean;
  /** Called after each `proxy_…` hostcall. */
  readonly trace?: (call: TracedHostcall) => void;
}

export interface TracedHostcall {
  readonly vm: Vm;
  readonly hostcall: HostcallName;
  /** Null while the module starts. */
  readonly callback: CallbackName | null;
  /** Context whose callback runs, not the effective one. */
  readonly contextId: number;
  readonly status: number;
}

export interface LogEntry {
  readonly vm: Vm;
  readonly level: LogLevel;
  readonly message: string;
  readonly contextId: number;
}

/** One Envoy process with one worker thread: VMs in it share time, metrics, shared data and queues. */
export class Host {
  readonly strict: boolean;
  readonly node: Attributes;
  readonly logLevel: LogLevel;
  readonly clock: VirtualClock;
  readonly metrics = new Metrics();
  readonly shared = new SharedState();
  readonly random: (length: number) => Uint8Array;
  readonly foreignFunctions: Readonly<Record<string, ForeignFunction>>;
  readonly forbidOverlap: boolean;
  readonly trace: ((call: TracedHostcall) => void) | null;
  /** What plugins logged, oldest first, at any level. */
  readonly logs: LogEntry[] = [];
  /** All HTTP callouts, oldest first. */
  readonly httpCallouts: HttpCallout[] = [];
  /** All gRPC callouts, oldest first. */
  readonly grpcCallouts: GrpcCallout[] = [];
  readonly #clusters: ReadonlySet<string> | null;
  readonly #posted: (() => void)[] = [];
  #running = false;
  #events = 0;

  constructor(options: HostOptions = {}) {
    this.strict = options.strict ?? true;
    this.node = { ...NODE_DEFAULTS, ...options.node };
    this.logLevel = options.logLevel ?? LogLevel.Info;
    this.clock = new VirtualClock(options.startTimeMs ?? DEFAULT_START_MS);
    this.random = options.random ?? randomBytes;
    this.foreignFunctions = options.foreignFunctions ?? {};
    this.forbidOverlap = options.forbidOverlappingAllocations ?? false;
    this.trace = options.trace ?? null;
    this.#clusters = options.clusters === undefined ? null : new Set(options.clusters);
  }

  /** Instantiates the module and runs its start function. */
  createVm(module: PluginModule, options: VmOptions = {}): Vm {
    return new Vm(this, module, options);
  }

  /** Lets virtual time pass: ticks and callout timeouts that fall due fire in order. */
  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** HTTP callouts without an answer. */
  pendingHttpCallouts(): HttpCallout[] {
    return this.httpCallouts.filter((callout) => callout.state === 'pending');
  }

  hasCluster(name: string): boolean {
    return this.#clusters?.has(name) ?? true;
  }

  log(vm: Vm, level: LogLevel, message: string): void {
    this.logs.push({ vm, level, message, contextId: vm.current.id });
  }

  /** Runs a task as the event loop would: not inside a callback. */
  post(task: () => void): void {
    this.#posted.push(task);
  }

  /** One event of a stream, with all that its filters do because of it: what is posted meanwhile comes after it. */
  during<T>(event: () => T): T {
    this.#events++;
    try {
      return event();
    } finally {
      this.#events--;
      this.runPosted();
    }
  }

  /** Runs what was posted; VMs call it when their callback is over. */
  runPosted(): void {
    if (this.#running || this.#events > 0) return;
    this.#running = true;
    try {
      for (let task = this.#posted.shift(); task !== undefined; task = this.#posted.shift()) task();
    } finally {
      this.#running = false;
    }
  }
}

export function createHost(options: HostOptions = {}): Host {
  return new Host(options);
}

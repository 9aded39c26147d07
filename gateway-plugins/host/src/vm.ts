import { AbiViolation, HostMisuse, VmFailure } from './errors.js';
import { byteStringToBytes, toBytes, type ByteString, type BytesInit } from './bytes.js';
import type { Context } from './context.js';
import { GuestMemory, InvalidPointer } from './guest-memory.js';
import type { Host } from './host.js';
import { bindHostcalls } from './hostcalls/bind.js';
import { MetricHandles } from './metrics.js';
import { PluginContext, type PluginOptions } from './plugin-context.js';
import type { PluginModule } from './plugin-module.js';
import type { CallbackName, HostcallName, WasiName } from './signatures.js';
import { VmContext } from './vm-context.js';
import { webAssembly, type WasmFunction, type WasmMemory } from './webassembly.js';

export interface VmOptions {
  /** Separates shared data and queues. Default: empty. */
  readonly vmId?: string;
  /** What `VmConfiguration` holds. Default: empty. */
  readonly configuration?: BytesInit;
  /** What the plugin can read with `environ_get`. Default: none. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Memory that the plugin gave the host for a returned value. */
export interface Allocation {
  readonly hostcall: HostcallName | WasiName | null;
  readonly pointer: number;
  readonly bytes: number;
}

/** One instance of a module, as one Envoy thread has it. Make it with `host.createVm`. */
export class Vm {
  readonly host: Host;
  readonly vmId: string;
  readonly configuration: Uint8Array;
  readonly environment: Readonly<Record<string, string>>;
  readonly memory: GuestMemory;
  readonly metricHandles: MetricHandles;
  /** All living contexts by id. */
  readonly contexts = new Map<number, Context>();
  /** Memory the plugin gave the host during the last callback. */
  readonly allocations: Allocation[] = [];
  /** Number and bytes of all allocations since the VM was made. */
  readonly allocated = { count: 0, bytes: 0 };

  /** Context whose callback runs; the VM's own outside of callbacks. */
  current: Context;
  callback: CallbackName | null = null;
  hostcall: HostcallName | WasiName | null = null;
  /** While the module starts or allocates, Envoy allows only a few hostcalls. */
  restricted: string | null = null;
  /** A local response was sent in this callback: Envoy then stops whatever the plugin returns. */
  stopIteration = false;
  #effectiveId = 0;
  #nextContextId = 1;
  #nextCalloutId = 0;
  #failure: VmFailure | null = null;
  readonly #afterCall: (() => void)[] = [];
  readonly #exports: Readonly<Record<string, unknown>>;
  readonly #allocate: WasmFunction;

  constructor(host: Host, module: PluginModule, options: VmOptions = {}) {
    this.host = host;
    this.vmId = options.vmId ?? '';
    this.configuration = toBytes(options.configuration ?? '');
    this.environment = options.environment ?? {};
    this.metricHandles = new MetricHandles(host.metrics);
    this.current = new VmContext(this, 0);
    this.contexts.set(0, this.current);
    this.#exports = new webAssembly.Instance(module.compiled, bindHostcalls(this, module.shape)).exports;
    this.memory = new GuestMemory(this.#exports['memory'] as WasmMemory);
    const allocate = this.#function('malloc') ?? this.#function('proxy_on_memory_allocate');
    if (allocate === null) throw new HostMisuse('module has no allocator');
    this.#allocate = allocate;
    this.#start();
  }

  /** Why the VM can no longer be used; null while it is well. */
  get failure(): VmFailure | null {
    return this.#failure;
  }

  /** Bytes of linear memory. */
  get memorySize(): number {
    return this.memory.size;
  }

  /**
   * Makes a plugin context and configures it, as Envoy does for each pushed configuration: the VM stays, earlier
   * plugin contexts live on until closed. See `accepted` of the result.
   */
  createPlugin(options: PluginOptions = {}): PluginContext {
    return PluginContext.create(this, options);
  }

  allocateContextId(): number {
    return this.#nextContextId++;
  }

  /** Ids of callouts carry the type in their low bits, as Envoy's do: HTTP call 0, gRPC call 1, gRPC stream 2. */
  allocateCalloutId(type: 0 | 1 | 2): number {
    this.#nextCalloutId += 4;
    return this.#nextCalloutId + type;
  }

  /** The context that hostcalls act on. */
  get effective(): Context {
    return (this.#effectiveId === 0 ? undefined : this.contexts.get(this.#effectiveId)) ?? this.current;
  }

  /** False when there is no such context. */
  setEffectiveContext(id: number): boolean {
    if (!this.contexts.has(id)) {
      if (this.host.strict && id < this.#nextContextId) {
        throw new AbiViolation(`proxy_set_effective_context: context ${id} was deleted`);
      }
      return false;
    }
    this.#effectiveId = id;
    return true;
  }

  /** Calls an exported callback; null when the module has none. The caller runs `finishCall` when it has used the result. */
  invoke(context: Context, name: CallbackName, ...args: number[]): number | null {
    if (this.#failure !== null) throw new VmFailure(`VM has failed before: ${this.#failure.message}`);
    const callback = this.#function(name);
    if (callback === null) return null;
    const saved = { current: this.current, callback: this.callback, effectiveId: this.#effectiveId };
    this.current = context;
    this.callback = name;
    this.#effectiveId = 0;
    this.allocations.length = 0;
    context.stats.countCallback(name);
    try {
      return Number(callback(...args) ?? 0) >>> 0;
    } catch (error) {
      throw this.#fail(`${name}(${args.join(', ')})`, error);
    } finally {
      this.current = saved.current;
      this.callback = saved.callback;
      this.#effectiveId = saved.effectiveId;
    }
  }

  /** Puts off an action until the running callback has returned. */
  defer(action: () => void): void {
    this.#afterCall.push(action);
  }

  /** Ends a callback: runs what it put off. */
  finishCall(): void {
    this.stopIteration = false;
    for (let action = this.#afterCall.shift(); action !== undefined; action = this.#afterCall.shift())
      action();
    this.host.runPosted();
  }

  /** Copies a value into the plugin's memory and stores its address and size where the plugin asked for them. */
  returnBytes(value: Uint8Array, pointerOut: number, sizeOut: number): void {
    const pointer = value.length === 0 ? 0 : this.#allocateFor(value.length);
    if (pointer !== 0) this.memory.write(pointer, value, 'returned value');
    this.#returnAddress(pointer, value.length, pointerOut, sizeOut);
  }

  returnText(value: ByteString, pointerOut: number, sizeOut: number): void {
    const pointer = value.length === 0 ? 0 : this.#allocateFor(value.length);
    if (pointer !== 0) this.memory.writeText(pointer, value, 'returned value');
    this.#returnAddress(pointer, value.length, pointerOut, sizeOut);
  }

  /** `KEY=value` with a final NUL each, in the order given. */
  environmentBlock(): Uint8Array[] {
    return Object.entries(this.environment).map(([key, value]) => byteStringToBytes(`${key}=${value}\0`));
  }

  #returnAddress(pointer: number, size: number, pointerOut: number, sizeOut: number): void {
    this.memory.writeU32(pointerOut, pointer, 'address of the returned pointer');
    this.memory.writeU32(sizeOut, size, 'address of the returned size');
  }

  #allocateFor(bytes: number): number {
    const before = this.restricted;
    this.restricted = 'memory allocation';
    const { hostcall } = this;
    let pointer: number;
    try {
      pointer = Number(this.#allocate(bytes)) >>> 0;
    } finally {
      this.restricted = before;
      this.hostcall = hostcall;
    }
    if (pointer === 0) throw new InvalidPointer(`plugin gave no memory for a value of ${bytes} bytes`);
    this.memory.check(pointer, bytes, 'memory allocated by the plugin');
    const overlapped = this.allocations.find(
      (other) => pointer < other.pointer + other.bytes && other.pointer < pointer + bytes,
    );
    if (overlapped !== undefined && this.host.forbidOverlap) {
      throw new AbiViolation(
        `${hostcall ?? 'host'}: plugin allocated ${bytes} bytes at ${pointer}, over the value returned by ` +
          `${overlapped.hostcall ?? 'the host'} at ${overlapped.pointer} in the same callback`,
      );
    }
    this.allocations.push({ hostcall, pointer, bytes });
    this.allocated.count++;
    this.allocated.bytes += bytes;
    return pointer;
  }

  #start(): void {
    this.restricted = 'start of the module';
    const run = (name: string, ...args: number[]): boolean => {
      const entry = this.#function(name);
      if (entry === null) return false;
      try {
        entry(...args);
      } catch (error) {
        throw this.#fail(name, error);
      }
      return true;
    };
    if (run('_initialize')) run('main', 0, 0);
    else run('_start');
    this.restricted = null;
  }

  #function(name: string): WasmFunction | null {
    const value = this.#exports[name];
    return typeof value === 'function' ? (value as WasmFunction) : null;
  }

  #fail(where: string, error: unknown): Error {
    const message = error instanceof Error ? error.message : String(error);
    this.#failure = new VmFailure(`${where}: ${message}`, { cause: error });
    this.#afterCall.length = 0;
    this.stopIteration = false;
    return error instanceof AbiViolation ? error : this.#failure;
  }
}

import path from 'node:path';
import { type Clock, GatewayError, type Logger, type Secret } from '@hiclaw/service-kit';
import type { Condition, GatewayReplica, Gateways, ReplicaApplied } from '../gateways.js';
import type { Problem } from '../invariants/invariants.js';
import type { RenderSettings } from '../render/settings.js';
import type { ResourceSet } from '../store/resource-set.js';
import type { OpenCredential } from '../translate/credentials.js';
import { nextPriceEpoch } from '../translate/prices.js';
import { AdsServer } from './ads-server.js';
import { findCaBundle } from './ca-bundle.js';
import { type CallbackHandler, CallbackServer } from './callback-server.js';
import { certificateProblem } from './certificates.js';
import { loadCodec } from './codec.js';
import { type Compiled, createCompiler } from './compiler.js';
import { Fleet } from './fleet.js';
import { installPlugins } from './plugin-code.js';

export interface GatewayControlOptions {
  /** All resources as of now. */
  readonly resources: () => ResourceSet;
  /** Calls the listener after each commit; the result ends that. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly openCredential: OpenCredential;
  /** 32 bytes; the gateways have it in their environment. */
  readonly sealingKey: Secret<Uint8Array>;
  /** Where to listen; absolute paths in a folder that is only for this user. */
  readonly sockets: { readonly ads: string; readonly gateway: string };
  readonly settings: GatewayControlSettings;
  /** What plugins may call beside confirming, by path; default: nothing. */
  readonly callbacks?: ReadonlyMap<string, CallbackHandler>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface GatewayControlSettings {
  /** Bytes. */
  readonly maxBodyBytes: number;
  /** PEM file of trusted certificates; default: the machine's. */
  readonly caBundlePath?: string;
  /** Default: the plugins of this release. */
  readonly plugins?: RenderSettings['plugins'];
}

/** State of the compiler, for metrics. */
export interface CompileStatus {
  /** The newest policy version that gateways are given; null: none yet. */
  readonly policyVersion: number | null;
  /** Why a newer one is not given to them; empty: there is nothing newer. */
  readonly problems: readonly Problem[];
  /** Milliseconds that the last compilation took. */
  readonly lastCompileMs: number;
  readonly compilations: number;
}

/** The gateway side of the policy server: compiles policy and serves it to the gateways. */
export interface GatewayControl extends Gateways, AsyncDisposable {
  /** Compiles, then listens. */
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): CompileStatus;
  /** Path of the Unix socket of a connected gateway's admin interface; null: it is not connected, or does not say. */
  adminSocketOf(node: string): string | null;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Envoy holds a whole body, its framing and what it read ahead. */
const BUFFER_SLACK_BYTES = 1_048_576;

/**
 * @throws GatewayError `PLUGIN_MISSING` when the plugins are not built
 */
export async function createGatewayControl(options: GatewayControlOptions): Promise<GatewayControl> {
  const { maxBodyBytes } = options.settings;
  const runFolder = path.dirname(options.sockets.ads);
  const compile = createCompiler({
    maxBodyBytes,
    nowMs: () => options.clock.nowMs(),
    openCredential: options.openCredential,
    certificateProblem,
    sealingKey: options.sealingKey,
    render: {
      bufferBytes: maxBodyBytes + BUFFER_SLACK_BYTES,
      caBundlePath:
        options.settings.caBundlePath ?? (await findCaBundle(path.join(runFolder, 'ca-bundle.pem'))),
      plugins: options.settings.plugins ?? (await installPlugins(path.join(runFolder, 'plugins'))),
    },
  });
  return new Control(options, compile);
}

class Control implements GatewayControl {
  readonly #options: GatewayControlOptions;
  readonly #compile: (set: ResourceSet) => Compiled;
  readonly #fleet: Fleet;
  readonly #ads: AdsServer;
  readonly #callbacks: CallbackServer;
  #unsubscribe: (() => void) | null = null;
  #due: NodeJS.Immediate | null = null;
  #priceTimer: NodeJS.Timeout | null = null;
  #conditions: Compiled['conditions'] = () => [];
  #status: CompileStatus = { policyVersion: null, problems: [], lastCompileMs: 0, compilations: 0 };

  constructor(options: GatewayControlOptions, compile: (set: ResourceSet) => Compiled) {
    this.#options = options;
    this.#compile = compile;
    this.#fleet = new Fleet(options.clock);
    this.#ads = new AdsServer(loadCodec(), this.#fleet, options.log);
    this.#callbacks = new CallbackServer(
      ({ node, plugin, vm, version }) => this.#fleet.confirm(node, plugin, vm, version),
      options.callbacks,
    );
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#options.subscribe(() => {
      // However many commits there are in this turn of the event loop, they are compiled once, with the last of them.
      this.#due ??= setImmediate(() => {
        this.#compileNow();
      });
    });
    this.#compileNow();
    const { ads, gateway } = this.#options.sockets;
    // Plugins confirm as soon as they have an image, so this comes first.
    await this.#callbacks.listen(gateway);
    await this.#ads.listen(ads);
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (this.#due !== null) clearImmediate(this.#due);
    this.#due = null;
    if (this.#priceTimer !== null) clearTimeout(this.#priceTimer);
    await this.#ads[Symbol.asyncDispose]();
    await this.#callbacks[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  applied(policyVersion: number, timeoutMs: number): Promise<readonly ReplicaApplied[]> {
    return this.#fleet.applied(policyVersion, timeoutMs);
  }

  list(): readonly GatewayReplica[] {
    return this.#fleet.list();
  }

  adminSocketOf(node: string): string | null {
    return this.#fleet.adminSocketOf(node);
  }

  conditions(kind: string, name: string): readonly Condition[] {
    // Who just wrote a resource wants to know what became of it, not what it was before.
    if (this.#due !== null) this.#compileNow();
    return this.#conditions(kind, name);
  }

  status(): CompileStatus {
    return this.#status;
  }

  #compileNow(): void {
    if (this.#due !== null) clearImmediate(this.#due);
    this.#due = null;
    const set = this.#options.resources();
    const startMs = performance.now();
    const compiled = this.#attempt(set);
    const lastCompileMs = performance.now() - startMs;
    const { snapshot, problems } = compiled;
    const policyVersion = snapshot?.policyVersion ?? this.#status.policyVersion;
    const compilations = this.#status.compilations + 1;
    this.#status = { policyVersion, problems, lastCompileMs, compilations };
    this.#conditions = compiled.conditions;
    this.#awaitPrices(set);
    if (snapshot === null) {
      this.#options.log.error(
        { policyVersion: set.policyVersion, problems },
        'policy not compiled; gateways keep the last good one',
      );
      this.#fleet.fail(set.policyVersion);
      return;
    }
    this.#fleet.publish(snapshot);
    this.#options.log.debug({ policyVersion: snapshot.policyVersion, lastCompileMs }, 'policy compiled');
  }

  /** Compiles again when the next price comes in force. */
  #awaitPrices({ providers }: ResourceSet): void {
    if (this.#priceTimer !== null) clearTimeout(this.#priceTimer);
    const nowMs = this.#options.clock.nowMs();
    const next = nextPriceEpoch(providers.values(), nowMs);
    if (next === null) return;
    // A timer cannot be longer; it is set again then.
    const delayMs = Math.min(next - nowMs, LONGEST_TIMER_MS);
    this.#priceTimer = setTimeout(() => {
      this.#compileNow();
    }, delayMs).unref();
  }

  /** A stage that throws has a bug; that must not take the last good policy away. */
  #attempt(set: ResourceSet): Compiled {
    try {
      return this.#compile(set);
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown';
      const code = error instanceof GatewayError ? error.code : 'compile-failed';
      return { conditions: this.#conditions, snapshot: null, problems: [{ code, message }] };
    }
  }
}

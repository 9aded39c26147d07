import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Logger } from '@hiclaw/service-kit';
import { HEALTHY_AFTER_MS, MAX_DELAY_MS, restartDelayMs } from './backoff.js';
import type { ProcessSpec } from './plan.js';
import { isReady } from './probe.js';
import { fingerprintNow, type RunningProcess, startProcess } from './running-process.js';
import type { ProcessState, ProcessStatus } from './status-file.js';
import { stopProcess, type StopTimes } from './stop-process.js';

/** What a supervised process needs from its supervisor. */
export interface Surroundings {
  readonly home: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly times: StopTimes;
  /** Whether these processes have been ready since the supervisor began to watch them. */
  areReady(names: readonly string[]): boolean;
  /** Called after each change of the status. */
  changed(): void;
}

const READY_POLL_MS = 50;

// EX_CONFIG of sysexits.h: the program says that only a person can help, so it is not tried in quick succession.
const HOPELESS_EXIT = 'exit code 78';

/** Keeps one process running: starts it, waits until it is ready, starts it again with backoff when it ends. */
export class SupervisedProcess {
  readonly #spec: ProcessSpec;
  readonly #surroundings: Surroundings;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #state: ProcessState = 'waiting';
  #running: RunningProcess | null;
  #retry = new AbortController();
  #readyAtMs: number | null = null;
  #wasReady = false;
  #restarts: number;
  #failures = 0;
  #lastExit: ProcessStatus['lastExit'];

  /**
   * @param adopted a process of this name that runs already
   * @param before its status under the supervisor that is gone
   */
  constructor(
    spec: ProcessSpec,
    surroundings: Surroundings,
    adopted: RunningProcess | null,
    before: ProcessStatus | null,
  ) {
    this.#spec = spec;
    this.#surroundings = surroundings;
    this.#running = adopted;
    this.#restarts = before?.restarts ?? 0;
    this.#lastExit = before?.lastExit ?? null;
    this.#loop = this.#keepRunning();
  }

  get spec(): ProcessSpec {
    return this.#spec;
  }

  /** Whether it has been ready at least once. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  get isReadyNow(): boolean {
    return this.#state === 'ready';
  }

  /** Whether a process made from `spec` would differ from the running one. */
  differsFrom(spec: ProcessSpec): boolean {
    return (this.#running?.fingerprint ?? fingerprintNow(this.#spec)) !== fingerprintNow(spec);
  }

  get status(): ProcessStatus {
    return {
      name: this.#spec.name,
      state: this.#state,
      version: this.#spec.version,
      process: this.#running?.ref ?? null,
      startedAtMs: this.#running?.startedAtMs ?? null,
      restarts: this.#restarts,
      lastExit: this.#lastExit,
      fingerprint: this.#running?.fingerprint ?? '',
      address: this.#spec.address,
      log: this.#spec.log,
      accessLog: this.#spec.accessLog ?? null,
    };
  }

  /** Starts a process that waits for its next attempt at once. */
  retryNow(): void {
    this.#failures = 0;
    this.#retry.abort();
  }

  /** Ends the process, gracefully within the deadlines. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#enter('stopping');
    const running = this.#running;
    if (running !== null) await stopProcess(running.ref, this.#surroundings.times, this.#spec.drainSocket);
    await this.#loop;
    this.#enter('stopped');
  }

  /** A call, because the compiler takes what was false before an await for false after it. */
  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #enter(state: ProcessState): void {
    if (this.#state === state) return;
    // What the loop still sees while it is being ended is no news.
    if (this.#stop.signal.aborted && state !== 'stopping' && state !== 'stopped') return;
    this.#state = state;
    this.#surroundings.changed();
  }

  async #keepRunning(): Promise<void> {
    // A loop that began inside the constructor must not touch the supervisor before that has stored this object.
    await Promise.resolve();
    while (!this.#isStopped()) {
      this.#running ??= await this.#start();
      if (this.#running !== null) await this.#watch(this.#running);
      this.#running = null;
      if (this.#isStopped()) return;
      await this.#backOff();
    }
  }

  async #start(): Promise<RunningProcess | null> {
    const { home, clock, log } = this.#surroundings;
    while (!this.#surroundings.areReady(this.#spec.after)) {
      if (this.#stop.signal.aborted) return null;
      this.#enter('waiting');
      await delay(READY_POLL_MS);
    }
    try {
      const running = await startProcess(this.#spec, home, clock.nowMs());
      log.info({ process: this.#spec.name, childPid: running.ref.pid }, 'process started');
      return running;
    } catch (error) {
      const how = error instanceof Error ? error.message : String(error);
      this.#lastExit = { atMs: clock.nowMs(), how };
      log.error({ process: this.#spec.name, how }, 'process cannot be started');
      return null;
    }
  }

  async #watch(running: RunningProcess): Promise<void> {
    const { clock, log } = this.#surroundings;
    if (this.#stop.signal.aborted) {
      // stop() was called while the process was being started and did not know it yet
      await stopProcess(running.ref, this.#surroundings.times, this.#spec.drainSocket);
    }
    this.#readyAtMs = null;
    this.#enter('starting');
    const gone = new AbortController();
    const ended = running.ended.then((how) => {
      gone.abort();
      return how;
    });
    while (!gone.signal.aborted && !this.#stop.signal.aborted) {
      if (await isReady(this.#spec.ready)) {
        this.#readyAtMs = clock.nowMs();
        this.#wasReady = true;
        this.#enter('ready');
        log.info({ process: this.#spec.name, ms: this.#readyAtMs - running.startedAtMs }, 'process ready');
        break;
      }
      await delay(READY_POLL_MS, undefined, { signal: gone.signal }).catch(() => undefined);
    }
    const how = await ended;
    this.#lastExit = { atMs: clock.nowMs(), how };
    log[this.#stop.signal.aborted ? 'info' : 'error']({ process: this.#spec.name, how }, 'process ended');
  }

  async #backOff(): Promise<void> {
    const { clock } = this.#surroundings;
    const recovered = this.#readyAtMs !== null && clock.nowMs() - this.#readyAtMs >= HEALTHY_AFTER_MS;
    this.#readyAtMs = null;
    this.#failures = recovered ? 1 : this.#failures + 1;
    this.#restarts += 1;
    this.#enter('backoff');
    this.#surroundings.changed();
    const delayMs = this.#lastExit?.how === HOPELESS_EXIT ? MAX_DELAY_MS : restartDelayMs(this.#failures);
    this.#retry = new AbortController();
    const wake = AbortSignal.any([this.#stop.signal, this.#retry.signal]);
    await delay(delayMs, undefined, { signal: wake }).catch(() => undefined);
  }
}

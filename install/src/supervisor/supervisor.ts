import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, Logger } from '@hiclaw/service-kit';
import type { HomePaths } from '../home.js';
import { rotateIfLarge } from './log-rotation.js';
import { type Plan, type ProcessSpec, readPlan } from './plan.js';
import { findMarked, isRunning, type ProcessRef } from './process-ref.js';
import { adoptProcess, type RunningProcess } from './running-process.js';
import { type ProcessStatus, readStatus, writeStatus } from './status-file.js';
import { stopProcess } from './stop-process.js';
import { SupervisedProcess, type Surroundings } from './supervised-process.js';

export const SUPERVISOR = 'supervisor';

// How long an upgrade waits for one replaced process before it replaces the next.
const REPLACED_READY_MS = 20_000;
const POLL_MS = 50;

/** What a supervisor needs from outside. */
export interface SupervisorDeps {
  readonly paths: HomePaths;
  readonly self: ProcessRef;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Keeps the processes of a plan running and tells about them in run/status.json. */
export class Supervisor {
  readonly #deps: SupervisorDeps;
  readonly #startedAtMs: number;
  readonly #fingerprint: string;
  #plan: Plan;
  #processes: readonly SupervisedProcess[] = [];
  #queue: Promise<void> = Promise.resolve();
  #applying = false;
  #stopping = false;
  #statusDue = false;
  #rotation: NodeJS.Timeout;

  private constructor(deps: SupervisorDeps, plan: Plan) {
    this.#deps = deps;
    this.#plan = plan;
    this.#fingerprint = plan.supervisorFingerprint;
    this.#startedAtMs = deps.clock.nowMs();
    this.#rotation = this.#startRotation();
  }

  /**
   * Reads the plan, takes over the processes that an earlier supervisor left, ends those that the plan does not know,
   * and starts what is missing.
   *
   * @throws GatewayError `PLAN_INVALID`
   */
  static async start(deps: SupervisorDeps): Promise<Supervisor> {
    const supervisor = new Supervisor(deps, readPlan(deps.paths.plan));
    await supervisor.#takeOver();
    void supervisor.#enqueue(() => supervisor.#apply());
    return supervisor;
  }

  /** Reads the plan again and carries it out: replaces only what differs, and tries at once what waits for its next attempt. */
  reload(): void {
    void this.#enqueue(async () => {
      this.#plan = readPlan(this.#deps.paths.plan);
      clearInterval(this.#rotation);
      this.#rotation = this.#startRotation();
      await this.#apply();
    });
  }

  /** Ends everything: gateways first, so that nothing is served without its control. Resolves when all is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#queue;
    clearInterval(this.#rotation);
    const isFirst = (each: SupervisedProcess): boolean => each.spec.after.length === 0;
    await Promise.all(this.#processes.filter((each) => !isFirst(each)).map((each) => each.stop()));
    await Promise.all(this.#processes.filter(isFirst).map((each) => each.stop()));
    this.#writeStatus();
  }

  #enqueue(action: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(async () => {
      if (this.#stopping) return;
      try {
        await action();
      } catch (error) {
        this.#deps.log.error({ err: error }, 'plan cannot be carried out');
      }
    });
    return this.#queue;
  }

  async #takeOver(): Promise<void> {
    const { paths, log } = this.#deps;
    const before = new Map((readStatus(paths.status)?.processes ?? []).map((each) => [each.name, each]));
    const marked = findMarked(paths.home).filter(({ name }) => name !== SUPERVISOR);
    const adopted = new Set<number>();
    const taken: SupervisedProcess[] = [];
    for (const spec of this.#plan.processes) {
      const known = before.get(spec.name) ?? null;
      const recorded = known?.process ?? null;
      const ref =
        recorded !== null && isRunning(recorded) ? recorded : marked.find(({ name }) => name === spec.name);
      if (ref === undefined) continue;
      adopted.add(ref.pid);
      log.info({ process: spec.name, childPid: ref.pid }, 'running process adopted');
      taken.push(this.#supervise(spec, adoptedFrom(ref, known), known));
    }
    this.#processes = taken;
    const strays: ProcessRef[] = [...marked];
    for (const { process: ref } of before.values()) if (ref !== null) strays.push(ref);
    await Promise.all(
      strays
        .filter(({ pid }) => !adopted.has(pid))
        .filter(isRunning)
        .map((ref) => {
          log.warn({ childPid: ref.pid }, 'orphan ended');
          return stopProcess(ref, this.#plan, undefined);
        }),
    );
  }

  async #apply(): Promise<void> {
    this.#applying = true;
    this.#statusChanged();
    const wanted = new Set(this.#plan.processes.map(({ name }) => name));
    const dropped = this.#processes.filter(({ spec }) => !wanted.has(spec.name));
    await Promise.all(dropped.map((each) => each.stop()));
    this.#processes = this.#processes.filter((each) => !dropped.includes(each));
    for (const spec of this.#plan.processes) {
      if (this.#isStopping()) break;
      await this.#applySpec(spec);
    }
    this.#applying = false;
    this.#statusChanged();
  }

  async #applySpec(spec: ProcessSpec): Promise<void> {
    const { log } = this.#deps;
    const old = this.#processes.find((each) => each.spec.name === spec.name);
    if (old === undefined) {
      this.#processes = [...this.#processes, this.#supervise(spec, null, null)];
      return;
    }
    if (!old.differsFrom(spec)) {
      old.retryNow();
      return;
    }
    log.info({ process: spec.name }, 'process replaced: its program or configuration changed');
    await old.stop();
    const fresh = this.#supervise(spec, null, null);
    this.#processes = this.#processes.map((each) => (each === old ? fresh : each));
    const deadline = performance.now() + REPLACED_READY_MS;
    while (!fresh.isReadyNow && !this.#isStopping() && performance.now() < deadline) await delay(POLL_MS);
  }

  /** A call, because the compiler takes a field that was false before an await for false after it. */
  #isStopping(): boolean {
    return this.#stopping;
  }

  #supervise(
    spec: ProcessSpec,
    running: RunningProcess | null,
    before: ProcessStatus | null,
  ): SupervisedProcess {
    const surroundings: Surroundings = {
      home: this.#deps.paths.home,
      clock: this.#deps.clock,
      log: this.#deps.log,
      times: this.#plan,
      areReady: (names) =>
        names.every((name) => this.#processes.find((each) => each.spec.name === name)?.wasReady ?? false),
      changed: () => {
        this.#statusChanged();
      },
    };
    return new SupervisedProcess(spec, surroundings, running, before);
  }

  #startRotation(): NodeJS.Timeout {
    const { maxBytes, keep, everyMs } = this.#plan.rotation;
    return setInterval(() => {
      const files = this.#plan.processes.flatMap(({ log, accessLog }) =>
        accessLog === undefined ? [log] : [log, accessLog],
      );
      for (const file of [...files, this.#deps.paths.supervisorLog]) {
        try {
          rotateIfLarge(file, maxBytes, keep);
        } catch (error) {
          this.#deps.log.error({ file, err: error }, 'log file cannot be rotated');
        }
      }
    }, everyMs);
  }

  /** Writes the status once for all changes of one turn of the event loop. */
  #statusChanged(): void {
    if (this.#statusDue) return;
    this.#statusDue = true;
    setImmediate(() => {
      this.#statusDue = false;
      this.#writeStatus();
    });
  }

  #writeStatus(): void {
    try {
      writeStatus(this.#deps.paths.status, {
        format: 1,
        supervisor: this.#deps.self,
        supervisorFingerprint: this.#fingerprint,
        startedAtMs: this.#startedAtMs,
        planId: this.#plan.id,
        applying: this.#applying,
        processes: this.#processes.map((each) => each.status),
      });
    } catch (error) {
      this.#deps.log.error({ err: error }, 'status cannot be written');
    }
  }
}

function adoptedFrom(ref: ProcessRef, known: ProcessStatus | null): RunningProcess {
  const isKnown = known?.process?.pid === ref.pid;
  return adoptProcess(ref, {
    startedAtMs: isKnown ? (known.startedAtMs ?? 0) : 0,
    // Nobody knows what an unrecorded process was started from: it differs from everything and is replaced.
    fingerprint: isKnown ? known.fingerprint : '',
  });
}

import { existsSync } from 'node:fs';
import { isOurHome, rememberedSettings } from '../home.js';
import { askGateways, nodeIdOf, type Replica } from '../gateway-replicas.js';
import { apiUrl } from '../installation-plan.js';
import { runSettings } from '../settings.js';
import { findSupervisor } from '../supervisor/control.js';
import { readPlan } from '../supervisor/plan.js';
import { isRunning } from '../supervisor/process-ref.js';
import { isReady } from '../supervisor/probe.js';
import { type ProcessState, type ProcessStatus, readStatus } from '../supervisor/status-file.js';
import type { CommandContext } from './context.js';

/** How one process is, as `status --json` tells. */
export interface ObservedProcess {
  readonly name: string;
  /** `not-ready`: it runs, but does not answer its probe now; `stopped`: it does not run. */
  readonly state: ProcessState | 'not-ready';
  readonly up: boolean;
  readonly pid: number | null;
  readonly uptimeSeconds: number | null;
  readonly restarts: number;
  readonly lastEnd: string | null;
  readonly version: string;
  readonly address: string;
  /** Of a gateway: the policy version in force in all its worker threads. */
  readonly policyVersion: number | null;
  /** Of a gateway: the last configuration it refused, and why. */
  readonly lastError: { readonly at: string; readonly resource: string; readonly message: string } | null;
  readonly log: string;
  readonly accessLog: string | null;
}

/** How an installation is, as `status --json` tells. */
export interface Observation {
  readonly home: string;
  readonly installed: boolean;
  /** Whether everything that should run runs and is ready. */
  readonly healthy: boolean;
  readonly api: string | null;
  readonly supervisor: {
    readonly running: boolean;
    readonly pid: number | null;
    readonly uptimeSeconds: number | null;
    readonly log: string;
  };
  readonly processes: readonly ObservedProcess[];
  /** Why gateways' policy versions are not known, if so. */
  readonly problem: string | null;
}

/** Seconds since a moment; null when there is none or it is not known. */
function secondsSince(sinceMs: number | null, nowMs: number): number | null {
  return sinceMs === null || sinceMs === 0 ? null : Math.max(0, Math.round((nowMs - sinceMs) / 1000));
}

async function observeProcess(
  status: ProcessStatus,
  probe: { readonly url: string } | undefined,
  replica: Replica | undefined,
  nowMs: number,
): Promise<ObservedProcess> {
  const running = status.process !== null && isRunning(status.process);
  const answers = running && probe !== undefined && (await isReady(probe));
  const dead = status.state === 'backoff' || status.state === 'waiting' ? status.state : 'stopped';
  const alive = status.state === 'ready' && !answers ? 'not-ready' : status.state;
  return {
    name: status.name,
    state: running ? alive : dead,
    up: running && answers,
    pid: running ? status.process.pid : null,
    uptimeSeconds: running ? secondsSince(status.startedAtMs, nowMs) : null,
    restarts: status.restarts,
    lastEnd: status.lastExit?.how ?? null,
    version: status.version,
    address: status.address,
    policyVersion: replica === undefined ? null : replica.appliedPolicyVersion,
    lastError: replica === undefined ? null : replica.lastError,
    log: status.log,
    accessLog: status.accessLog,
  };
}

function planProbes(context: CommandContext): ReadonlyMap<string, { readonly url: string }> {
  try {
    return new Map(readPlan(context.paths.plan).processes.map(({ name, ready }) => [name, ready]));
  } catch {
    return new Map();
  }
}

/** Looks at everything of the installation: files, processes, probes, and the API. Never throws for what is down. */
export async function observe(context: CommandContext): Promise<Observation> {
  const { paths, environment } = context;
  const installed = existsSync(paths.home) && isOurHome(paths);
  const status = installed ? readStatus(paths.status) : null;
  const supervisor = installed ? findSupervisor(paths) : null;
  const nowMs = context.clock.nowMs();
  const api = installed ? apiUrl(runSettings(environment, rememberedSettings(paths))) : null;
  const probes = planProbes(context);
  const anyRuns = (status?.processes ?? []).some(({ process: ref }) => ref !== null && isRunning(ref));
  const { replicas, problem } =
    api !== null && anyRuns ? await askGateways(api, paths) : { replicas: [], problem: null };
  const processes = await Promise.all(
    (status?.processes ?? []).map((each) =>
      observeProcess(
        each,
        probes.get(each.name),
        replicas.find(({ id }) => id === nodeIdOf(each.name)),
        nowMs,
      ),
    ),
  );
  return {
    home: paths.home,
    installed,
    healthy: supervisor !== null && processes.length > 0 && processes.every((each) => each.up),
    api,
    supervisor: {
      running: supervisor !== null,
      pid: supervisor?.pid ?? null,
      uptimeSeconds: supervisor === null ? null : secondsSince(status?.startedAtMs ?? null, nowMs),
      log: paths.supervisorLog,
    },
    processes,
    problem,
  };
}

import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { GatewayError } from '@hiclaw/service-kit';
import type { HomePaths } from '../home.js';
import { type Plan, readPlan } from './plan.js';
import { findMarked, isRunning, MARK, type ProcessRef, signal, untilGone } from './process-ref.js';
import { readStatus } from './status-file.js';
import { stopProcess, type StopTimes } from './stop-process.js';
import { SUPERVISOR } from './supervisor.js';

const SLACK_MS = 10_000;
const DEFAULT_TIMES: StopTimes = { drainMs: 5000, stopMs: 5000 };

/** The supervisor that runs this home; null when none does. */
export function findSupervisor(paths: HomePaths): ProcessRef | null {
  const recorded = readStatus(paths.status)?.supervisor;
  if (recorded !== undefined && isRunning(recorded)) return recorded;
  return findMarked(paths.home).find(({ name }) => name === SUPERVISOR) ?? null;
}

/** Starts a supervisor that outlives this process. It reads the plan of the home. */
export function startSupervisor(
  paths: HomePaths,
  entry: string,
  environment: Readonly<Record<string, string>>,
): void {
  const log = openSync(paths.supervisorLog, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [entry, paths.home], {
      cwd: paths.home,
      env: { ...environment, [MARK]: `${paths.home}#${SUPERVISOR}` },
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
  } finally {
    closeSync(log);
  }
}

/** Ends the supervisor and leaves its processes running. */
export async function endSupervisorAlone(ref: ProcessRef): Promise<void> {
  signal(ref, 'SIGUSR2');
  if (await untilGone(ref, SLACK_MS)) return;
  signal(ref, 'SIGKILL');
  await untilGone(ref, SLACK_MS);
}

function planTimes(paths: HomePaths): Plan | null {
  try {
    return readPlan(paths.plan);
  } catch {
    return null;
  }
}

/** Processes of this home that run, the supervisor not among them. */
function leftovers(paths: HomePaths): readonly ProcessRef[] {
  const recorded = (readStatus(paths.status)?.processes ?? []).flatMap(({ process: ref }) =>
    ref !== null && isRunning(ref) ? [ref] : [],
  );
  const pids = new Set(recorded.map(({ pid }) => pid));
  return [...recorded, ...findMarked(paths.home).filter(({ pid }) => !pids.has(pid))];
}

/**
 * Ends everything that runs for this home, also what a killed supervisor left.
 *
 * @returns how many processes were ended
 * @throws GatewayError `STOP_FAILED` when something does not end
 */
export async function stopEverything(paths: HomePaths): Promise<number> {
  const plan = planTimes(paths);
  const times = plan ?? DEFAULT_TIMES;
  const supervisor = findSupervisor(paths);
  const before = leftovers(paths).length;
  if (supervisor !== null) {
    signal(supervisor, 'SIGTERM');
    // The gateways are ended before the policy server: each gets its time to drain, to end, and to be killed.
    if (!(await untilGone(supervisor, 2 * (times.drainMs + 2 * times.stopMs) + SLACK_MS))) {
      signal(supervisor, 'SIGKILL');
      await untilGone(supervisor, SLACK_MS);
    }
  }
  const drainSockets = new Map((plan?.processes ?? []).map(({ name, drainSocket }) => [name, drainSocket]));
  const named = new Map(
    (readStatus(paths.status)?.processes ?? []).map((each) => [each.process?.pid, each.name]),
  );
  await Promise.all(
    leftovers(paths).map((ref) => stopProcess(ref, times, drainSockets.get(named.get(ref.pid) ?? ''))),
  );
  const left = leftovers(paths);
  if (left.length > 0) {
    throw new GatewayError(
      'STOP_FAILED',
      `Processes ${left.map(({ pid }) => pid).join(', ')} do not end, not even when killed.`,
    );
  }
  rmSync(paths.supervisorPid, { force: true });
  return supervisor === null ? before : Math.max(before, 1);
}

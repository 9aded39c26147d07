import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '@hiclaw/service-kit';
import { lastLines } from '../parts/run-installer.js';
import { isReady } from '../supervisor/probe.js';
import { findSupervisor } from '../supervisor/control.js';
import type { Plan, ProcessSpec } from '../supervisor/plan.js';
import { type ProcessStatus, readStatus, type SupervisorStatus } from '../supervisor/status-file.js';
import type { CommandContext } from './context.js';

const POLL_MS = 50;
const TIMEOUT_MS = 90_000;
const HOPELESS_RESTARTS = 6;
const HOPELESS_EXIT = 'exit code 78';

function logTail(path: string): string {
  try {
    return `${path} ends with:\n${lastLines(readFileSync(path, 'utf8'), 10)}`;
  } catch {
    return `${path} is empty.`;
  }
}

function describe(status: ProcessStatus | undefined): string {
  if (status === undefined) return 'not started';
  const exit = status.lastExit === null ? '' : `, last end: ${status.lastExit.how}`;
  return `${status.state}${exit}`;
}

/** The status of the supervisor that carries out `plan`; null while it has not got there. */
function statusOfPlan(context: CommandContext, plan: Plan): SupervisorStatus | null {
  const status = readStatus(context.paths.status);
  return status?.planId === plan.id && !status.applying ? status : null;
}

function failure(context: CommandContext, spec: ProcessSpec, problem: string): GatewayError {
  const status = readStatus(context.paths.status)?.processes.find(({ name }) => name === spec.name);
  return new GatewayError(
    'NOT_READY',
    `${spec.name} ${problem} (${describe(status)}). ${logTail(spec.log)}\n  It is tried again in the background; "make status" shows how it goes, "make down" stops it.`,
    { retryable: true },
  );
}

/** Whether a process failed often, or said that only a person can help, since `up` began to wait. */
function isHopeless(seen: ProcessStatus, before: SupervisorStatus | null, startedMs: number): boolean {
  const known = before?.processes.find(({ name }) => name === seen.name)?.restarts ?? 0;
  const gaveUp = seen.lastExit?.how === HOPELESS_EXIT && seen.lastExit.atMs >= startedMs;
  return gaveUp || seen.restarts - known >= HOPELESS_RESTARTS;
}

/**
 * Waits until the plan is in force and every process answers its probe, with a line for each.
 *
 * @throws GatewayError `NOT_READY` with the end of the log of the process that does not come up, `SUPERVISOR_ENDED`
 */
export async function awaitReady(context: CommandContext, plan: Plan): Promise<void> {
  const { paths, terminal } = context;
  const started = performance.now();
  const startedMs = context.clock.nowMs();
  const before = readStatus(paths.status);
  const deadline = started + TIMEOUT_MS;
  const waitingFor = [...plan.processes];
  let last = '';
  for (;;) {
    const spec = waitingFor[0];
    const status = statusOfPlan(context, plan);
    if (spec === undefined && status !== null) return;
    const seen = readStatus(paths.status)?.processes.find(({ name }) => name === spec?.name);
    if (spec !== undefined && status !== null && seen?.state === 'ready' && (await isReady(spec.ready))) {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      terminal.line(`✓ ${spec.name} ready on ${spec.address} (${spec.version}, ${seconds} s)`);
      waitingFor.shift();
      continue;
    }
    if (spec !== undefined) {
      const now = `… ${spec.name}: ${describe(seen)}`;
      if (now !== last) terminal.working(now);
      last = now;
      if (seen?.state === 'backoff' && isHopeless(seen, before, startedMs)) {
        throw failure(context, spec, 'does not start');
      }
      if (performance.now() > deadline)
        throw failure(context, spec, `is not ready after ${TIMEOUT_MS / 1000} s`);
    }
    if (performance.now() - started > POLL_MS * 40 && findSupervisor(paths) === null) {
      throw new GatewayError('SUPERVISOR_ENDED', `The supervisor has ended. ${logTail(paths.supervisorLog)}`);
    }
    await delay(POLL_MS);
  }
}

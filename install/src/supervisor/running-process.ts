import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Secret } from '@hiclaw/service-kit';
import { fingerprintOf, type ProcessSpec } from './plan.js';
import { isRunning, MARK, type ProcessRef, processRef } from './process-ref.js';

/** A process that runs, our child or adopted from a supervisor that died. */
export interface RunningProcess {
  readonly ref: ProcessRef;
  readonly startedAtMs: number;
  readonly fingerprint: string;
  /** Resolves when it has ended, with how it did, such as `exit code 1`. Never rejects. */
  readonly ended: Promise<string>;
}

const ADOPTED_POLL_MS = 100;
const LOG_MODE = 0o600;

function readSecretEnv(spec: ProcessSpec): ReadonlyMap<string, Secret> {
  return new Map(
    Object.entries(spec.secretEnv).map(([name, path]) => [
      name,
      new Secret(readFileSync(path, 'utf8').trim()),
    ]),
  );
}

function fingerprintWith(spec: ProcessSpec, secrets: ReadonlyMap<string, Secret>): string {
  const values = [...secrets].flatMap(([name, value]) => [name, value.expose()]);
  return values.length === 0 ? spec.fingerprint : fingerprintOf(spec.fingerprint, ...values);
}

/** What a process started now would have as its fingerprint; null while a file it needs is not there. */
export function fingerprintNow(spec: ProcessSpec): string | null {
  try {
    return fingerprintWith(spec, readSecretEnv(spec));
  } catch {
    return null;
  }
}

/**
 * Starts a process in a session of its own, so that it outlives this one, writing to its log file.
 *
 * @throws Error when the program or a file it needs is not there
 */
export async function startProcess(spec: ProcessSpec, home: string, nowMs: number): Promise<RunningProcess> {
  const secrets = readSecretEnv(spec);
  const env: Record<string, string> = { ...spec.env, [MARK]: `${home}#${spec.name}` };
  for (const [name, value] of secrets) env[name] = value.expose();
  const log = openSync(spec.log, 'a', LOG_MODE);
  try {
    const child = spawn(spec.command, spec.args, {
      cwd: home,
      env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    const ended = new Promise<string>((settle) => {
      child.once('exit', (code, signal) => {
        settle(signal === null ? `exit code ${code ?? '?'}` : `killed by ${signal}`);
      });
    });
    await new Promise<void>((settle, fail) => {
      child.once('spawn', settle);
      child.once('error', fail);
    });
    const pid = child.pid ?? 0;
    const ref = processRef(pid) ?? { pid, started: '' };
    return { ref, startedAtMs: nowMs, fingerprint: fingerprintWith(spec, secrets), ended };
  } finally {
    closeSync(log);
  }
}

/** Watches a process that another supervisor started. */
export function adoptProcess(
  ref: ProcessRef,
  known: { readonly startedAtMs: number; readonly fingerprint: string },
): RunningProcess {
  const watch = async (): Promise<string> => {
    while (isRunning(ref)) await delay(ADOPTED_POLL_MS);
    return 'ended (how is unknown: it was started by an earlier supervisor)';
  };
  return { ref, startedAtMs: known.startedAtMs, fingerprint: known.fingerprint, ended: watch() };
}

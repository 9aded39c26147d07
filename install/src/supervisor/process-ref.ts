import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessRef {
  readonly pid: number;
  /** Boot and start time of the process, opaque; compare only for equality. */
  readonly started: string;
}

const POLL_MS = 25;

/** Variable that marks the processes of a home: `<home>#<name>`. It is how orphans are found after a supervisor died. */
export const MARK = 'HICLAW_SUPERVISED';

const onLinux = process.platform === 'linux';
const START_TIME_FIELD = 19;
const PARENT_FIELD = 1;

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'boot';
  }
}

/** Fields of /proc/<pid>/stat after the command name: state, parent, …; null when there is no such process. */
function statFields(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name is in parentheses and may hold anything, parentheses too.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** The running process with this pid; null when there is none, or only a zombie that nobody has reaped. */
export function processRef(pid: number): ProcessRef | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  if (onLinux) {
    const fields = statFields(pid);
    if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null;
    return { pid, started: `${bootId()}/${fields[START_TIME_FIELD] ?? ''}` };
  }
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = stdout.trim();
  if (line === '' || line.startsWith('Z')) return null;
  return { pid, started: line.slice(line.indexOf(' ')).trim() };
}

/** Whether this very process still runs. */
export function isRunning(ref: ProcessRef): boolean {
  return processRef(ref.pid)?.started === ref.started;
}

/** Sends a signal, unless the process is gone or its pid belongs to another one by now. */
export function signal(ref: ProcessRef, name: NodeJS.Signals): boolean {
  if (!isRunning(ref)) return false;
  try {
    return process.kill(ref.pid, name);
  } catch {
    return false;
  }
}

/** Processes that carry the mark of `home`, by name; a process that inherited it from its marked parent is not listed. Linux only, elsewhere empty. */
export function findMarked(home: string): readonly (ProcessRef & { readonly name: string })[] {
  if (!onLinux) return [];
  const prefix = `${MARK}=${home}#`;
  const found = new Map<number, ProcessRef & { readonly name: string; readonly parent: number }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const pid = Number(entry);
    if (pid === process.pid) continue;
    let environment: string;
    try {
      environment = readFileSync(`/proc/${entry}/environ`, 'utf8');
    } catch {
      // another user's process, or one that has just ended
      continue;
    }
    const mark = environment.split('\0').find((variable) => variable.startsWith(prefix));
    const ref = mark === undefined ? null : processRef(pid);
    if (mark === undefined || ref === null) continue;
    found.set(pid, {
      ...ref,
      name: mark.slice(prefix.length),
      parent: Number(statFields(pid)?.[PARENT_FIELD]),
    });
  }
  return [...found.values()].filter(({ name, parent }) => found.get(parent)?.name !== name);
}

/** Waits for its end; false when it still runs after `withinMs` milliseconds. */
export async function untilGone(ref: ProcessRef, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isRunning(ref)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

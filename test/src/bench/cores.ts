import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The gateway has one core to itself; everything else (load, upstream) runs on the other. */
export const GATEWAY_CORE = 0;
export const LOAD_CORE = 1;

/** @throws Error when this machine cannot keep the two apart. */
export function assertCores(): void {
  if (process.platform !== 'linux' || cpus().length < 2) {
    throw new Error('The benchmark needs Linux and two cores: one for the gateway, one for the load.');
  }
  execFileSync('taskset', ['--version'], { stdio: 'ignore' });
}

export interface PinnedOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: StdioOptions;
}

/** Starts a process that stays on one core, with all its threads. */
export function spawnPinned(
  core: number,
  command: string,
  args: readonly string[],
  options: PinnedOptions = {},
): ChildProcess {
  return spawn('taskset', ['-c', String(core), command, ...args], {
    stdio: options.stdio ?? ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...options.env },
  });
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());

/** CPU seconds, user and system, that a process has used so far (proc(5): utime + stime, in ticks of 10 ms). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in brackets may hold blanks; state follows it, so utime and stime are at 11 and 12.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** CPU seconds that several processes have used so far. */
export function totalCpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

/** Resident set of a process, MiB. */
export function residentMib(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib) / 1024;
}

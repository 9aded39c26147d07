import { readFileSync } from 'node:fs';
import { writePrivateFile } from '@hiclaw/service-kit';
import type { ProcessRef } from './process-ref.js';

/**
 * - `waiting`: for a process that must be ready first
 * - `starting`: runs, not ready yet
 * - `ready`: has answered its probe since it was started
 * - `backoff`: ended, will be started again
 * - `stopping`, `stopped`: on request
 */
export type ProcessState = 'waiting' | 'starting' | 'ready' | 'backoff' | 'stopping' | 'stopped';

export interface ProcessStatus {
  readonly name: string;
  readonly state: ProcessState;
  readonly version: string;
  readonly process: ProcessRef | null;
  /** Milliseconds since the epoch; null when it does not run. */
  readonly startedAtMs: number | null;
  /** Starts after the first one that nobody asked for. */
  readonly restarts: number;
  readonly lastExit: { readonly atMs: number; readonly how: string } | null;
  /** Of the specification that the running process was started from. */
  readonly fingerprint: string;
  readonly address: string;
  readonly log: string;
  readonly accessLog: string | null;
}

/** What the supervisor tells in run/status.json, replaced as a whole at each change. */
export interface SupervisorStatus {
  readonly format: 1;
  readonly supervisor: ProcessRef;
  readonly supervisorFingerprint: string;
  readonly startedAtMs: number;
  /** The plan in force. */
  readonly planId: string;
  /** Whether a change of the plan is still being carried out. */
  readonly applying: boolean;
  readonly processes: readonly ProcessStatus[];
}

export function writeStatus(path: string, status: SupervisorStatus): void {
  writePrivateFile(path, `${JSON.stringify(status, null, 2)}\n`);
}

/** The last status that was written; null when there is none that can be read. */
export function readStatus(path: string): SupervisorStatus | null {
  try {
    const status = JSON.parse(readFileSync(path, 'utf8')) as SupervisorStatus | { readonly format: 0 };
    return status.format === 1 ? status : null;
  } catch {
    return null;
  }
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GatewayError, writePrivateFile } from '@hiclaw/service-kit';

/** An HTTP GET that tells how a process is: by TCP, or by a Unix socket. Ready means 200. */
export interface Probe {
  readonly url: string;
  /** Path of the Unix socket; the URL's host is then only a name. */
  readonly socket?: string;
}

/** One process to keep running. It holds no secret: what must not be in a file is named in `secretEnv`. */
export interface ProcessSpec {
  /** Unique in a plan, such as `envoy-0`. */
  readonly name: string;
  /** For `status`. */
  readonly version: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the process, but for `secretEnv` and the mark of the home. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that get the trimmed content of a file, read at each start. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Processes that must have become ready before the first start of this one. */
  readonly after: readonly string[];
  readonly ready: Probe;
  /** Address that the process listens on, such as `127.0.0.1:18080`. */
  readonly address: string;
  /** Envoy's admin socket: before the process is ended, its listeners are closed and running requests waited for. */
  readonly drainSocket?: string;
  /** Standard output and error. */
  readonly log: string;
  /** A further file that the process appends to. */
  readonly accessLog?: string;
  /** Changes when the process must be started anew: code, arguments, configuration. */
  readonly fingerprint: string;
}

/** When log files are cut. */
interface Rotation {
  /** Bytes. */
  readonly maxBytes: number;
  /** Older files kept beside the current one. */
  readonly keep: number;
  /** Milliseconds between looks at the sizes. */
  readonly everyMs: number;
}

/** What a supervisor keeps running, in order of start. */
export interface Plan {
  readonly format: 1;
  /** Hash of the rest. */
  readonly id: string;
  /** Folder of the installation. */
  readonly home: string;
  /** Code and Node of the supervisor that this plan is for. */
  readonly supervisorFingerprint: string;
  readonly processes: readonly ProcessSpec[];
  readonly rotation: Rotation;
  /** Milliseconds that running requests get to end before Envoy is told to. */
  readonly drainMs: number;
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly stopMs: number;
}

export function fingerprintOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 16);
}

export function planOf(parts: Omit<Plan, 'format' | 'id'>): Plan {
  return { format: 1, id: fingerprintOf(JSON.stringify(parts)), ...parts };
}

export function writePlan(path: string, plan: Plan): void {
  writePrivateFile(path, `${JSON.stringify(plan, null, 2)}\n`);
}

/** @throws GatewayError `PLAN_INVALID` when the file is of another format or damaged */
export function readPlan(path: string): Plan {
  try {
    const plan = JSON.parse(readFileSync(path, 'utf8')) as Plan | { readonly format: 0 };
    if (plan.format === 1) return plan;
  } catch (cause) {
    throw new GatewayError('PLAN_INVALID', `${path} cannot be read; run "make up" to write it anew.`, {
      cause,
    });
  }
  throw new GatewayError('PLAN_INVALID', `${path} is of another version; run "make up" to write it anew.`);
}

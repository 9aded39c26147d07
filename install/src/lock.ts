import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '@hiclaw/service-kit';
import { hasErrorCode } from './error-code.js';
import { isRunning, type ProcessRef, processRef } from './supervisor/process-ref.js';

/** Settings of `withLock`. */
export interface LockOptions {
  /** Milliseconds to wait for the holder; default 15 minutes, the longest install. */
  readonly timeoutMs?: number;
  /** Called once when the lock is held by another process. */
  readonly onWait?: (holder: number) => void;
}

interface Holder extends ProcessRef {
  readonly id: string;
}

const DEFAULT_TIMEOUT_MS = 15 * 60_000;
const POLL_MS = 50;
// A breaker holds its claim for the time of two system calls; one this old belongs to a breaker that was killed in between.
const ABANDONED_CLAIM_MS = 10_000;

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** Links `content` to `path` in one step: nobody ever sees the file half written. False when it exists. */
function createWhole(path: string, content: string): boolean {
  const temporary = `${path}.${randomUUID()}`;
  writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

/**
 * Removes the lock of a holder that is dead. Only the owner of the claim may remove this very lock, and a lock id never
 * comes back, so a lock that was taken meanwhile is never removed by mistake.
 */
function breakLock(path: string, dead: Holder): void {
  const claim = `${path}.break-${dead.id}`;
  if (!createWhole(claim, '')) {
    try {
      if (Date.now() - statSync(claim).mtimeMs > ABANDONED_CLAIM_MS) unlinkSync(claim);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) throw error;
    }
    return;
  }
  try {
    if (readHolder(path)?.id === dead.id) unlinkSync(path);
  } finally {
    unlinkSync(claim);
  }
}

/**
 * Runs `action` while holding the lock file `path`, across processes. The lock of a process that died is taken over.
 *
 * @throws GatewayError `LOCK_TIMEOUT` when another process holds it for longer than `timeoutMs`
 */
export async function withLock<T>(
  path: string,
  action: () => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const self = processRef(process.pid);
  const mine: Holder = { id: randomUUID(), pid: process.pid, started: self?.started ?? '' };
  const deadline = performance.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  let told = false;
  while (!createWhole(path, JSON.stringify(mine))) {
    const holder = readHolder(path);
    if (holder === null) continue;
    if (!isRunning(holder)) {
      breakLock(path, holder);
    } else if (performance.now() > deadline) {
      throw new GatewayError(
        'LOCK_TIMEOUT',
        `${path} is held by process ${holder.pid}; wait for it, or end it.`,
        {
          retryable: true,
        },
      );
    } else if (!told) {
      told = true;
      options.onWait?.(holder.pid);
    }
    await delay(POLL_MS);
  }
  try {
    return await action();
  } finally {
    if (readHolder(path)?.id === mine.id) unlinkSync(path);
  }
}

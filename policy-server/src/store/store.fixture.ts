import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeResource, type Kind, type ResourceInput } from '@hiclaw/resources';
import { type Clock, createLogger, type Logger } from '@hiclaw/service-kit';
import { PolicyStore } from './store.js';

export const silentLog: Logger = createLogger({ name: 'test', level: 'silent' });

/** A clock that stands still until it is moved. */
export class TestClock implements Clock {
  #nowMs = Date.UTC(2026, 0, 1);

  nowMs(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hiclaw-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function openStore(directory: string, clock: Clock = new TestClock()): PolicyStore {
  return new PolicyStore({ path: join(directory, 'policy.db'), clock, log: silentLog });
}

/** A decoded resource; throws when the input is not valid. */
export function resource<K extends Kind>(
  kind: K,
  name: string,
  spec: object,
  labels: object = {},
): ResourceInput<K> {
  const decoded = decodeResource(kind, { metadata: { name, labels }, spec });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
  return decoded.value;
}

export const TESTER = { actor: 'tester', requestId: 'test' };

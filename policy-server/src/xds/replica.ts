import { EXTENSION_TYPE, type PluginName } from '../render/names.js';
import type { Snapshot, SnapshotResource } from '../snapshot/snapshot.js';
import { Confirmations } from './confirmations.js';
import type { DiscoveryRequest } from './discovery.js';
import { type Answer, type HeldContent, type Session, shownName } from './session.js';

/** Threads whose VMs confirm beside the workers': the main thread runs each filter's root context too. */
const MAIN_THREADS = 1;

/** The last policy version for which each content was right. */
export type ContentHistory = (resource: SnapshotResource) => number | null;

export interface ReplicaError {
  readonly atMs: number;
  readonly resource: string;
  readonly message: string;
}

/** How far one resource is on a replica. */
type Progress = { readonly through: number } | { readonly waitsFor: string };

/** One gateway, over its reconnects. */
export class Replica {
  readonly id: string;
  readonly confirmations = new Confirmations();
  session: Session | null = null;
  /** When the last stream ended; meaningless while there is one. */
  lostAtMs = 0;
  envoyVersion = 'unknown';
  lastError: ReplicaError | null = null;
  #lastApplied: number | null = null;

  constructor(id: string) {
    this.id = id;
  }

  /** A new stream. A process that knows nothing yet is a new one. */
  attach(session: Session, request: DiscoveryRequest): void {
    this.session = session;
    this.envoyVersion = session.node.envoyVersion;
    if ((request.version_info ?? '') === '') {
      this.confirmations.clear();
      this.#lastApplied = null;
    }
  }

  /** A refusal is remembered until the gateway accepts the same resource again. */
  answered({ resource, refusal }: Answer, atMs: number): void {
    if (refusal !== null) this.lastError = { atMs, resource, message: refusal };
    else if (this.lastError?.resource === resource) this.lastError = null;
  }

  /**
   * The newest policy version that all its threads run, null: none since it started. Content that was right for
   * several versions counts for the last of them.
   */
  applied(snapshot: Snapshot, history: ContentHistory): number | null {
    const through = this.#through(snapshot, history);
    if (through !== null && through > (this.#lastApplied ?? -1)) this.#lastApplied = through;
    return this.#lastApplied;
  }

  /** What keeps the current snapshot from being applied, in words; null: nothing. */
  obstacle(snapshot: Snapshot): string | null {
    const { session } = this;
    if (session === null) return 'its stream is broken';
    for (const resource of session.wanted()) {
      if (session.hasRejected(resource)) {
        return `it refused ${shownName(resource)}: ${this.lastError?.message ?? ''}`;
      }
      const progress = this.#progress(session, resource, snapshot.policyVersion, () => null);
      if ('waitsFor' in progress) return progress.waitsFor;
    }
    return null;
  }

  /** Whether the gateway refused something of the current snapshot: waiting does not help then. */
  get stuck(): boolean {
    const { session } = this;
    return session?.wanted().some((resource) => session.hasRejected(resource)) ?? false;
  }

  #through(snapshot: Snapshot, history: ContentHistory): number | null {
    const { session } = this;
    if (session === null) return null;
    const wanted = session.wanted();
    if (wanted.length === 0) return null;
    let through = snapshot.policyVersion;
    for (const resource of wanted) {
      const progress = this.#progress(session, resource, snapshot.policyVersion, history);
      if ('waitsFor' in progress) return null;
      through = Math.min(through, progress.through);
    }
    return through;
  }

  #progress(session: Session, wanted: SnapshotResource, current: number, history: ContentHistory): Progress {
    const what = shownName(wanted);
    const held = session.held(wanted.type, wanted.name);
    if (!held) return { waitsFor: `it has not accepted ${what} yet` };
    const missing = this.#missingConfirmations(session, wanted, held);
    if (missing > 0) return { waitsFor: `${missing} of its threads have not confirmed ${what} yet` };
    if (held.hash === wanted.hash) return { through: current };
    const through = held.resource === null ? null : history(held.resource);
    return through === null ? { waitsFor: `it has not accepted ${what} yet` } : { through };
  }

  #missingConfirmations(session: Session, wanted: SnapshotResource, { resource }: HeldContent): number {
    // Content from an earlier stream was confirmed then, and has been in force since.
    if (resource?.imageVersion == null || wanted.type !== EXTENSION_TYPE) return 0;
    const count = this.confirmations.count(resource.name as PluginName, resource.imageVersion);
    return Math.max(0, session.node.concurrency + MAIN_THREADS - count);
  }
}

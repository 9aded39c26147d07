import type { Clock } from '@hiclaw/service-kit';
import type { GatewayReplica, ReplicaApplied } from '../gateways.js';
import type { PluginName } from '../render/names.js';
import { sharedResources, type Snapshot, type SnapshotResource } from '../snapshot/snapshot.js';
import type { DiscoveryRequest } from './discovery.js';
import { Replica } from './replica.js';
import type { Answer, Session } from './session.js';

/** How long a lost replica stays in the list. */
const LOST_SHOWN_MS = 600_000;

/** All gateways: who is there, what each runs, and who waits for that to change. */
export class Fleet {
  readonly #clock: Clock;
  readonly #replicas = new Map<string, Replica>();
  readonly #waiting = new Set<() => void>();
  /** The last policy version for which a content was right. */
  readonly #through = new WeakMap<SnapshotResource, number>();
  #snapshot: Snapshot | null = null;
  #failedVersion = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** Makes a snapshot the wanted one, for live gateways and those to come. */
  publish(snapshot: Snapshot): void {
    this.#changed();
    for (const resource of sharedResources(snapshot)) this.#through.set(resource, snapshot.policyVersion);
    this.#snapshot = snapshot;
    for (const { session } of this.#replicas.values()) session?.publish(snapshot);
    this.#changed();
  }

  /** This policy version cannot be compiled, so no gateway will get it: nobody needs to wait for it. */
  fail(policyVersion: number): void {
    this.#failedVersion = policyVersion;
    this.#changed();
  }

  /** False when this gateway is connected already: two processes with one id could not be told apart. */
  connect(session: Session, request: DiscoveryRequest): boolean {
    this.#forgetLost();
    const { id } = session.node;
    const replica = this.#replicas.get(id) ?? new Replica(id);
    if (replica.session !== null) return false;
    this.#replicas.set(id, replica);
    replica.attach(session, request);
    if (this.#snapshot !== null) session.publish(this.#snapshot);
    return true;
  }

  disconnect(session: Session): void {
    const replica = this.#replicas.get(session.node.id);
    if (replica?.session !== session) return;
    replica.session = null;
    replica.lostAtMs = this.#clock.nowMs();
    this.#changed();
  }

  receive(session: Session, request: DiscoveryRequest): Answer | null {
    const answer = session.receive(request);
    if (answer !== null) this.#replicas.get(session.node.id)?.answered(answer, this.#clock.nowMs());
    this.#changed();
    return answer;
  }

  /** A VM says which version it runs. False when no such gateway is connected. */
  confirm(node: string, plugin: PluginName, vm: string, version: bigint): boolean {
    const replica = this.#replicas.get(node);
    if (replica?.session == null) return false;
    replica.confirmations.add(plugin, vm, version);
    this.#changed();
    return true;
  }

  /** Path of the Unix socket of a connected gateway's admin interface; null: it is not connected, or does not say. */
  adminSocketOf(node: string): string | null {
    return this.#replicas.get(node)?.session?.node.adminSocket ?? null;
  }

  list(): readonly GatewayReplica[] {
    this.#forgetLost();
    return [...this.#replicas.values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((replica) => ({
        id: replica.id,
        envoyVersion: replica.envoyVersion,
        connected: replica.session !== null,
        appliedPolicyVersion: this.#appliedBy(replica),
        lastError: shownError(replica),
      }));
  }

  /** See `Gateways.applied`. Ends early when each replica has either applied the version or refused it. */
  applied(policyVersion: number, timeoutMs: number): Promise<readonly ReplicaApplied[]> {
    const startMs = this.#clock.nowMs();
    const open = new Set([...this.#replicas.values()].filter((replica) => replica.session !== null));
    const results: ReplicaApplied[] = [];
    const collect = (): boolean => {
      for (const replica of open) {
        if ((this.#appliedBy(replica) ?? -1) < policyVersion) continue;
        results.push({ id: replica.id, applied: true, ms: this.#clock.nowMs() - startMs });
        open.delete(replica);
      }
      return [...open].every((replica) => this.#isStuck(replica, policyVersion));
    };
    const finish = (): readonly ReplicaApplied[] => {
      const ms = this.#clock.nowMs() - startMs;
      for (const replica of open) {
        results.push({ id: replica.id, applied: false, ms, error: this.#obstacle(replica, policyVersion) });
      }
      return results.sort((a, b) => (a.id < b.id ? -1 : 1));
    };
    if (collect() || timeoutMs <= 0) return Promise.resolve(finish());
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        resolve(finish());
      };
      const look = (): void => {
        if (collect()) end();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waiting.add(look);
    });
  }

  #appliedBy(replica: Replica): number | null {
    if (this.#snapshot === null) return null;
    return replica.applied(this.#snapshot, (resource) => this.#through.get(resource) ?? null);
  }

  #isStuck(replica: Replica, policyVersion: number): boolean {
    return this.#isCompiled(policyVersion) ? replica.stuck : this.#failedVersion >= policyVersion;
  }

  #isCompiled(policyVersion: number): boolean {
    return this.#snapshot !== null && this.#snapshot.policyVersion >= policyVersion;
  }

  #obstacle(replica: Replica, policyVersion: number): string {
    if (this.#snapshot === null || !this.#isCompiled(policyVersion)) {
      return `policy version ${policyVersion} is not compiled; the last good one stays in force`;
    }
    return replica.obstacle(this.#snapshot) ?? 'its stream broke';
  }

  #forgetLost(): void {
    const now = this.#clock.nowMs();
    for (const [id, replica] of this.#replicas) {
      if (replica.session === null && now - replica.lostAtMs > LOST_SHOWN_MS) this.#replicas.delete(id);
    }
  }

  /** Notes how far each gateway is, then lets those look who wait. */
  #changed(): void {
    for (const replica of this.#replicas.values()) this.#appliedBy(replica);
    for (const look of [...this.#waiting]) look();
  }
}

function shownError({ lastError }: Replica): GatewayReplica['lastError'] {
  if (lastError === null) return null;
  const { atMs, resource, message } = lastError;
  return { at: new Date(atMs).toISOString(), resource, message };
}

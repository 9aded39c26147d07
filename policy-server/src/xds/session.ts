import {
  CLUSTER_TYPE,
  CREDENTIAL_INJECTION,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
} from '../render/names.js';
import { listenerResource, type Snapshot, type SnapshotResource, WHOLE_TYPE } from '../snapshot/snapshot.js';
import { type DiscoveryRequest, type GatewayNode, requestType } from './discovery.js';
import { errorText } from './error-text.js';
import { formatVersion, parseVersion } from './held-versions.js';

/** What a session sends: one resource (or all clusters) of one type. */
export interface SessionResponse {
  readonly type: string;
  readonly version: string;
  readonly nonce: string;
  readonly resource: SnapshotResource;
}

/** Content that a gateway has accepted. */
export interface HeldContent {
  readonly hash: string;
  /** Null: accepted from an earlier run of the policy server, or on an earlier stream. */
  readonly resource: SnapshotResource | null;
}

/** A gateway's answer to one response. */
export interface Answer {
  /** Name of the resource, or of the type where all of it is one. */
  readonly resource: string;
  /** Why it was refused; null: accepted. */
  readonly refusal: string | null;
}

interface Subscription {
  names: ReadonlySet<string>;
  readonly held: Map<string, HeldContent>;
  /** Hash of the content that was refused last. */
  readonly rejected: Map<string, string>;
  readonly sentAt: Map<string, number>;
  inFlight: { readonly nonce: string; readonly resource: SnapshotResource } | null;
}

const TYPES = [CLUSTER_TYPE, ROUTE_TYPE, EXTENSION_TYPE, LISTENER_TYPE];
const WHOLE_TYPES: ReadonlySet<string> = new Set([CLUSTER_TYPE, LISTENER_TYPE]);

/**
 * One ADS stream: decides what to send next. State of the world, but each response holds one resource, and there is at
 * most one response of a type under way, so that every answer says exactly which content was accepted or refused, and
 * a storm of changes sends only what is newest when the gateway is ready for it.
 */
export class Session {
  readonly node: GatewayNode;
  readonly #send: (response: SessionResponse) => void;
  readonly #subscriptions = new Map<string, Subscription>();
  #snapshot: Snapshot | null = null;
  #listener: SnapshotResource | null = null;
  #count = 0;

  constructor(node: GatewayNode, send: (response: SessionResponse) => void) {
    this.node = node;
    this.#send = send;
  }

  /** Sends what is new in this snapshot. */
  publish(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    const listener = listenerResource(snapshot, this.node);
    if (this.#listener?.hash !== listener.hash) this.#listener = listener;
    for (const type of TYPES) this.#sendNext(type);
  }

  /** Takes in a subscription, an acknowledgement or a refusal. */
  receive(request: DiscoveryRequest): Answer | null {
    const type = requestType(request);
    if (!TYPES.includes(type)) return null;
    const subscription = this.#subscriptions.get(type) ?? this.#open(type, request);
    const answer = this.#acknowledge(subscription, request);
    this.#subscribe(type, subscription, request);
    this.#sendNext(type);
    return answer;
  }

  /** What the gateway holds of a resource it asks for; null: nothing yet, undefined: it does not ask for it. */
  held(type: string, name: string): HeldContent | null | undefined {
    const subscription = this.#subscriptions.get(type);
    if (subscription?.names.has(name) !== true) return undefined;
    return subscription.held.get(name) ?? null;
  }

  /** Whether this very content was refused. */
  hasRejected({ type, name, hash }: SnapshotResource): boolean {
    return this.#subscriptions.get(type)?.rejected.get(name) === hash;
  }

  /** All that a snapshot means for this gateway. */
  wanted(): readonly SnapshotResource[] {
    const snapshot = this.#snapshot;
    if (snapshot === null || this.#listener === null) return [];
    const extensions = [...snapshot.extensions]
      // A gateway without upstreams has no filter in front of them.
      .filter(([plugin]) => plugin !== CREDENTIAL_INJECTION || snapshot.clusters.messages.length > 0)
      .map(([, resource]) => resource);
    return [snapshot.clusters, this.#listener, snapshot.routes, ...extensions];
  }

  #open(type: string, request: DiscoveryRequest): Subscription {
    const subscription: Subscription = {
      names: new Set(),
      held: new Map(),
      rejected: new Map(),
      sentAt: new Map(),
      inFlight: null,
    };
    for (const [name, hash] of parseVersion(request.version_info ?? '')) {
      subscription.held.set(name, { hash, resource: null });
    }
    this.#subscriptions.set(type, subscription);
    return subscription;
  }

  #acknowledge(subscription: Subscription, request: DiscoveryRequest): Answer | null {
    const { inFlight } = subscription;
    if (inFlight === null) return null;
    // Anything else answers what was already answered.
    if (request.response_nonce !== inFlight.nonce) return null;
    const { name, hash } = inFlight.resource;
    subscription.inFlight = null;
    if (request.error_detail === undefined) {
      subscription.held.set(name, { hash, resource: inFlight.resource });
      subscription.rejected.delete(name);
      return { resource: shownName(inFlight.resource), refusal: null };
    }
    subscription.rejected.set(name, hash);
    return { resource: shownName(inFlight.resource), refusal: errorText(request.error_detail.message ?? '') };
  }

  #subscribe(type: string, subscription: Subscription, request: DiscoveryRequest): void {
    const names = WHOLE_TYPES.has(type) ? [WHOLE_TYPE] : (request.resource_names ?? []);
    subscription.names = new Set(names);
    // What a gateway stops asking for, it forgets.
    for (const name of subscription.held.keys()) {
      if (!subscription.names.has(name)) subscription.held.delete(name);
    }
  }

  #sendNext(type: string): void {
    const subscription = this.#subscriptions.get(type);
    if (subscription?.inFlight !== null) return;
    const due = this.#offered(type)
      .filter(({ name, hash }) => {
        const current = subscription.held.get(name)?.hash;
        return subscription.names.has(name) && current !== hash && subscription.rejected.get(name) !== hash;
      })
      .sort((a, b) => (subscription.sentAt.get(a.name) ?? 0) - (subscription.sentAt.get(b.name) ?? 0));
    const resource = due[0];
    if (resource === undefined) return;
    const nonce = String(++this.#count);
    subscription.inFlight = { nonce, resource };
    subscription.sentAt.set(resource.name, this.#count);
    const hashes = new Map([...subscription.held].map(([name, { hash }]) => [name, hash]));
    hashes.set(resource.name, resource.hash);
    this.#send({ type, version: formatVersion(hashes), nonce, resource });
  }

  #offered(type: string): readonly SnapshotResource[] {
    const snapshot = this.#snapshot;
    if (snapshot === null) return [];
    switch (type) {
      case CLUSTER_TYPE:
        return [snapshot.clusters];
      case LISTENER_TYPE:
        return this.#listener === null ? [] : [this.#listener];
      case ROUTE_TYPE:
        return [snapshot.routes];
      default:
        return [...snapshot.extensions.values()];
    }
  }
}

/** How a resource is called in messages to people. */
export function shownName({ type, name }: SnapshotResource): string {
  return name === WHOLE_TYPE ? type.slice(type.lastIndexOf('.') + 1) : name;
}

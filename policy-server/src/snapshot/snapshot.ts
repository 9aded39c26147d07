import type { EnvoyMessage } from '../render/json.js';
import {
  CLUSTER_TYPE,
  EXTENSION_TYPE,
  LISTENER_TYPE,
  type PluginName,
  ROUTE_CONFIG,
  ROUTE_TYPE,
} from '../render/names.js';
import type { NodeSettings } from '../render/settings.js';
import { combinedHash, contentHash } from './content-hash.js';

/** Stands for all resources of a type that gateways ask for as a whole. */
export const WHOLE_TYPE = '*';

/** One thing that gateways hold one content of at a time: an extension, the route table, or all clusters. */
export interface SnapshotResource {
  /** Message type without prefix. */
  readonly type: string;
  readonly name: string;
  /** Of the content: equal content, equal hash, over restarts of the policy server too. */
  readonly hash: string;
  readonly messages: readonly EnvoyMessage[];
  /** What the plugins' VMs confirm once they run this content; null: nothing confirms it. */
  readonly imageVersion: bigint | null;
}

/** Everything the gateways shall run, immutable. Content that did not change is the same object as before. */
export interface Snapshot {
  readonly policyVersion: number;
  readonly clusters: SnapshotResource;
  readonly routes: SnapshotResource;
  readonly extensions: ReadonlyMap<PluginName, SnapshotResource>;
  /** The listener of one gateway, which depends on where it shall listen. */
  readonly listener: (node: NodeSettings) => EnvoyMessage;
}

/** A plugin's filter with its image. */
export interface RenderedExtension {
  readonly plugin: PluginName;
  readonly message: EnvoyMessage;
  /** Hash of the image without the policy version it bears. */
  readonly imageHash: string;
  readonly imageVersion: bigint;
  /** The filter without its image. */
  readonly frame: EnvoyMessage;
}

/** What rendering gives. */
export interface Rendered {
  readonly policyVersion: number;
  readonly clusters: readonly EnvoyMessage[];
  readonly routes: EnvoyMessage;
  readonly extensions: readonly RenderedExtension[];
  readonly listener: (node: NodeSettings) => EnvoyMessage;
}

/** Pure: equal input gives equal hashes. Takes over from `previous` what did not change. */
export function buildSnapshot(previous: Snapshot | null, rendered: Rendered): Snapshot {
  const extensions = rendered.extensions.map((extension) => {
    const made = extensionResource(extension);
    return [extension.plugin, unlessEqual(previous?.extensions.get(extension.plugin), made)] as const;
  });
  return {
    policyVersion: rendered.policyVersion,
    clusters: unlessEqual(previous?.clusters, resource(CLUSTER_TYPE, WHOLE_TYPE, rendered.clusters)),
    routes: unlessEqual(previous?.routes, resource(ROUTE_TYPE, ROUTE_CONFIG, [rendered.routes])),
    extensions: new Map(extensions),
    listener: rendered.listener,
  };
}

/** The listener of one gateway as a resource. */
export function listenerResource(snapshot: Snapshot, node: NodeSettings): SnapshotResource {
  return resource(LISTENER_TYPE, WHOLE_TYPE, [snapshot.listener(node)]);
}

/** What the gateways of a snapshot have in common, in the order in which a change is best sent. */
export function sharedResources(snapshot: Snapshot): readonly SnapshotResource[] {
  return [snapshot.clusters, snapshot.routes, ...snapshot.extensions.values()];
}

function unlessEqual(before: SnapshotResource | undefined, made: SnapshotResource): SnapshotResource {
  return before?.hash === made.hash ? before : made;
}

function resource(type: string, name: string, messages: readonly EnvoyMessage[]): SnapshotResource {
  const hash = combinedHash(messages.map((message) => contentHash(message)).sort());
  return { type, name, hash, messages, imageVersion: null };
}

function extensionResource(extension: RenderedExtension): SnapshotResource {
  const { plugin, message, frame, imageHash, imageVersion } = extension;
  const hash = combinedHash([contentHash(frame), imageHash]);
  return { type: EXTENSION_TYPE, name: plugin, hash, messages: [message], imageVersion };
}

import { typeUrl } from '../render/json.js';
import type { NodeSettings, NodeTracing } from '../render/settings.js';

/** `envoy.service.discovery.v3.DiscoveryRequest`, as far as it is read. */
export interface DiscoveryRequest {
  readonly version_info?: string;
  readonly node?: DiscoveryNode;
  readonly resource_names?: readonly string[];
  readonly type_url?: string;
  readonly response_nonce?: string;
  readonly error_detail?: { readonly message?: string };
}

interface DiscoveryNode {
  readonly id?: string;
  readonly metadata?: { readonly fields?: Readonly<Record<string, StructValue>> };
  readonly user_agent_build_version?: {
    readonly version?: { major_number?: number; minor_number?: number; patch?: number };
  };
}

interface StructValue {
  readonly stringValue?: string;
  readonly numberValue?: number;
  readonly structValue?: { readonly fields?: Readonly<Record<string, StructValue>> };
}

/** Who a gateway is, from the first message of its stream. */
export interface GatewayNode extends NodeSettings {
  readonly id: string;
  readonly envoyVersion: string;
  /** Worker threads. */
  readonly concurrency: number;
  /** Path of the Unix socket of its admin interface, from which its metrics are read; null: it does not say. */
  readonly adminSocket: string | null;
}

const ID = /^[A-Za-z0-9._:-]{1,128}$/;
const BIND = /^[0-9a-fA-F.:]{2,45}$/;
const MAX_CONCURRENCY = 1024;
const MAX_PATH_LENGTH = 4096;

/** @throws RangeError when the node does not say what its listener needs. */
export function readNode(node: DiscoveryNode | undefined): GatewayNode {
  const id = node?.id ?? '';
  if (!ID.test(id)) throw new RangeError('node.id must be 1 to 128 letters, digits, ".", "_", ":" or "-"');
  const fields = node?.metadata?.fields ?? {};
  const bind = fields['bind']?.stringValue ?? '';
  if (!BIND.test(bind)) throw new RangeError('node.metadata.bind must be an IP address');
  const accessLog = fields['accessLog']?.stringValue ?? null;
  if (accessLog !== null && (!accessLog.startsWith('/') || accessLog.length > MAX_PATH_LENGTH)) {
    throw new RangeError('node.metadata.accessLog must be an absolute path');
  }
  const adminSocket = fields['adminSocket']?.stringValue ?? null;
  if (adminSocket !== null && (!adminSocket.startsWith('/') || adminSocket.length > MAX_PATH_LENGTH)) {
    throw new RangeError('node.metadata.adminSocket must be an absolute path');
  }
  const usageJournal = fields['usageJournal']?.stringValue;
  if (
    usageJournal !== undefined &&
    (!usageJournal.startsWith('/') || usageJournal.length > MAX_PATH_LENGTH)
  ) {
    throw new RangeError('node.metadata.usageJournal must be an absolute path');
  }
  const tracing = readTracing(fields['tracing']);
  const port = wholeNumber(fields['port'], 'port', 65_535);
  const concurrency = wholeNumber(fields['concurrency'], 'concurrency', MAX_CONCURRENCY);
  const journal = usageJournal === undefined ? {} : { usageJournal };
  return {
    id,
    envoyVersion: readVersion(node),
    bind,
    port,
    accessLog,
    ...journal,
    concurrency,
    adminSocket,
    ...tracing,
  };
}

const SERVICE = /^[\x20-\x7e]{1,128}$/;
const TRACES_URL = /^https?:\/\/[\x21-\x7e]{1,1100}$/;

function readTracing(value: StructValue | undefined): { tracing?: NodeTracing } {
  if (value === undefined) return {};
  const fields = value.structValue?.fields ?? {};
  const service = fields['service']?.stringValue ?? '';
  const tracesUrl = fields['tracesUrl']?.stringValue ?? '';
  if (!SERVICE.test(service))
    throw new RangeError('node.metadata.tracing.service must be 1 to 128 characters of ASCII');
  if (!TRACES_URL.test(tracesUrl)) throw new RangeError('node.metadata.tracing.tracesUrl must be a URL');
  const percent = wholeNumber(fields['percent'], 'tracing.percent', 100);
  return { tracing: { service, percent, tracesUrl } };
}

function wholeNumber(value: StructValue | undefined, name: string, max: number): number {
  const number = value?.numberValue ?? 0;
  if (!Number.isInteger(number) || number < 1 || number > max) {
    throw new RangeError(`node.metadata.${name} must be a whole number from 1 to ${max}`);
  }
  return number;
}

function readVersion(node: DiscoveryNode | undefined): string {
  const version = node?.user_agent_build_version?.version;
  if (version === undefined) return 'unknown';
  return `${version.major_number ?? 0}.${version.minor_number ?? 0}.${version.patch ?? 0}`;
}

/** The message type of a request. */
export function requestType(request: DiscoveryRequest): string {
  const url = request.type_url ?? '';
  const prefix = typeUrl('');
  return url.startsWith(prefix) ? url.slice(prefix.length) : '';
}

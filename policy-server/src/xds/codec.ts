import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import {
  type AnyDefinition,
  loadSync,
  type MessageTypeDefinition,
  type MethodDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader';
import type { EnvoyMessage, EnvoyValue } from '../render/json.js';

/** A message packed into a `google.protobuf.Any`, ready to be sent. */
export interface PackedMessage {
  readonly type_url: string;
  readonly value: Uint8Array;
}

/** Turns rendered messages into bytes. */
export interface Codec {
  /** @throws TypeError when a message names a type that no loaded proto defines. */
  pack(message: EnvoyMessage): PackedMessage;
  /** The reverse, for tests: with `@type` in every `Any`. */
  unpack(packed: PackedMessage): unknown;
  /** `envoy.service.discovery.v3.AggregatedDiscoveryService`. */
  readonly service: ServiceDefinition;
}

/** Only what is rendered: each file costs load time and memory. */
const FILES = [
  'envoy/service/discovery/v3/ads.proto',
  'envoy/config/cluster/v3/cluster.proto',
  'envoy/config/listener/v3/listener.proto',
  'envoy/config/route/v3/route.proto',
  'envoy/config/trace/v3/opentelemetry.proto',
  'envoy/config/core/v3/extension.proto',
  'envoy/extensions/access_loggers/file/v3/file.proto',
  'envoy/extensions/access_loggers/filters/cel/v3/cel.proto',
  'envoy/extensions/clusters/dns/v3/dns_cluster.proto',
  'envoy/extensions/filters/http/header_mutation/v3/header_mutation.proto',
  'envoy/extensions/filters/http/router/v3/router.proto',
  'envoy/extensions/filters/http/set_filter_state/v3/set_filter_state.proto',
  'envoy/extensions/filters/http/upstream_codec/v3/upstream_codec.proto',
  'envoy/extensions/filters/http/wasm/v3/wasm.proto',
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation.proto',
  'envoy/extensions/request_id/uuid/v3/uuid.proto',
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto',
  'envoy/extensions/tracers/opentelemetry/samplers/v3/trace_id_ratio_based_sampler.proto',
  'envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer.proto',
  'envoy/extensions/transport_sockets/tls/v3/tls.proto',
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
];
const ADS_SERVICE = 'envoy.service.discovery.v3.AggregatedDiscoveryService';

/** Loads the protos; takes a few hundred milliseconds. Ours shadow those of @grpc/grpc-js-xds, which are older. */
export function loadCodec(): Codec {
  const require = createRequire(import.meta.url);
  const deps = path.join(path.dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const definition = loadSync(FILES, {
    keepCase: true,
    longs: String,
    enums: String,
    json: true,
    includeDirs: [
      fileURLToPath(new URL('../../protos', import.meta.url)),
      ...['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) => path.join(deps, name)),
    ],
  });
  // Only the functions: the descriptors beside them would stay in memory for good.
  const types = new Map<string, MessageFunctions>();
  for (const [name, entry] of Object.entries(definition)) {
    if (isMessage(entry)) types.set(name, { serialize: entry.serialize, deserialize: entry.deserialize });
  }
  return {
    pack: (message) => pack(types, message),
    unpack: (packed) => unpack(types, packed),
    service: adsService(definition),
  };
}

interface MessageFunctions {
  readonly serialize: (message: object) => Buffer;
  readonly deserialize: (bytes: Buffer) => object;
}

function isMessage(entry: AnyDefinition): entry is MessageTypeDefinition<object, object> {
  return 'format' in entry && 'serialize' in entry;
}

function adsService(definition: PackageDefinition): ServiceDefinition {
  const methods = definition[ADS_SERVICE] as Record<string, MethodDefinition<object, object>>;
  const stripped = Object.entries(methods).map(([name, method]) => {
    const { path: methodPath, requestStream, responseStream } = method;
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = method;
    const functions = { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize };
    return [name, { path: methodPath, requestStream, responseStream, ...functions }];
  });
  return Object.fromEntries(stripped) as ServiceDefinition;
}

function messageType(types: ReadonlyMap<string, MessageFunctions>, url: string): MessageFunctions {
  const type = types.get(url.slice(url.lastIndexOf('/') + 1));
  // protobufjs would encode an unknown type as an empty Any.
  if (type === undefined) throw new TypeError(`no loaded proto defines "${url}"`);
  return type;
}

function pack(types: ReadonlyMap<string, MessageFunctions>, message: EnvoyMessage): PackedMessage {
  const url = message['@type'];
  if (typeof url !== 'string') throw new TypeError('a message to pack needs "@type"');
  checkTypes(types, message);
  return { type_url: url, value: messageType(types, url).serialize(message) };
}

function checkTypes(types: ReadonlyMap<string, MessageFunctions>, value: EnvoyValue): void {
  if (typeof value !== 'object' || value instanceof Uint8Array) return;
  if (isList(value)) {
    for (const item of value) checkTypes(types, item);
    return;
  }
  const url = value['@type'];
  if (typeof url === 'string') messageType(types, url);
  for (const field of Object.values(value)) checkTypes(types, field);
}

function isList(value: EnvoyMessage | readonly EnvoyValue[]): value is readonly EnvoyValue[] {
  return Array.isArray(value);
}

function unpack(types: ReadonlyMap<string, MessageFunctions>, { type_url, value }: PackedMessage): unknown {
  const message = messageType(types, type_url).deserialize(Buffer.from(value));
  return { '@type': type_url, ...message };
}

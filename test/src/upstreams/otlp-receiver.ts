import protobuf from 'protobufjs';
import type { ServerCertificate } from './certificate-authority.js';
import { type RecordingServer, startRecordingServer } from './recording-server.js';

/** What of `opentelemetry.proto.collector.trace.v1` tests look at; field numbers are OTLP's. */
const PROTO = `
syntax = "proto3";
message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message Span {
  bytes trace_id = 1;
  bytes span_id = 2;
  bytes parent_span_id = 4;
  string name = 5;
  uint32 kind = 6;
  repeated KeyValue attributes = 9;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; } }
`;

const ExportRequest = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('ExportTraceServiceRequest');

/** A span as it was exported. */
export interface ReceivedSpan {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** 16 hexadecimal digits; the empty string for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 2: server, 3: client. Spec: https://opentelemetry.io/docs/specs/otel/trace/api/#spankind */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string>>;
  /** Of the process that made the span. */
  readonly resource: Readonly<Record<string, string>>;
}

/** An OTLP/HTTP receiver on loopback. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Base URL, without a slash at the end. */
  readonly origin: string;
  /** What came over the wire. */
  readonly server: RecordingServer;
  /** Oldest first. */
  spans(): readonly ReceivedSpan[];
  close(): Promise<void>;
}

/** Starts a receiver that takes every export and keeps it. */
export async function startOtlpReceiver(tls?: ServerCertificate): Promise<OtlpReceiver> {
  const server = await startRecordingServer(
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end();
    },
    tls === undefined ? {} : { tls },
  );
  return {
    origin: server.origin,
    server,
    spans: () =>
      server.requests
        .filter(({ method, url }) => method === 'POST' && url.endsWith('/v1/traces'))
        .flatMap(({ body }) => decodeSpans(body)),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

interface KeyValue {
  readonly key: string;
  readonly value?: Readonly<Record<string, string | number | boolean>>;
}

interface Exported {
  readonly resource_spans: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scope_spans: readonly {
      readonly spans: readonly {
        readonly trace_id: Uint8Array;
        readonly span_id: Uint8Array;
        readonly parent_span_id: Uint8Array;
        readonly name: string;
        readonly kind: number;
        readonly attributes: readonly KeyValue[];
      }[];
    }[];
  }[];
}

function decodeSpans(body: Uint8Array): ReceivedSpan[] {
  const { resource_spans } = ExportRequest.toObject(ExportRequest.decode(body), {
    arrays: true,
    defaults: true,
    longs: String,
    oneofs: false,
  }) as Exported;
  return resource_spans.flatMap(({ resource, scope_spans }) =>
    scope_spans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: hex(span.trace_id),
        spanId: hex(span.span_id),
        parentSpanId: hex(span.parent_span_id),
        name: span.name,
        kind: span.kind,
        attributes: record(span.attributes),
        resource: record(resource?.attributes ?? []),
      })),
    ),
  );
}

function record(pairs: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, String(Object.values(value ?? {})[0] ?? '')]),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

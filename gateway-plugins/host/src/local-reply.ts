import { HeaderMap } from './header-map.js';
import type { LocalResponse } from './context.js';

/** HTTP status to gRPC status, as Envoy maps it for local replies to gRPC requests. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const GRPC_UNKNOWN = 2;

export interface Reply {
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
}

/** The message that Envoy makes of a local response. */
export function renderLocalReply(response: LocalResponse, request: HeaderMap | null): Reply {
  const headers = new HeaderMap('response', { ':status': String(response.status) });
  for (const [name, value] of response.headers) headers.add(name, value);
  const contentType = request?.get('content-type') ?? '';
  if (contentType === 'application/grpc' || contentType.startsWith('application/grpc+')) {
    headers.set(':status', '200');
    headers.set('content-type', 'application/grpc');
    headers.set('grpc-status', String(response.grpcStatus ?? GRPC_STATUS[response.status] ?? GRPC_UNKNOWN));
    const message = Buffer.from(response.body).toString('latin1');
    if (message !== '') headers.set('grpc-message', message.replace(/[^ -$&-~]/g, percentEncode));
    return { headers, body: new Uint8Array(0) };
  }
  if (response.body.length === 0) {
    headers.remove('content-length');
    headers.remove('content-type');
    return { headers, body: response.body };
  }
  headers.set('content-length', String(response.body.length));
  if (!headers.has('content-type')) headers.set('content-type', 'text/plain');
  return { headers, body: request?.get(':method') === 'HEAD' ? new Uint8Array(0) : response.body };
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

import { proxy_http_call } from '../abi';
import { clearOut, OUT_FIRST, outFirst } from '../out';
import { Headers, pairsLength, writePairs } from '../pairs';
import { failure, Result, success } from '../result';
import { encodeText, lastLength } from '../text';
import { Status } from '../types';

/** A request of the plugin itself to a cluster. */
export class HttpRequest {
  /** Milliseconds until the call fails; 0: never. */
  timeoutMs: u32 = 5000;
  headers: Headers = [];
  body: ArrayBuffer = new ArrayBuffer(0);
  /** Envoy drops them on HTTP/1.1 when there is a body, as it then sends a content-length. */
  trailers: Headers = [];

  /** `headers` must hold `:method`, `:path` and `:authority`, else the call is refused with `BadArgument`. */
  constructor(public cluster: string) {}
}

/**
 * Sends the request and gives the call id. This is the bare hostcall: `httpCall` of a context also brings the answer to
 * that context.
 */
export function dispatchHttpCall(request: HttpRequest): Result<u32> {
  const cluster = encodeText(request.cluster);
  const clusterLength = lastLength();
  const headers = writePairs(request.headers);
  const headersLength = pairsLength();
  const trailers = writePairs(request.trailers);
  const trailersLength = pairsLength();
  clearOut();
  const status = proxy_http_call(
    cluster,
    clusterLength,
    headers,
    headersLength,
    changetype<usize>(request.body),
    request.body.byteLength,
    trailers,
    trailersLength,
    request.timeoutMs,
    OUT_FIRST,
  );
  if (status != Status.Ok) return failure<u32>(status, 'proxy_http_call');
  return success<u32>(outFirst(), 'proxy_http_call');
}

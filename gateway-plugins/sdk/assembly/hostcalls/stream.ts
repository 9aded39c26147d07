import { proxy_close_stream, proxy_continue_stream, proxy_send_local_response } from '../abi';
import { Headers, pairsLength, writePairs } from '../pairs';
import { outcome, Outcome } from '../result';
import { encodeText, lastLength } from '../text';
import { GrpcStatus, StreamType } from '../types';

/** Resumes a stream that a callback paused. The host acts when the running callback has returned. */
export function continueStream(type: StreamType): Outcome {
  return outcome(proxy_continue_stream(type), 'proxy_continue_stream');
}

/** Resets a stream; the client's and the upstream's side both end. The host acts when the running callback has returned. */
export function closeStream(type: StreamType): Outcome {
  return outcome(proxy_close_stream(type), 'proxy_close_stream');
}

/**
 * Answers the request from here. Return Pause afterwards: nothing may be forwarded.
 *
 * `status` 200–599. `details` appears in access logs as `%RESPONSE_CODE_DETAILS%`; no spaces. `body` is sent as it is; set
 * its `content-type` in `headers`, else Envoy says `text/plain`. Give `grpcStatus` for gRPC requests only.
 */
export function sendLocalResponse(
  status: u32,
  body: ArrayBuffer,
  headers: Headers = [],
  details: string = '',
  grpcStatus: GrpcStatus = GrpcStatus.Unset,
): Outcome {
  const detailsPointer = encodeText(details);
  const detailsLength = lastLength();
  const headersPointer = writePairs(headers);
  return outcome(
    proxy_send_local_response(
      status,
      detailsPointer,
      detailsLength,
      changetype<usize>(body),
      body.byteLength,
      headersPointer,
      pairsLength(),
      grpcStatus,
    ),
    'proxy_send_local_response',
  );
}

/** sendLocalResponse() with text as body. */
export function sendLocalText(
  status: u32,
  body: string,
  headers: Headers = [],
  details: string = '',
): Outcome {
  return sendLocalResponse(status, String.UTF8.encode(body), headers, details);
}

import { proxy_send_local_response } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';
import { ascii, asciiLength } from './ascii';
import { outputLength, outputPointer } from './output';
import { addAsciiPair, writePairs } from './pairs';

const CONTENT_TYPE = ascii('content-type');
const JSON_TYPE = ascii('application/json');
const NOT_GRPC: i32 = -1;

/**
 * Answers the active stream with what the output holds, as JSON, and the pairs added since pairsStart(). `details` (what
 * `ascii` made) becomes Envoy's response code details.
 */
export function sendLocalReply(status: u32, details: usize): void {
  const bodyLength = outputLength();
  addAsciiPair(CONTENT_TYPE, JSON_TYPE);
  const headers = writePairs();
  const body = outputPointer();
  const sent = proxy_send_local_response(
    status,
    details,
    asciiLength(details),
    body,
    bodyLength,
    body + headers,
    outputLength() - headers,
    NOT_GRPC,
  );
  // A stream that can neither be answered nor be let through must not go on; a trap closes it.
  if (sent != Status.Ok) unreachable();
}

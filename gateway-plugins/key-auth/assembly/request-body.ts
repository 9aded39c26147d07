import { proxy_get_buffer_bytes } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, BufferType, Status } from '../../sdk/assembly/types';
import { forward, showConsumer } from './admission';
import { decideBody } from './body-decision';
import { scan } from './body-scanner';
import { noteCall } from './call';
import { awaitLease, passLimits, releaseHold } from './limits/gate';
import { consumerOf, maxBodyBytes } from './lookup';
import { currentImage } from './policy-image';
import { refuse } from './refusal';
import { ADMITTED, AWAITS_BODY, AWAITS_LEASE, findStream, removeStream, scannerOf, Stream } from './streams';
import {
  ADMIT,
  AWAIT_LEASE,
  BODY_MALFORMED,
  BODY_TOO_LARGE,
  INTERNAL,
  LIMITS_UNAVAILABLE,
  outcome,
} from './verdict';

/** Copied at once: what the fixed arena gives, so that no body makes the VM's memory grow. */
const PIECE_BYTES: u32 = 16384;
const result: usize = memory.data(16, 8);

/** Scans the body while the request waits, and decides when it is complete. Spec: #proxy_on_request_body */
export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): u32 {
  const stream = findStream(context);
  // A stream that is not known was refused, and nothing of it goes on.
  if (stream == null) return Action.Pause;
  if (stream.phase != AWAITS_BODY) return phaseAction(stream);
  const verdict = take(stream, size);
  if (verdict != ADMIT) return refuseBody(stream, verdict);
  return endOfStream != 0 ? finishBody(stream) : Action.Pause;
}

/** Trailers end a body whose last piece did not: without a decision here it would go on unpoliced. Spec: #proxy_on_request_trailers */
export function proxy_on_request_trailers(context: u32, count: u32): u32 {
  const stream = findStream(context);
  if (stream == null) return Action.Pause;
  if (stream.phase != AWAITS_BODY) return phaseAction(stream);
  return finishBody(stream);
}

/** Scans what came since the last time; `size` counts from the start of the body. ADMIT: so far nothing is wrong. */
function take(stream: Stream, size: u32): u32 {
  const image = currentImage();
  if (size < stream.seen || image == 0) return INTERNAL;
  if (size > maxBodyBytes(image)) return BODY_TOO_LARGE;
  while (stream.seen < size) {
    arenaReset();
    store<usize>(result, 0);
    store<usize>(result + 8, 0);
    const wanted = min(size - stream.seen, PIECE_BYTES);
    const status = proxy_get_buffer_bytes(
      BufferType.HttpRequestBody,
      stream.seen,
      wanted,
      result,
      result + 8,
    );
    const piece = load<usize>(result);
    if (status != Status.Ok || piece == 0 || load<usize>(result + 8) != wanted) return INTERNAL;
    if (!scan(scannerOf(stream), piece, piece + wanted)) return BODY_MALFORMED;
    stream.seen += wanted;
  }
  return ADMIT;
}

function phaseAction(stream: Stream): u32 {
  return stream.phase == AWAITS_LEASE ? Action.Pause : Action.Continue;
}

/** Decides on a request whose body is complete; also once more, when it has waited for its consumer's limits. */
export function finishBody(stream: Stream): u32 {
  const image = currentImage();
  const verdict = decideBody(image, stream.token, stream.llmPath, stream.endpoint, scannerOf(stream));
  if (verdict != ADMIT) return refuseBody(stream, verdict);
  stream.route = outcome.route;
  stream.modelLength = outcome.modelLength;
  noteCall(stream);
  const limited = passLimits(image, stream);
  if (limited == AWAIT_LEASE) return awaitLease(stream) ? Action.Pause : refuseBody(stream, LIMITS_UNAVAILABLE);
  if (limited != ADMIT) return refuseBody(stream, limited);
  if (!forward(image, stream)) return refuseBody(stream, INTERNAL);
  stream.phase = ADMITTED;
  return Action.Continue;
}

/** Refuses a request that waits. */
export function refuseBody(stream: Stream, verdict: u32): u32 {
  releaseHold(stream);
  const shape = stream.shape;
  const image = currentImage();
  outcome.consumer = image == 0 || stream.token == 0 ? 0 : consumerOf(image, stream.token);
  showConsumer(image);
  removeStream(stream.context);
  refuse(verdict, shape, 0);
  return Action.Pause;
}

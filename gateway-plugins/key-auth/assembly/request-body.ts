import { proxy_get_buffer_bytes } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, BufferType, Status } from '../../sdk/assembly/types';
import { forward, showConsumer } from './admission';
import { decideBody } from './body-decision';
import { scan } from './json-scanner';
import { consumerOf, maxBodyBytes } from './lookup';
import { currentImage } from './policy-image';
import { refuse } from './refusal';
import { ADMITTED, AWAITS_BODY, findStream, removeStream, scannerOf, Stream } from './streams';
import { ADMIT, BODY_MALFORMED, BODY_TOO_LARGE, INTERNAL, outcome } from './verdict';

/** Copied at once: what the fixed arena gives, so that no body makes the VM's memory grow. */
const PIECE_BYTES: u32 = 16384;
const result: usize = memory.data(16, 8);

/** Scans the body while the request waits, and decides when it is complete. Spec: #proxy_on_request_body */
export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): u32 {
  const stream = findStream(context);
  // A stream that is not known was refused, and nothing of it goes on.
  if (stream == null) return Action.Pause;
  if (stream.phase != AWAITS_BODY) return Action.Continue;
  const verdict = take(stream, size);
  if (verdict != ADMIT) return refuseBody(stream, verdict);
  return endOfStream != 0 ? finishBody(stream) : Action.Pause;
}

/** Trailers end a body whose last piece did not: without a decision here it would go on unpoliced. Spec: #proxy_on_request_trailers */
export function proxy_on_request_trailers(context: u32, count: u32): u32 {
  const stream = findStream(context);
  if (stream == null) return Action.Pause;
  if (stream.phase != AWAITS_BODY) return Action.Continue;
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

/** Decides on a request whose body is complete. */
export function finishBody(stream: Stream): u32 {
  const image = currentImage();
  const verdict = decideBody(image, stream.token, stream.llmPath, scannerOf(stream));
  if (verdict != ADMIT) return refuseBody(stream, verdict);
  if (!forward(image, stream.context)) return refuseBody(stream, INTERNAL);
  stream.phase = ADMITTED;
  stream.route = outcome.route;
  stream.modelLength = outcome.modelLength;
  return Action.Continue;
}

function refuseBody(stream: Stream, verdict: u32): u32 {
  const shape = stream.shape;
  const image = currentImage();
  outcome.consumer = image == 0 || stream.token == 0 ? 0 : consumerOf(image, stream.token);
  showConsumer(image);
  removeStream(stream.context);
  refuse(verdict, shape, 0);
  return Action.Pause;
}

import { Action } from '../../sdk/assembly/types';
import { forward } from './admission';
import { mayGoOn } from './body-decision';
import { admitsCaller } from './caller';
import { awaitLease, passLimits } from './limits/gate';
import { consumerOf, findGrant } from './lookup';
import { currentImage } from './policy-image';
import { finishBody, refuseBody } from './request-body';
import { ADMITTED, Stream } from './streams';
import {
  ADMIT,
  AWAIT_LEASE,
  clearOutcome,
  INTERNAL,
  LIMITS_UNAVAILABLE,
  NO_POLICY,
  outcome,
  ROUTE_NOT_ALLOWED,
} from './verdict';

/**
 * Decides anew on a request that waited for its consumer's limits and is the active stream: what has been taken from the
 * consumer meanwhile counts. True when it goes on; else it waits still or is refused.
 */
export function resumeRequest(stream: Stream): bool {
  if (stream.modelLength != 0) return finishBody(stream) == Action.Continue;
  const image = currentImage();
  const verdict = decideAgain(image, stream);
  if (verdict == AWAIT_LEASE) {
    if (!awaitLease(stream)) refuseBody(stream, LIMITS_UNAVAILABLE);
    return false;
  }
  if (verdict == ADMIT && forward(image, stream)) {
    stream.phase = ADMITTED;
    return true;
  }
  refuseBody(stream, verdict == ADMIT ? INTERNAL : verdict);
  return false;
}

/** Of a request that names no model. */
function decideAgain(image: usize, stream: Stream): u32 {
  clearOutcome();
  if (image == 0) return NO_POLICY;
  const caller = admitsCaller(image, stream.token);
  if (caller != ADMIT) return caller;
  if (!mayGoOn(image, stream.token, stream.route, stream.endpoint, 0, 0)) return ROUTE_NOT_ALLOWED;
  outcome.token = stream.token;
  outcome.consumer = consumerOf(image, stream.token);
  outcome.route = stream.route;
  outcome.grant = findGrant(image, outcome.consumer, stream.route);
  return passLimits(image, stream);
}

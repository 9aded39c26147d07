import { proxy_get_header_map_pairs, proxy_remove_header_map_value } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, HeaderMapType, Status } from '../../sdk/assembly/types';
import { forward, showConsumer } from './admission';
import { answerHealth, answerModel, answerModels } from './answer';
import { scanFormStart, scanPathModel, scanStart } from './body-scanner';
import { boundary, boundaryLength } from './content-type';
import { decide } from './decide';
import { target } from './endpoints';
import { facts } from './facts';
import { readFacts } from './header-facts';
import { isIdentityHeader } from './identity-header';
import { awaitLease, passLimits } from './limits/gate';
import { currentImage } from './policy-image';
import { refuse, shapeOfRequest } from './refusal';
import { finishBody, refuseBody } from './request-body';
import { SEEN_RESOURCE_NAMES } from './scan-state';
import { addStream, ADMITTED, AWAITS_BODY, removeStream, scannerOf } from './streams';
import {
  ADMIT,
  ANSWER_HEALTH,
  ANSWER_MODEL,
  ANSWER_MODELS,
  AWAIT_BODY,
  AWAIT_LEASE,
  clearOutcome,
  INTERNAL,
  LIMITS_UNAVAILABLE,
  outcome,
} from './verdict';

/** Envoy's StopAllIterationAndWatermark: the body waits outside. */
const STOP_ALL: u32 = 4;
const result: usize = memory.data(16, 8);

/** Decides on everything but the body. Spec: #proxy_on_request_headers */
export function proxy_on_request_headers(context: u32, count: u32, endOfStream: u32): u32 {
  arenaReset();
  clearOutcome();
  const verdict = receive() ? decide(currentImage()) : INTERNAL;
  switch (verdict) {
    case ADMIT:
      return admit(context);
    case AWAIT_BODY:
      return awaitBody(context, endOfStream != 0);
    case ANSWER_HEALTH:
      answerHealth(currentImage());
      break;
    case ANSWER_MODELS:
      answerModels(currentImage());
      break;
    case ANSWER_MODEL:
      answerModel();
      break;
    default:
      showConsumer(currentImage());
      refuse(verdict, shapeOfRequest(), outcome.allow);
  }
  return Action.Pause;
}

/** Fills `facts` and removes what no client may say; false when either fails. */
function receive(): bool {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_header_map_pairs(HeaderMapType.HttpRequestHeaders, result, result + 8);
  const pairs = load<usize>(result);
  if (status != Status.Ok || pairs == 0 || !readFacts(pairs, load<usize>(result + 8))) return false;
  return facts.identityHeaders == 0 || removeIdentityHeaders(pairs);
}

function removeIdentityHeaders(pairs: usize): bool {
  const count: usize = load<u32>(pairs);
  let lengths = pairs + 4;
  let name = lengths + (count << 3);
  for (let i: usize = 0; i < count; i++, lengths += 8) {
    const length: usize = load<u32>(lengths);
    if (isIdentityHeader(name, length)) {
      const status = proxy_remove_header_map_value(HeaderMapType.HttpRequestHeaders, name, length);
      if (status != Status.Ok) return false;
    }
    name += length + load<u32>(lengths + 4) + 2;
  }
  return true;
}

function admit(context: u32): u32 {
  const stream = addStream(context, ADMITTED);
  stream.token = outcome.token;
  stream.route = outcome.route;
  stream.llmPath = outcome.llmPath;
  // A service or an MCP server has no LLM path, and no endpoint was read for it.
  stream.endpoint = outcome.llmPath == 0 ? 0 : target.endpoint;
  stream.shape = shapeOfRequest();
  const image = currentImage();
  const limited = passLimits(image, stream);
  // Whatever its body, none of it is to come before there is allowance.
  if (limited == AWAIT_LEASE && awaitLease(stream)) return STOP_ALL;
  if (limited == ADMIT && forward(image, stream)) return Action.Continue;
  return refuseBody(stream, limited == ADMIT ? INTERNAL : limited == AWAIT_LEASE ? LIMITS_UNAVAILABLE : limited);
}

/** Without a body there is none to wait for: no callback would come. */
function awaitBody(context: u32, isComplete: bool): u32 {
  const stream = addStream(context, AWAITS_BODY);
  stream.token = outcome.token;
  stream.llmPath = outcome.llmPath;
  stream.endpoint = target.endpoint;
  stream.shape = shapeOfRequest();
  const scanner = scannerOf(stream);
  if (outcome.isForm) scanFormStart(scanner, boundary, boundaryLength);
  else scanStart(scanner);
  if (target.model != 0) {
    const flags = target.hasResourceNames ? SEEN_RESOURCE_NAMES : 0;
    scanPathModel(scanner, target.model, target.modelLength, flags);
  }
  return isComplete ? finishBody(stream) : Action.Pause;
}

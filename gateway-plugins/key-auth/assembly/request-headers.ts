import { proxy_get_header_map_pairs, proxy_remove_header_map_value } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, HeaderMapType, Status } from '../../sdk/assembly/types';
import { forward, showConsumer } from './admission';
import { answerHealth, answerModel, answerModels } from './answer';
import { decide } from './decide';
import { facts } from './facts';
import { readFacts } from './header-facts';
import { isIdentityHeader } from './identity-header';
import { scanStart } from './json-scanner';
import { currentImage } from './policy-image';
import { refuse, shapeOfRequest } from './refusal';
import { finishBody } from './request-body';
import { addStream, ADMITTED, AWAITS_BODY, scannerOf } from './streams';
import {
  ADMIT,
  ANSWER_HEALTH,
  ANSWER_MODEL,
  ANSWER_MODELS,
  AWAIT_BODY,
  clearOutcome,
  INTERNAL,
  outcome,
} from './verdict';

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
  const image = currentImage();
  if (!forward(image, context)) {
    refuse(INTERNAL, shapeOfRequest(), 0);
    return Action.Pause;
  }
  const stream = addStream(context, ADMITTED);
  stream.token = outcome.token;
  stream.route = outcome.route;
  stream.llmPath = 0;
  stream.modelLength = 0;
  return Action.Continue;
}

/** Without a body there is none to wait for: no callback would come. */
function awaitBody(context: u32, isComplete: bool): u32 {
  const stream = addStream(context, AWAITS_BODY);
  stream.token = outcome.token;
  stream.route = 0;
  stream.llmPath = outcome.llmPath;
  stream.modelLength = 0;
  stream.seen = 0;
  stream.shape = shapeOfRequest();
  scanStart(scannerOf(stream));
  return isComplete ? finishBody(stream) : Action.Pause;
}

// The second half of a decision on an LLM request: its body is complete.

import * as L from '../../../packages/policy-image/src/layout';
import { admitsCaller } from './caller';
import { scannedModelLength, scanResult } from './body-scanner';
import { ENDPOINT_INPUT_TOKENS, ENDPOINT_RESPONSE_ITEM, ENDPOINT_RESPONSES } from './endpoints';
import { consumerOf, findGrant } from './lookup';
import { admitsModel, hasCandidate, routeForModel, sharesResponses } from './models';
import { ModelScan, SCAN_FLAGS, SCAN_MODEL, SEEN_STORED, SEEN_STORED_RESPONSE } from './scan-state';
import * as V from './verdict';
import { clearOutcome, outcome } from './verdict';

/**
 * What to do with a request whose body the scanner has seen to the end. Token and LLM path may have come from an
 * earlier image, so everything is decided again under this one; 0 says that they are not in it.
 */
export function decideBody(
  image: usize,
  token: usize,
  llmPath: usize,
  endpoint: u32,
  scanner: usize,
): u32 {
  clearOutcome();
  if (image == 0) return V.NO_POLICY;
  const caller = admitsCaller(image, token);
  if (token != 0) outcome.consumer = consumerOf(image, token);
  if (caller != V.ADMIT) return caller;
  outcome.token = token;
  if (llmPath == 0) return V.ROUTE_NOT_FOUND;
  if (!hasCandidate(image, llmPath, outcome.consumer)) return V.ROUTE_NOT_ALLOWED;
  switch (scanResult(scanner)) {
    case ModelScan.Found:
      break;
    case ModelScan.Ambiguous:
      return V.MODEL_AMBIGUOUS;
    case ModelScan.Missing:
      return V.MODEL_MISSING;
    case ModelScan.BadModel:
      return V.MODEL_MALFORMED;
    default:
      return V.BODY_MALFORMED;
  }
  outcome.model = scanner + SCAN_MODEL;
  outcome.modelLength = scannedModelLength(scanner);
  outcome.route = routeForModel(image, llmPath, outcome.consumer, outcome.model, outcome.modelLength);
  if (outcome.route == 0) return V.MODEL_NOT_ALLOWED;
  outcome.grant = findGrant(image, outcome.consumer, outcome.route);
  return namesStored(scanner, endpoint) && !sharesResponses(outcome.route) ? V.STORED_NOT_ALLOWED : V.ADMIT;
}

/** Whether a body refers to what the provider stored, which may be what another consumer said. */
function namesStored(scanner: usize, endpoint: u32): bool {
  const flags = load<u32>(scanner + SCAN_FLAGS);
  const isResponses = endpoint == ENDPOINT_RESPONSES || endpoint == ENDPOINT_INPUT_TOKENS;
  return (flags & (isResponses ? SEEN_STORED | SEEN_STORED_RESPONSE : SEEN_STORED)) != 0;
}

/** Whether a request that was admitted before may go on. 0 says that token or route are gone. */
export function mayGoOn(
  image: usize,
  token: usize,
  route: usize,
  endpoint: u32,
  model: usize,
  modelLength: usize,
): bool {
  if (route == 0 || admitsCaller(image, token) != V.ADMIT) return false;
  const grant = findGrant(image, consumerOf(image, token), route);
  if (grant == 0) return false;
  if (endpoint == ENDPOINT_RESPONSE_ITEM) return sharesResponses(route);
  return (
    load<u32>(route + L.ROUTE_KIND) != L.ROUTE_KIND_LLM ||
    admitsModel(image, route, grant, model, modelLength)
  );
}

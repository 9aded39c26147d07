// Which models a consumer may use, and which route serves one.

import * as L from '../../../packages/policy-image/src/layout';
import { NONE } from './image';
import {
  candidateAt,
  candidateCount,
  findGrant,
  patternAt,
  setCount,
  stringAt,
  stringLength,
} from './lookup';
import { literalBytes, matchesModel } from './model-pattern';

const NO_MATCH: u32 = 0;
const EXACT: u32 = 0xffffffff;

/** How closely a set's best pattern fits: NO_MATCH, 1 + its literal bytes, or EXACT. */
function closeness(image: usize, set: u32, model: usize, length: usize): u32 {
  let best: u32 = NO_MATCH;
  const count = setCount(image, set);
  for (let i: u32 = 0; i < count; i++) {
    const field = patternAt(image, set, i);
    const pattern = stringAt(image, field);
    const patternLength = stringLength(field);
    if (!matchesModel(pattern, patternLength, model, length)) continue;
    const literal = literalBytes(pattern, patternLength);
    if (literal == <u32>patternLength) return EXACT;
    best = max(best, literal + 1);
  }
  return best;
}

/** Closeness of the route's own patterns; NO_MATCH when route or grant do not admit the model. */
function admission(image: usize, route: usize, grant: usize, model: usize, length: usize): u32 {
  const narrowed = load<u32>(grant + L.GRANT_MODELS);
  if (narrowed != NONE && closeness(image, narrowed, model, length) == NO_MATCH) return NO_MATCH;
  return closeness(image, load<u32>(route + L.ROUTE_MODELS), model, length);
}

export function admitsModel(image: usize, route: usize, grant: usize, model: usize, length: usize): bool {
  return admission(image, route, grant, model, length) != NO_MATCH;
}

/** Whether the consumer has a grant on any route of the LLM path. */
export function hasCandidate(image: usize, llmPath: usize, consumer: usize): bool {
  const count = candidateCount(llmPath);
  for (let i: u32 = 0; i < count; i++) {
    if (findGrant(image, consumer, candidateAt(image, llmPath, i)) != 0) return true;
  }
  return false;
}

/** The one route of the LLM path that the consumer has a grant on and that shares stored responses; 0: none, or several. */
export function sharedRoute(image: usize, llmPath: usize, consumer: usize): usize {
  let found: usize = 0;
  const count = candidateCount(llmPath);
  for (let i: u32 = 0; i < count; i++) {
    const route = candidateAt(image, llmPath, i);
    if (!sharesResponses(route) || findGrant(image, consumer, route) == 0) continue;
    if (found != 0) return 0;
    found = route;
  }
  return found;
}

export function sharesResponses(route: usize): bool {
  return (load<u32>(route + L.ROUTE_FLAGS) & L.ROUTE_SHARES_RESPONSES) != 0;
}

/** The route that serves the model to this consumer: the closest pattern wins, then the route that comes first; or 0. */
export function routeForModel(
  image: usize,
  llmPath: usize,
  consumer: usize,
  model: usize,
  length: usize,
): usize {
  let best: usize = 0;
  let bestCloseness: u32 = NO_MATCH;
  const count = candidateCount(llmPath);
  for (let i: u32 = 0; i < count; i++) {
    const route = candidateAt(image, llmPath, i);
    const grant = findGrant(image, consumer, route);
    if (grant == 0) continue;
    const found = admission(image, route, grant, model, length);
    if (found > bestCloseness) {
      best = route;
      bestCloseness = found;
    }
  }
  return best;
}

// The models that a consumer may use on an LLM path, by name: what `GET <path>/models` lists.

import { bytesEqual, compareBytes } from '../../policy/assembly/bytes';
import * as L from '../../../packages/policy-image/src/layout';
import {
  candidateAt,
  candidateCount,
  findGrant,
  patternAt,
  setCount,
  stringAt,
  stringLength,
} from './lookup';
import { admitsModel } from './models';

/** Whether the consumer may use the model and a route of the path lists it. */
export function isListed(image: usize, llmPath: usize, consumer: usize, model: usize, length: usize): bool {
  const candidates = candidateCount(llmPath);
  for (let i: u32 = 0; i < candidates; i++) {
    const route = candidateAt(image, llmPath, i);
    const grant = findGrant(image, consumer, route);
    if (grant == 0) continue;
    const catalogue = load<u32>(route + L.ROUTE_CATALOGUE);
    const count = setCount(image, catalogue);
    for (let j: u32 = 0; j < count; j++) {
      const field = patternAt(image, catalogue, j);
      if (stringLength(field) != length || !bytesEqual(stringAt(image, field), model, length)) continue;
      if (admitsModel(image, route, grant, model, length)) return true;
    }
  }
  return false;
}

/** The listed model that comes next after `previous` (0: the first one) in the order of bytes, as its reference; or 0. */
export function nextListed(image: usize, llmPath: usize, consumer: usize, previous: usize): usize {
  let next: usize = 0;
  const candidates = candidateCount(llmPath);
  for (let i: u32 = 0; i < candidates; i++) {
    const route = candidateAt(image, llmPath, i);
    const grant = findGrant(image, consumer, route);
    if (grant == 0) continue;
    const found = nextOfRoute(image, route, grant, previous);
    if (found != 0 && (next == 0 || compareModels(image, found, next) < 0)) next = found;
  }
  return next;
}

function nextOfRoute(image: usize, route: usize, grant: usize, previous: usize): usize {
  const catalogue = load<u32>(route + L.ROUTE_CATALOGUE);
  const count = setCount(image, catalogue);
  for (let i: u32 = previous == 0 ? 0 : firstAfter(image, catalogue, previous); i < count; i++) {
    const field = patternAt(image, catalogue, i);
    // Always forward, so that listing ends whatever the order of the catalogue.
    if (previous != 0 && compareModels(image, field, previous) <= 0) continue;
    if (admitsModel(image, route, grant, stringAt(image, field), stringLength(field))) return field;
  }
  return 0;
}

/** Catalogues are sorted: number of the first model after `previous`. */
function firstAfter(image: usize, catalogue: u32, previous: usize): u32 {
  let low: u32 = 0;
  let high = setCount(image, catalogue);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareModels(image, patternAt(image, catalogue, middle), previous) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareModels(image: usize, a: usize, b: usize): i32 {
  return compareBytes(stringAt(image, a), stringLength(a), stringAt(image, b), stringLength(b));
}

import { sectionStart } from '../../policy/assembly/image-frame';
import * as L from '../../../packages/policy-image/src/layout';
import { patternAt, setCount, stringAt, stringLength } from './lookup';
import { matchesPath } from './path-pattern';

const SLASH = memory.data<u8>([0x2f]);

/** Whether a rule of the service route admits the method (a METHOD_* bit) on the rest of the path; an empty one is `/`. */
export function admitsRequest(image: usize, route: usize, method: u32, rest: usize, restLength: usize): bool {
  const path = restLength == 0 ? SLASH : rest;
  const length = max<usize>(restLength, 1);
  const rules = sectionStart(image, L.KEY_AUTH_RULES) + load<u32>(route + L.ROUTE_RULES_START) * L.RULE_BYTES;
  const count = load<u32>(route + L.ROUTE_RULES_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const rule = rules + i * L.RULE_BYTES;
    if ((load<u32>(rule + L.RULE_METHODS) & method) == 0) continue;
    if (matchesAny(image, load<u32>(rule + L.RULE_PATHS), path, length)) return true;
  }
  return false;
}

function matchesAny(image: usize, set: u32, path: usize, length: usize): bool {
  const count = setCount(image, set);
  for (let i: u32 = 0; i < count; i++) {
    const field = patternAt(image, set, i);
    if (matchesPath(stringAt(image, field), stringLength(field), path, length)) return true;
  }
  return false;
}

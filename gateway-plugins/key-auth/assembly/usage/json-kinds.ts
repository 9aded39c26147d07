// The containers that are open around the place where the walk through a JSON document stands.

import { kindsOf, UsageState } from './state';

/** Kind of the innermost container; there is one. */
export function kindOf(state: UsageState): u32 {
  return load<u8>(kindsOf(state) + state.depth - 1);
}

export function pushKind(state: UsageState, kind: u32): void {
  store<u8>(kindsOf(state) + state.depth, kind);
  state.depth++;
}

import { random_get } from '../../sdk/assembly/wasi';

const random: usize = memory.data(8, 8);
let id: u64 = 0;

/** A random number that tells this VM from all others; 0 when the host gives none. */
export function vmId(): u64 {
  // Not at the start of the module: a VM that only tries out a configuration needs none.
  if (id == 0 && random_get(random, 8) == 0) id = load<u64>(random) | 1;
  return id;
}

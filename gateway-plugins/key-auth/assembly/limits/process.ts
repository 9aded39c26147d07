// The process that this VM is part of, by a random number that the VMs agree on through shared data.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { proxy_get_shared_data, proxy_set_shared_data } from '../../../sdk/assembly/abi';
import { Status } from '../../../sdk/assembly/types';
import { random_get } from '../../../sdk/assembly/wasi';

/** A number that no value has yet: to write with it succeeds only while there is no value. */
export const CAS_ABSENT: u32 = 0xffffffff;

const KEY = ascii('process');
const result: usize = memory.data(16, 8);
const random: usize = memory.data(8, 8);
let id: u64 = 0;

function stored(): u64 {
  store<usize>(result, 0);
  store<usize>(result + 4, 0);
  const status = proxy_get_shared_data(KEY, asciiLength(KEY), result, result + 4, result + 8);
  return status == Status.Ok && load<usize>(result + 4) == 8 ? load<u64>(load<usize>(result)) : 0;
}

/** 0 when the host does not help. */
export function processId(): u64 {
  if (id != 0) return id;
  id = stored();
  if (id != 0 || random_get(random, 8) != 0) return id;
  store<u64>(random, load<u64>(random) | 1);
  proxy_set_shared_data(KEY, asciiLength(KEY), random, 8, CAS_ABSENT);
  // Whoever came first.
  id = stored();
  return id;
}

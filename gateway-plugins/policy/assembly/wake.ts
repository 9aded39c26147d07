// Being called once more, soon, outside of proxy_on_configure: there a VM cannot know whether it is to stay (Envoy first
// tries each configuration in a VM that it throws away), and what it tells the policy server would be too early.
//
// The first time it is a timer. Later it is an item in a queue of the VM's own, because Envoy never gives back the memory
// of a plugin context's timer, while the queue is used again and again.

import {
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_register_shared_queue,
} from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';
import { enterActive, setTickPeriod } from './active-root';
import { outputLength, outputPointer, outputStart, putHex } from './output';
import { vmId } from './vm-id';

const SOON_MILLISECONDS: u32 = 1;
const result: usize = memory.data(16, 8);
let isSettled = false;
let queue: u32 = 0;

/** To be called from any tick: this VM is one that stays. */
export function settle(): void {
  isSettled = true;
}

/** Makes the host call proxy_on_queue_ready or proxy_on_tick of the context being configured; false when it will not. */
export function wakeSoon(): bool {
  return (isSettled && enqueue()) || setTickPeriod(SOON_MILLISECONDS);
}

/** The same for the active context, from any callback; it is the effective one afterwards. */
export function wakeActive(): bool {
  return enterActive() && wakeSoon();
}

function enqueue(): bool {
  if (vmId() == 0) return false;
  outputStart();
  putHex(vmId());
  // Registering again makes this context the one that is called.
  if (proxy_register_shared_queue(outputPointer(), outputLength(), result) != Status.Ok) return false;
  queue = load<u32>(result);
  return proxy_enqueue_shared_queue(queue, outputPointer(), 1) == Status.Ok;
}

/** Whether a queue that is ready is this VM's own; it is empty then. */
export function isWakeUp(ready: u32): bool {
  if (queue == 0 || ready != queue) return false;
  while (proxy_dequeue_shared_queue(ready, result, result + 8) == Status.Ok);
  return true;
}

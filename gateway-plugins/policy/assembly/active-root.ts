// A VM may hold several plugin contexts at once: old ones live on while their streams do. They share the VM's image, and
// only the newest one acts for it. Each has a timer of its own in the host, which must not outlive its turn.

import { proxy_set_effective_context, proxy_set_tick_period_milliseconds } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';

let active: u32 = 0;

/** Whether this plugin context is the newest that brought an image. */
export function isActive(root: u32): bool {
  return root == active;
}

/** Makes this context, which is being configured, the one that acts; false when the host does not let it tick. */
export function activate(root: u32, tickMilliseconds: u32): bool {
  if (active != 0 && active != root && proxy_set_effective_context(active) == Status.Ok) {
    // Whether its last tick comes or not, isActive() is false by then.
    proxy_set_tick_period_milliseconds(0);
    if (proxy_set_effective_context(root) != Status.Ok) return false;
  }
  active = root;
  return proxy_set_tick_period_milliseconds(tickMilliseconds) == Status.Ok;
}

/** To be called when a context is deleted, with any id, unless a context that is over never ticks any more. */
export function deactivate(context: u32): void {
  if (context != active) return;
  active = 0;
  proxy_set_tick_period_milliseconds(0);
}

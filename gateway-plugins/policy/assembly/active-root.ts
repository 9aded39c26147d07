// A VM may hold several plugin contexts at once: old ones live on while their streams do. They share the VM's image, and
// only the newest one acts for it. Each has a timer of its own in the host, which must not outlive its turn: Envoy keeps
// a timer going even when its context is gone.

import { proxy_set_effective_context, proxy_set_tick_period_milliseconds } from '../../sdk/assembly/abi';
import { Status } from '../../sdk/assembly/types';

let active: u32 = 0;
let period: u32 = 0;

/** Whether this plugin context is the newest that brought an image. */
export function isActive(root: u32): bool {
  return root == active;
}

/** Makes the active context the effective one, from any callback; false when there is none. */
export function enterActive(): bool {
  return active != 0 && proxy_set_effective_context(active) == Status.Ok;
}

/** The plugin context that acts; 0: none. */
export function activeRoot(): u32 {
  return active;
}

/** Makes this context, which is being configured, the one that acts; false when the host does not let it. */
export function activate(root: u32): bool {
  if (active == root) return true;
  if (period != 0 && proxy_set_effective_context(active) == Status.Ok) {
    // Whether its last tick comes or not, isActive() is false by then.
    proxy_set_tick_period_milliseconds(0);
    if (proxy_set_effective_context(root) != Status.Ok) return false;
  }
  active = root;
  period = 0;
  return true;
}

/** Sets the timer of the active context, which the host must take to be the effective one; 0 stops it. */
export function setTickPeriod(milliseconds: u32): bool {
  if (milliseconds == period) return true;
  if (proxy_set_tick_period_milliseconds(milliseconds) != Status.Ok) return false;
  period = milliseconds;
  return true;
}

/** Sets the timer of the active context from the callback of a stream, which stays the effective context. */
export function setTickPeriodFromStream(stream: u32, milliseconds: u32): bool {
  if (milliseconds == period) return true;
  if (active == 0 || proxy_set_effective_context(active) != Status.Ok) return false;
  const isSet = setTickPeriod(milliseconds);
  return proxy_set_effective_context(stream) == Status.Ok && isSet;
}

/** To be called when a context is deleted, with any id. */
export function deactivate(context: u32): void {
  if (context != active) return;
  setTickPeriod(0);
  active = 0;
  period = 0;
}

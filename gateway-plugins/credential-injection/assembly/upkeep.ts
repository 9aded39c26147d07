import { isActive, setTickPeriod } from '../../policy/assembly/active-root';
import { confirmApplied } from '../../policy/assembly/applied';
import { ascii } from '../../policy/assembly/ascii';
import { policyVersion } from '../../policy/assembly/image-frame';
import { isWakeUp, settle } from '../../policy/assembly/wake';
import { arenaReset } from '../../sdk/assembly/arena';
import { currentImage } from './policy-image';

const PLUGIN = ascii('credential-injection');
const AGAIN_MILLISECONDS: u32 = 1000;

/** Spec: #proxy_on_tick */
export function proxy_on_tick(root: u32): void {
  settle();
  if (isActive(root)) confirm();
}

/** Spec: #proxy_on_queue_ready */
export function proxy_on_queue_ready(root: u32, queue: u32): void {
  arenaReset();
  if (isWakeUp(queue) && isActive(root)) confirm();
}

/** Tells the policy server which image is in force; again and again until the host takes it. */
function confirm(): void {
  arenaReset();
  const isConfirmed = confirmApplied(PLUGIN, policyVersion(currentImage()));
  // A period that could not be set leaves the one before: another confirmation does no harm.
  setTickPeriod(isConfirmed ? 0 : AGAIN_MILLISECONDS);
}

import { isActive } from '../../policy/assembly/active-root';
import { confirmApplied } from '../../policy/assembly/applied';
import { ascii } from '../../policy/assembly/ascii';
import { policyVersion } from '../../policy/assembly/image-frame';
import { proxy_set_tick_period_milliseconds } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { currentImage } from './policy-image';

const PLUGIN = ascii('credential-injection');
const AGAIN_MILLISECONDS: u32 = 1000;

let isFirstTry = true;

/** To be called when a new image is in force: it is confirmed in the next tick. */
export function imageArrived(): void {
  isFirstTry = true;
}

/** Tells the policy server that the image is in force, then stops ticking. Spec: #proxy_on_tick */
export function proxy_on_tick(root: u32): void {
  if (!isActive(root)) return;
  arenaReset();
  const isConfirmed = confirmApplied(PLUGIN, policyVersion(currentImage()));
  // A period that could not be set leaves the old one: another confirmation does no harm.
  if (isConfirmed) proxy_set_tick_period_milliseconds(0);
  else if (isFirstTry) proxy_set_tick_period_milliseconds(AGAIN_MILLISECONDS);
  isFirstTry = false;
}

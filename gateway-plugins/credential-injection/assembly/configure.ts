import { activate } from '../../policy/assembly/active-root';
import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { wakeSoon } from '../../policy/assembly/wake';
import { proxy_log } from '../../sdk/assembly/abi';
import { arenaReset } from '../../sdk/assembly/arena';
import { LogLevel } from '../../sdk/assembly/types';
import { loadImage } from './policy-image';

const REFUSED = ascii('credential image refused: it is damaged, incomplete or sealed with another key');

/**
 * Takes a new image, or refuses it whole. Without configuration there are no credentials yet; that never displaces those
 * which this VM already has. Spec: #proxy_on_configure
 */
export function proxy_on_configure(root: u32, size: usize): u32 {
  arenaReset();
  if (size == 0) return 1;
  if (!loadImage(size)) {
    proxy_log(LogLevel.Error, REFUSED, asciiLength(REFUSED));
    return 0;
  }
  // The image is in force whether the policy server gets to know it or not.
  if (activate(root)) wakeSoon();
  return 1;
}

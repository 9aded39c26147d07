import { activate } from '../../policy/assembly/active-root';
import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { wakeSoon } from '../../policy/assembly/wake';
import { proxy_log } from '../../sdk/assembly/abi';
import { arenaRelease, arenaReset } from '../../sdk/assembly/arena';
import { LogLevel } from '../../sdk/assembly/types';
import { adoptImage, receiveImage } from './policy-image';
import { imageArrived } from './upkeep';

const REFUSED = ascii('policy image refused: it is damaged, incomplete or of another format');

/**
 * Takes a new policy image, or refuses it whole. Without configuration there is no policy yet; that never displaces one
 * which this VM already has. Spec: #proxy_on_configure
 */
export function proxy_on_configure(root: u32, size: usize): u32 {
  arenaReset();
  if (size == 0) return 1;
  const image = receiveImage(size);
  if (image == 0) {
    proxy_log(LogLevel.Error, REFUSED, asciiLength(REFUSED));
    return 0;
  }
  // An image on which nobody would act, so that streams stay which it does not admit, must not be in force.
  if (!activate(root) || !wakeSoon()) {
    arenaRelease(image);
    return 0;
  }
  adoptImage(image);
  imageArrived();
  return 1;
}

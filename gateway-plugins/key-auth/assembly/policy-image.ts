// The image in force, shared by everything in this VM.

import { receiveConfiguration } from '../../policy/assembly/image-bytes';
import { arenaRelease } from '../../sdk/assembly/arena';
import { carryStreamsOver } from './carry-over';
import { imageHolds } from './image';
import { hasExpiry } from './lookup';

let current: usize = 0;
let currentExpires: bool = false;

/** Address of the verified image in force; 0 while there was none. */
export function currentImage(): usize {
  return current;
}

/** Whether anything in the image in force ends by the clock alone. */
export function currentImageExpires(): bool {
  return currentExpires;
}

/** Takes the image that the host holds as configuration. False, and the one before stays in force, when it is not sound. */
export function loadImage(size: usize): bool {
  const image = receiveConfiguration(size);
  if (image == 0) return false;
  if (!imageHolds(image, size)) {
    arenaRelease(image);
    return false;
  }
  carryStreamsOver(current, image);
  arenaRelease(current);
  current = image;
  currentExpires = hasExpiry(image);
  return true;
}

// The image in force, shared by everything in this VM.

import { receiveConfiguration } from '../../policy/assembly/image-bytes';
import { arenaRelease } from '../../sdk/assembly/arena';
import { carryStreamsOver } from './carry-over';
import { imageHolds } from './image';

let current: usize = 0;

/** Address of the verified image in force; 0 while there was none. */
export function currentImage(): usize {
  return current;
}

/** Takes the image that the host holds as configuration; 0 when it is not sound. The one in force stays in force. */
export function receiveImage(size: usize): usize {
  const image = receiveConfiguration(size);
  if (image == 0 || imageHolds(image, size)) return image;
  arenaRelease(image);
  return 0;
}

/** Puts a received image in force. */
export function adoptImage(image: usize): void {
  carryStreamsOver(current, image);
  arenaRelease(current);
  current = image;
}

// The image in force and its opened credentials, shared by everything in this VM.

import { receiveConfiguration } from '../../policy/assembly/image-bytes';
import { arenaRelease } from '../../sdk/assembly/arena';
import { imageHolds, keyIdOf } from './image';
import { closeCredentials, openCredentials } from './opened';
import { sealingKey, sealingKeyId } from './sealing-key';

let current: usize = 0;
let opened: usize = 0;

/** Address of the verified image in force; 0 while there was none. */
export function currentImage(): usize {
  return current;
}

/** Its credentials, see opened.ts. */
export function currentCredentials(): usize {
  return opened;
}

/** Takes the image that the host holds as configuration. False, and the one before stays in force, when it is not sound. */
export function loadImage(size: usize): bool {
  const image = receiveConfiguration(size);
  if (image == 0) return false;
  const credentials = open(image, size);
  if (credentials == 0) {
    arenaRelease(image);
    return false;
  }
  closeCredentials(opened);
  arenaRelease(current);
  current = image;
  opened = credentials;
  return true;
}

function open(image: usize, size: usize): usize {
  if (!imageHolds(image, size)) return 0;
  const key = sealingKey();
  if (key == 0 || keyIdOf(image) != sealingKeyId()) return 0;
  return openCredentials(image, key);
}

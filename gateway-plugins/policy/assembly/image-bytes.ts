// Receiving an image from the host: one allocation, which becomes the image in place.

import { proxy_get_buffer_bytes } from '../../sdk/assembly/abi';
import { arenaTake } from '../../sdk/assembly/arena';
import { BufferType, Status } from '../../sdk/assembly/types';

const result: usize = memory.data(16, 8);

/** The plugin's configuration as a block of its own (free it with arenaRelease), or 0 when the host does not give it whole. */
export function receiveConfiguration(size: usize): usize {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, size, result, result + 8);
  const data = load<usize>(result);
  if (status != Status.Ok || data == 0 || load<usize>(result + 8) != size) return 0;
  return arenaTake(data, size);
}

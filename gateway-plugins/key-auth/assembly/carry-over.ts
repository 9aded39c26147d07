// Streams outlive images. When a new image comes, what they point at is looked up in it, while the old one is still there.

import { bytesEqual } from '../../policy/assembly/bytes';
import * as L from '../../../packages/policy-image/src/layout';
import { consumerOf, findExactLlmPath, findRoute, findToken, stringAt, stringLength } from './lookup';
import { FREE, streamAt, streamSlots } from './streams';

function sameString(oldImage: usize, oldField: usize, image: usize, field: usize): bool {
  const length = stringLength(oldField);
  return (
    stringLength(field) == length && bytesEqual(stringAt(oldImage, oldField), stringAt(image, field), length)
  );
}

/** The same token of the same consumer, or 0. */
function carryToken(oldImage: usize, oldToken: usize, image: usize): usize {
  if (oldToken == 0) return 0;
  const token = findToken(image, oldToken + L.TOKEN_DIGEST);
  if (token == 0) return 0;
  const oldName = consumerOf(oldImage, oldToken) + L.CONSUMER_NAME;
  return sameString(oldImage, oldName, image, consumerOf(image, token) + L.CONSUMER_NAME) ? token : 0;
}

function carryRoute(oldImage: usize, oldRoute: usize, image: usize): usize {
  if (oldRoute == 0) return 0;
  const key = oldRoute + L.ROUTE_KEY;
  const route = findRoute(image, stringAt(oldImage, key), stringLength(key));
  if (route == 0 || load<u32>(route + L.ROUTE_KIND) != load<u32>(oldRoute + L.ROUTE_KIND)) return 0;
  return route;
}

function carryLlmPath(oldImage: usize, oldPath: usize, image: usize): usize {
  if (oldPath == 0) return 0;
  const path = oldPath + L.LLM_PATH_PATH;
  return findExactLlmPath(image, stringAt(oldImage, path), stringLength(path));
}

/** Makes every stream point into the new image. */
export function carryStreamsOver(oldImage: usize, image: usize): void {
  if (oldImage == 0) return;
  const count = streamSlots();
  for (let slot: u32 = 0; slot < count; slot++) {
    const stream = streamAt(slot);
    if (stream.phase == FREE) continue;
    stream.token = carryToken(oldImage, stream.token, image);
    stream.route = carryRoute(oldImage, stream.route, image);
    stream.llmPath = carryLlmPath(oldImage, stream.llmPath, image);
  }
}

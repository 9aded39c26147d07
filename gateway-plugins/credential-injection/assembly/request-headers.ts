import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, findByte } from '../../policy/assembly/bytes';
import {
  proxy_get_header_map_value,
  proxy_get_property,
  proxy_replace_header_map_value,
} from '../../sdk/assembly/abi';
import { outputLength, outputPointer } from '../../policy/assembly/output';
import { arenaReset } from '../../sdk/assembly/arena';
import { Action, HeaderMapType, Status } from '../../sdk/assembly/types';
import * as L from '../../../packages/policy-image/src/layout';
import { mayGoTo } from './host-binding';
import { credentialAt, findBinding, findUpstream, NONE, stringAt, stringLength } from './image';
import { isUsable, openedLength, openedValue } from './opened';
import { currentCredentials, currentImage } from './policy-image';
import { putWithParameter } from './query';
import {
  CREDENTIAL_HOST_MISMATCH,
  INTERNAL,
  NO_CREDENTIALS,
  refuse,
  UPSTREAM_MISMATCH,
  UPSTREAM_UNKNOWN,
} from './refusal';

/** Metadata of the endpoint that this attempt goes to: `<upstream key> <host:port>`. */
const UPSTREAM = ascii('xds\0upstream_host_metadata\0filter_metadata\0hiclaw\0upstream');
const CONSUMER = ascii('hiclaw.consumer');
const AUTHORIZATION = ascii('authorization');
const PATH = ascii(':path');
const SPACE: u32 = 0x20;
const ADMITTED: usize = 0;

const result: usize = memory.data(16, 8);

/** Puts the credential of the upstream that this attempt goes to on the request. Spec: #proxy_on_request_headers */
export function proxy_on_request_headers(context: u32, count: u32, endOfStream: u32): u32 {
  arenaReset();
  const reason = inject(currentImage());
  if (reason == ADMITTED) return Action.Continue;
  refuse(reason);
  return Action.Pause;
}

function property(path: usize): bool {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  return proxy_get_property(path, asciiLength(path), result, result + 8) == Status.Ok;
}

/** Total: whatever is not found to be in order is refused. Returns the reason, or ADMITTED. */
function inject(image: usize): usize {
  if (image == 0) return NO_CREDENTIALS;
  if (!property(UPSTREAM)) return UPSTREAM_UNKNOWN;
  const key = load<usize>(result);
  const end = key + load<usize>(result + 8);
  const space = findByte(key, end, SPACE);
  const upstream = findUpstream(image, key, space - key);
  if (upstream == 0) return UPSTREAM_UNKNOWN;
  const host = stringAt(image, upstream + L.UPSTREAM_HOST);
  const hostLength = stringLength(upstream + L.UPSTREAM_HOST);
  if (end - space != hostLength + 1 || !bytesEqual(space + 1, host, hostLength)) return UPSTREAM_MISMATCH;
  let index = load<u32>(upstream + L.UPSTREAM_CREDENTIAL);
  if (load<u32>(upstream + L.UPSTREAM_BINDINGS_COUNT) != 0) {
    // Who calls was said by key-auth. Without that, an upstream with credentials of consumers' own serves nobody.
    if (!property(CONSUMER)) return INTERNAL;
    const binding = findBinding(image, upstream, load<usize>(result), load<usize>(result + 8));
    if (binding != 0) index = load<u32>(binding + L.BINDING_CREDENTIAL);
  }
  if (index == NONE) return ADMITTED;
  const credential = credentialAt(image, index);
  if (!mayGoTo(image, credential, host, hostLength)) return CREDENTIAL_HOST_MISMATCH;
  return place(image, credential, index) ? ADMITTED : INTERNAL;
}

/** False when the credential is not on the request: then it must not go. */
function place(image: usize, credential: usize, index: u32): bool {
  const opened = currentCredentials();
  if (opened == 0 || !isUsable(opened, index)) return false;
  const value = openedValue(opened, index);
  const length = openedLength(opened, index);
  const name = stringAt(image, credential + L.CREDENTIAL_NAME);
  const nameLength = stringLength(credential + L.CREDENTIAL_NAME);
  switch (load<u32>(credential + L.CREDENTIAL_PLACEMENT)) {
    case L.PLACEMENT_HEADER:
      return replaceHeader(name, nameLength, value, length);
    case L.PLACEMENT_BASIC:
      return replaceHeader(AUTHORIZATION, asciiLength(AUTHORIZATION), value, length);
    case L.PLACEMENT_QUERY:
      return placeInQuery(name, nameLength, value, length);
    default:
      return false;
  }
}

function replaceHeader(name: usize, nameLength: usize, value: usize, length: usize): bool {
  const type = HeaderMapType.HttpRequestHeaders;
  return proxy_replace_header_map_value(type, name, nameLength, value, length) == Status.Ok;
}

function placeInQuery(name: usize, nameLength: usize, parameter: usize, length: usize): bool {
  const type = HeaderMapType.HttpRequestHeaders;
  const status = proxy_get_header_map_value(type, PATH, asciiLength(PATH), result, result + 8);
  if (status != Status.Ok) return false;
  putWithParameter(load<usize>(result), load<usize>(result + 8), name, nameLength, parameter, length);
  return replaceHeader(PATH, asciiLength(PATH), outputPointer(), outputLength());
}

// Attempts of a request share its headers, so what one put there is there for the next one, which may go to somebody else.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';
import { proxy_get_property, proxy_remove_header_map_value, proxy_set_property } from '../../sdk/assembly/abi';
import { HeaderMapType, Status } from '../../sdk/assembly/types';

/** Filter state: the header in which the last attempt has its credential. */
const INJECTED = ascii('hiclaw.injected');

const result: usize = memory.data(16, 8);

/**
 * Takes the credential of an earlier attempt off the request, and remembers the header that this one will use (none:
 * length 0). False when either fails: then nothing may go anywhere.
 */
export function replaceInjected(name: usize, length: usize): bool {
  store<usize>(result, 0);
  store<usize>(result + 8, 0);
  const status = proxy_get_property(INJECTED, asciiLength(INJECTED), result, result + 8);
  if (status != Status.Ok && status != Status.NotFound) return false;
  const before = load<usize>(result);
  const beforeLength = load<usize>(result + 8);
  if (beforeLength == length && bytesEqual(before, name, length)) return true;
  if (beforeLength != 0 && !removeHeader(before, beforeLength)) return false;
  // Kept when this attempt uses none: a later one only removes what is not there.
  if (length == 0) return true;
  return proxy_set_property(INJECTED, asciiLength(INJECTED), name, length) == Status.Ok;
}

function removeHeader(name: usize, length: usize): bool {
  return proxy_remove_header_map_value(HeaderMapType.HttpRequestHeaders, name, length) == Status.Ok;
}

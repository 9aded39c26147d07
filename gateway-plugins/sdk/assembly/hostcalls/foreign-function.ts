import { proxy_call_foreign_function } from '../abi';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { failure, Result, success } from '../result';
import { copyBytes, encodeText, lastLength } from '../text';
import { Status } from '../types';

/**
 * Calls a function that the host offers by name, e.g. Envoy's `clear_route_cache`. `NotFound` when it does not; the result
 * is empty when the function returns nothing.
 */
export function callForeignFunction(name: string, argument: ArrayBuffer): Result<ArrayBuffer> {
  const pointer = encodeText(name);
  clearOut();
  const status = proxy_call_foreign_function(
    pointer,
    lastLength(),
    changetype<usize>(argument),
    argument.byteLength,
    OUT_FIRST,
    OUT_SECOND,
  );
  if (status != Status.Ok) return failure<ArrayBuffer>(status, 'proxy_call_foreign_function');
  return success<ArrayBuffer>(copyBytes(outFirst(), outSecond()), 'proxy_call_foreign_function');
}

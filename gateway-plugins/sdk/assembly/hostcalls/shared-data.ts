import { proxy_get_shared_data, proxy_set_shared_data } from '../abi';
import { clearOut, OUT_FIRST, OUT_SECOND, OUT_THIRD, outFirst, outSecond, outThird } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { copyBytes, decodeText, encodeText, lastLength } from '../text';
import { Status } from '../types';

/** A shared value and the number that a compare-and-swap write needs. */
export class SharedValue {
  constructor(
    public bytes: ArrayBuffer,
    public cas: u32,
  ) {}

  /** The value as text. */
  get text(): string {
    return decodeText(changetype<usize>(this.bytes), this.bytes.byteLength);
  }
}

/** Reads what any worker's VM of the same vm_id has written. `NotFound` when nobody has. */
export function getSharedData(key: string): Result<SharedValue> {
  const pointer = encodeText(key);
  clearOut();
  const status = proxy_get_shared_data(pointer, lastLength(), OUT_FIRST, OUT_SECOND, OUT_THIRD);
  if (status != Status.Ok) return failure<SharedValue>(status, 'proxy_get_shared_data');
  const cas = outThird();
  return success<SharedValue>(
    new SharedValue(copyBytes(outFirst(), outSecond()), cas),
    'proxy_get_shared_data',
  );
}

/**
 * Writes a value. With `cas` 0 always; otherwise only when nobody wrote since the read that gave that number:
 * `CasMismatch` then, read again and try again.
 */
export function setSharedData(key: string, value: ArrayBuffer, cas: u32 = 0): Outcome {
  const pointer = encodeText(key);
  return outcome(
    proxy_set_shared_data(pointer, lastLength(), changetype<usize>(value), value.byteLength, cas),
    'proxy_set_shared_data',
  );
}

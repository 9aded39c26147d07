import { failure, Result, success } from '../result';
import { Status } from '../types';
import { random_get } from '../wasi';

/** `length` random bytes from the host's secure generator, at most 65536. */
export function randomBytes(length: u32): Result<ArrayBuffer> {
  if (length > 65536) return failure<ArrayBuffer>(Status.BadArgument, 'random_get');
  const bytes = new ArrayBuffer(length);
  const errno = random_get(changetype<usize>(bytes), length);
  if (errno != 0) return failure<ArrayBuffer>(Status.InternalFailure, 'random_get');
  return success<ArrayBuffer>(bytes, 'random_get');
}

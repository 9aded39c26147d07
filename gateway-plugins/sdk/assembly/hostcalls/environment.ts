import { arenaAllocate } from '../arena';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { failure, Result, success } from '../result';
import { decodeText } from '../text';
import { Status } from '../types';
import { environ_get, environ_sizes_get } from '../wasi';

/**
 * The variables that `vm_config.environment_variables` gives to the VM. They never change while it lives; read them once.
 */
export function environmentVariables(): Result<Map<string, string>> {
  clearOut();
  if (environ_sizes_get(OUT_FIRST, OUT_SECOND) != 0) {
    return failure<Map<string, string>>(Status.InternalFailure, 'environ_sizes_get');
  }
  const count = outFirst();
  const size = outSecond();
  const table = arenaAllocate((<usize>count) << 2);
  const bytes = arenaAllocate(size);
  if (table == 0 || bytes == 0) throw new Error('out of memory');
  if (environ_get(table, bytes) != 0) {
    return failure<Map<string, string>>(Status.InternalFailure, 'environ_get');
  }
  const variables = new Map<string, string>();
  const end = bytes + size;
  for (let i: u32 = 0; i < count; i++) {
    const start = <usize>load<u32>(table + ((<usize>i) << 2));
    let stop = start;
    while (stop < end && load<u8>(stop) != 0) stop++;
    const text = decodeText(start, stop - start);
    const equals = text.indexOf('=');
    if (equals > 0) variables.set(text.substring(0, equals), text.substring(equals + 1));
  }
  return success<Map<string, string>>(variables, 'environ_get');
}

/** One variable; `NotFound` when the VM was not given it. */
export function environmentVariable(name: string): Result<string> {
  const variables = environmentVariables();
  if (!variables.ok) return failure<string>(variables.status, 'environ_get');
  if (!variables.value.has(name)) return failure<string>(Status.NotFound, 'environ_get');
  return success<string>(variables.value.get(name), 'environ_get');
}

import { proxy_get_property, proxy_set_property } from '../abi';
import { arenaAllocate } from '../arena';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { copyBytes, decodeText, encodeText, lastLength } from '../text';
import { Status } from '../types';

let pathLength: usize = 0;

// Segments are joined by zero bytes; a segment may hold dots.
function encodePath(path: Array<string>): usize {
  let capacity: usize = 0;
  for (let i = 0; i < path.length; i++) capacity += <usize>path[i].length * 3 + 1;
  const start = arenaAllocate(capacity);
  if (start == 0) throw new Error('out of memory');
  let end = start;
  for (let i = 0; i < path.length; i++) {
    if (i > 0) store<u8>(end++, 0);
    end += String.UTF8.encodeUnsafe(changetype<usize>(path[i]), path[i].length, end);
  }
  pathLength = end - start;
  return start;
}

function read(path: Array<string>): u32 {
  const pointer = encodePath(path);
  clearOut();
  return proxy_get_property(pointer, pathLength, OUT_FIRST, OUT_SECOND);
}

/** A property as bytes, e.g. `['xds', 'route_name']`. `NotFound` when the host does not have it now. */
export function getPropertyBytes(path: Array<string>): Result<ArrayBuffer> {
  const status = read(path);
  if (status != Status.Ok) return failure<ArrayBuffer>(status, 'proxy_get_property');
  return success<ArrayBuffer>(copyBytes(outFirst(), outSecond()), 'proxy_get_property');
}

/** A property that is text. */
export function getProperty(path: Array<string>): Result<string> {
  const status = read(path);
  if (status != Status.Ok) return failure<string>(status, 'proxy_get_property');
  return success<string>(decodeText(outFirst(), outSecond()), 'proxy_get_property');
}

/** A property that is a number (`response.code`, `request.size` …); `ParseFailure` when it is not 8 bytes long. */
export function getNumberProperty(path: Array<string>): Result<i64> {
  const status = read(path);
  if (status != Status.Ok) return failure<i64>(status, 'proxy_get_property');
  if (outSecond() != 8) return failure<i64>(Status.ParseFailure, 'proxy_get_property');
  return success<i64>(load<i64>(outFirst()), 'proxy_get_property');
}

/** A property that is a truth value (`connection.mtls` …); `ParseFailure` when it is not 1 byte long. */
export function getFlagProperty(path: Array<string>): Result<bool> {
  const status = read(path);
  if (status != Status.Ok) return failure<bool>(status, 'proxy_get_property');
  if (outSecond() != 1) return failure<bool>(Status.ParseFailure, 'proxy_get_property');
  return success<bool>(load<u8>(outFirst()) != 0, 'proxy_get_property');
}

/**
 * Keeps a value with the stream. Other plugins and later filters read it as property `name`, access logs as filter state
 * `wasm.<name>`. `NotFound` outside of a stream.
 */
export function setProperty(name: string, value: string): Outcome {
  const key = encodeText(name);
  const keyLength = lastLength();
  const bytes = encodeText(value);
  return outcome(proxy_set_property(key, keyLength, bytes, lastLength()), 'proxy_set_property');
}

/** Like setProperty(), any bytes. */
export function setPropertyBytes(name: string, value: ArrayBuffer): Outcome {
  const key = encodeText(name);
  return outcome(
    proxy_set_property(key, lastLength(), changetype<usize>(value), value.byteLength),
    'proxy_set_property',
  );
}

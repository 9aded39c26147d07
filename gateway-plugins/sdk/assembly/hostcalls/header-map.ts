import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_size,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_set_header_map_pairs,
} from '../abi';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { Headers, pairsLength, PairsReader, writePairs } from '../pairs';
import { failure, outcome, Outcome, Result, success } from '../result';
import { bytesEqualText, copyBytes, decodeText, encodeText, lastLength } from '../text';
import { HeaderMapType, Status } from '../types';

/**
 * One of the header maps of the active context. Names are case-insensitive; give them in lower case. In Envoy a map is
 * there while its callback runs and while the stream is paused from it; elsewhere calls give `BadArgument`.
 */
export class HeaderMap {
  constructor(public type: HeaderMapType) {}

  /** The value of a header; the first one when it occurs several times. `NotFound` when it is absent. */
  get(name: string): Result<string> {
    const status = this.read(name);
    if (status != Status.Ok) return failure<string>(status, 'proxy_get_header_map_value');
    return success<string>(decodeText(outFirst(), outSecond()), 'proxy_get_header_map_value');
  }

  /** Like get(), the exact bytes. */
  getBytes(name: string): Result<ArrayBuffer> {
    const status = this.read(name);
    if (status != Status.Ok) return failure<ArrayBuffer>(status, 'proxy_get_header_map_value');
    return success<ArrayBuffer>(copyBytes(outFirst(), outSecond()), 'proxy_get_header_map_value');
  }

  /** True when the first value of a header is exactly `expected`, byte by byte; nothing is decoded or copied. */
  equals(name: string, expected: string): Result<bool> {
    const status = this.read(name);
    if (status != Status.Ok) return failure<bool>(status, 'proxy_get_header_map_value');
    return success<bool>(bytesEqualText(outFirst(), outSecond(), expected), 'proxy_get_header_map_value');
  }

  /** All values of a header in their order; an empty list when it is absent. `name` in lower case. */
  getAll(name: string): Result<Array<string>> {
    clearOut();
    const status = proxy_get_header_map_pairs(this.type, OUT_FIRST, OUT_SECOND);
    if (status != Status.Ok) return failure<Array<string>>(status, 'proxy_get_header_map_pairs');
    const reader = new PairsReader(outFirst(), outSecond());
    const key = encodeText(name);
    const keyLength = lastLength();
    const values = new Array<string>();
    while (reader.next()) {
      if (reader.keyLength == keyLength && memory.compare(reader.keyPointer, key, keyLength) == 0) {
        values.push(reader.text());
      }
    }
    if (!reader.valid) return failure<Array<string>>(Status.ParseFailure, 'proxy_get_header_map_pairs');
    return success<Array<string>>(values, 'proxy_get_header_map_pairs');
  }

  /** All fields. Envoy gives an empty list, not a failure, when the map is not there. */
  pairs(): Result<Headers> {
    clearOut();
    const status = proxy_get_header_map_pairs(this.type, OUT_FIRST, OUT_SECOND);
    if (status != Status.Ok) return failure<Headers>(status, 'proxy_get_header_map_pairs');
    const reader = new PairsReader(outFirst(), outSecond());
    const fields: Headers = [];
    while (reader.next()) fields.push(reader.pair());
    if (!reader.valid) return failure<Headers>(Status.ParseFailure, 'proxy_get_header_map_pairs');
    return success<Headers>(fields, 'proxy_get_header_map_pairs');
  }

  /** Replaces the whole map, pseudo headers (`:path` …) included. */
  setPairs(pairs: Headers): Outcome {
    const pointer = writePairs(pairs);
    return outcome(
      proxy_set_header_map_pairs(this.type, pointer, pairsLength()),
      'proxy_set_header_map_pairs',
    );
  }

  /** Adds a value, keeping those present. */
  add(name: string, value: string): Outcome {
    const key = encodeText(name);
    const keyLength = lastLength();
    const bytes = encodeText(value);
    return outcome(
      proxy_add_header_map_value(this.type, key, keyLength, bytes, lastLength()),
      'proxy_add_header_map_value',
    );
  }

  /** Like add(), a value of any bytes. */
  addBytes(name: string, value: ArrayBuffer): Outcome {
    const key = encodeText(name);
    return outcome(
      proxy_add_header_map_value(this.type, key, lastLength(), changetype<usize>(value), value.byteLength),
      'proxy_add_header_map_value',
    );
  }

  /** Sets a value in place of all present. On request headers Envoy chooses the route again. */
  replace(name: string, value: string): Outcome {
    const key = encodeText(name);
    const keyLength = lastLength();
    const bytes = encodeText(value);
    return outcome(
      proxy_replace_header_map_value(this.type, key, keyLength, bytes, lastLength()),
      'proxy_replace_header_map_value',
    );
  }

  /** Like replace(), a value of any bytes. */
  replaceBytes(name: string, value: ArrayBuffer): Outcome {
    const key = encodeText(name);
    return outcome(
      proxy_replace_header_map_value(
        this.type,
        key,
        lastLength(),
        changetype<usize>(value),
        value.byteLength,
      ),
      'proxy_replace_header_map_value',
    );
  }

  /** Removes all values of a header; `Ok` also when it was absent. */
  remove(name: string): Outcome {
    const key = encodeText(name);
    return outcome(
      proxy_remove_header_map_value(this.type, key, lastLength()),
      'proxy_remove_header_map_value',
    );
  }

  /** Bytes of all names and values. */
  byteSize(): Result<u32> {
    clearOut();
    const status = proxy_get_header_map_size(this.type, OUT_FIRST);
    if (status != Status.Ok) return failure<u32>(status, 'proxy_get_header_map_size');
    return success<u32>(outFirst(), 'proxy_get_header_map_size');
  }

  private read(name: string): u32 {
    const key = encodeText(name);
    clearOut();
    return proxy_get_header_map_value(this.type, key, lastLength(), OUT_FIRST, OUT_SECOND);
  }
}

export const requestHeaders = new HeaderMap(HeaderMapType.HttpRequestHeaders);
export const requestTrailers = new HeaderMap(HeaderMapType.HttpRequestTrailers);
export const responseHeaders = new HeaderMap(HeaderMapType.HttpResponseHeaders);
export const responseTrailers = new HeaderMap(HeaderMapType.HttpResponseTrailers);
export const grpcInitialMetadata = new HeaderMap(HeaderMapType.GrpcCallInitialMetadata);
export const grpcTrailingMetadata = new HeaderMap(HeaderMapType.GrpcCallTrailingMetadata);
export const httpCallResponseHeaders = new HeaderMap(HeaderMapType.HttpCallResponseHeaders);
export const httpCallResponseTrailers = new HeaderMap(HeaderMapType.HttpCallResponseTrailers);

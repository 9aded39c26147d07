import { proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes } from '../abi';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { copyBytes, decodeText, encodeText, lastLength } from '../text';
import { BufferType, Status } from '../types';

/**
 * One of the buffers of the active context. A body buffer holds the current chunk, or all that has been buffered when
 * the callback returned Pause before.
 */
export class ByteBuffer {
  constructor(public type: BufferType) {}

  /** Bytes in the buffer. `NotFound` when the host has no such buffer now. */
  size(): Result<u32> {
    clearOut();
    const status = proxy_get_buffer_status(this.type, OUT_FIRST, OUT_SECOND);
    if (status != Status.Ok) return failure<u32>(status, 'proxy_get_buffer_status');
    return success<u32>(outFirst(), 'proxy_get_buffer_status');
  }

  /**
   * Copies `length` bytes from `start`, fewer at the end of the buffer. Some hosts, among them Envoy, may refuse to read
   * past the end with `BadArgument`: ask for no more than size().
   */
  getBytes(start: u32, length: u32): Result<ArrayBuffer> {
    const status = this.read(start, length);
    if (status != Status.Ok) return failure<ArrayBuffer>(status, 'proxy_get_buffer_bytes');
    return success<ArrayBuffer>(copyBytes(outFirst(), outSecond()), 'proxy_get_buffer_bytes');
  }

  /** Like getBytes(), decoded as UTF-8. */
  getText(start: u32, length: u32): Result<string> {
    const status = this.read(start, length);
    if (status != Status.Ok) return failure<string>(status, 'proxy_get_buffer_bytes');
    return success<string>(decodeText(outFirst(), outSecond()), 'proxy_get_buffer_bytes');
  }

  /** Replaces the whole content. */
  set(value: ArrayBuffer): Outcome {
    return this.write(0, (<usize>u32.MAX_VALUE) >> 1, changetype<usize>(value), value.byteLength);
  }

  /** Replaces the whole content by text. */
  setText(value: string): Outcome {
    const pointer = encodeText(value);
    return this.write(0, (<usize>u32.MAX_VALUE) >> 1, pointer, lastLength());
  }

  /** Adds bytes at the end. */
  append(value: ArrayBuffer): Outcome {
    return this.write((<usize>u32.MAX_VALUE) >> 1, 0, changetype<usize>(value), value.byteLength);
  }

  /** Adds bytes before the first. */
  prepend(value: ArrayBuffer): Outcome {
    return this.write(0, 0, changetype<usize>(value), value.byteLength);
  }

  /**
   * Replaces `length` bytes from `start`. Envoy knows only the three forms of set(), append() and prepend() and answers
   * `BadArgument` to others: read, change and set() instead.
   */
  replaceRange(start: u32, length: u32, value: ArrayBuffer): Outcome {
    return this.write(start, length, changetype<usize>(value), value.byteLength);
  }

  private read(start: u32, length: u32): u32 {
    clearOut();
    return proxy_get_buffer_bytes(this.type, start, length, OUT_FIRST, OUT_SECOND);
  }

  private write(start: usize, length: usize, pointer: usize, size: usize): Outcome {
    return outcome(proxy_set_buffer_bytes(this.type, start, length, pointer, size), 'proxy_set_buffer_bytes');
  }
}

export const requestBody = new ByteBuffer(BufferType.HttpRequestBody);
export const responseBody = new ByteBuffer(BufferType.HttpResponseBody);
export const downstreamData = new ByteBuffer(BufferType.DownstreamData);
export const upstreamData = new ByteBuffer(BufferType.UpstreamData);
export const httpCallResponseBody = new ByteBuffer(BufferType.HttpCallResponseBody);
export const grpcMessage = new ByteBuffer(BufferType.GrpcCallMessage);
export const vmConfiguration = new ByteBuffer(BufferType.VmConfiguration);
export const pluginConfiguration = new ByteBuffer(BufferType.PluginConfiguration);
export const foreignFunctionArguments = new ByteBuffer(BufferType.ForeignFunctionArguments);

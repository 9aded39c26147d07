// The hostcalls under the names that plugins for Higress use. A failure that the old names cannot return is logged.
import { proxy_get_property, proxy_set_effective_context as set_effective_context } from '../abi';
import { ByteBuffer } from '../hostcalls/buffer';
import { currentTimeNanoseconds, setTickPeriod } from '../hostcalls/clock';
import { callForeignFunction } from '../hostcalls/foreign-function';
import { log as logText } from '../hostcalls/log';
import { setPropertyBytes } from '../hostcalls/property';
import { getSharedData, setSharedData } from '../hostcalls/shared-data';
import { SharedQueue } from '../hostcalls/shared-queue';
import { continueStream, sendLocalResponse } from '../hostcalls/stream';
import { clearOut, OUT_FIRST, OUT_SECOND, outFirst, outSecond } from '../out';
import { HeaderPair, Headers } from '../pairs';
import { copyBytes, encodeText, lastLength } from '../text';
import { BufferType, GrpcStatus, LogLevel, Status, StreamType } from '../types';
import { BufferTypeValues, GrpcStatusValues, LogLevelValues, WasmResultValues } from './values';

export function log(level: LogLevelValues, logMessage: string): void {
  logText(<LogLevel>level, logMessage);
}

export function makeHeaderPair(key: string, value: string): HeaderPair {
  return HeaderPair.of(key, value);
}

export function set_tick_period_milliseconds(millisecond: u32): void {
  // Left unread on purpose: a failure is reported when the callback ends.
  setTickPeriod(millisecond);
}

export function get_current_time_nanoseconds(): u64 {
  return currentTimeNanoseconds().value;
}

export class GetPropertyResult {
  constructor(
    public returnValue: ArrayBuffer,
    public status: WasmResultValues,
  ) {}
}

/** Segments of `path` are separated by a zero byte: `"xds\0route_name"`. */
export function get_property(path: string): GetPropertyResult {
  const pointer = encodeText(path);
  clearOut();
  const status = proxy_get_property(pointer, lastLength(), OUT_FIRST, OUT_SECOND);
  if (status != Status.Ok) return new GetPropertyResult(new ArrayBuffer(0), <WasmResultValues>status);
  return new GetPropertyResult(copyBytes(outFirst(), outSecond()), WasmResultValues.Ok);
}

export function set_property(path: string, data: ArrayBuffer): WasmResultValues {
  return <WasmResultValues>setPropertyBytes(path, data).status;
}

export function continue_request(): WasmResultValues {
  return <WasmResultValues>continueStream(StreamType.HttpRequest).status;
}

export function continue_response(): WasmResultValues {
  return <WasmResultValues>continueStream(StreamType.HttpResponse).status;
}

export function send_local_response(
  response_code: u32,
  response_code_details: string,
  body: ArrayBuffer,
  additional_headers: Headers,
  grpc_status: GrpcStatusValues,
): WasmResultValues {
  const sent = sendLocalResponse(
    response_code,
    body,
    additional_headers,
    response_code_details,
    <GrpcStatus>grpc_status,
  );
  return <WasmResultValues>sent.status;
}

export function send_http_response(
  response_code: u32,
  response_code_details: string,
  body: ArrayBuffer,
  additional_headers: Headers,
): WasmResultValues {
  return send_local_response(
    response_code,
    response_code_details,
    body,
    additional_headers,
    GrpcStatusValues.InvalidCode,
  );
}

export class GetSharedData {
  value: ArrayBuffer | null = null;
  result: WasmResultValues = WasmResultValues.Ok;
  cas: u32 = 0;
}

export function get_shared_data(key: string): GetSharedData {
  const answer = new GetSharedData();
  const shared = getSharedData(key);
  answer.result = <WasmResultValues>shared.status;
  if (shared.ok) {
    answer.value = shared.value.bytes;
    answer.cas = shared.value.cas;
  }
  return answer;
}

export function set_shared_data(key: string, value: ArrayBuffer, cas: u32 = 0): WasmResultValues {
  return <WasmResultValues>setSharedData(key, value, cas).status;
}

export class TokenSharedQueueResult {
  result: WasmResultValues = WasmResultValues.Ok;
  token: u32 = 0;
}

export function register_shared_queue(queue_name: string): TokenSharedQueueResult {
  const answer = new TokenSharedQueueResult();
  const queue = SharedQueue.register(queue_name);
  answer.result = <WasmResultValues>queue.status;
  if (queue.ok) answer.token = queue.value.id;
  return answer;
}

export function resolve_shared_queue(vm_id: string, queue_name: string): TokenSharedQueueResult {
  const answer = new TokenSharedQueueResult();
  const queue = SharedQueue.resolve(vm_id, queue_name);
  answer.result = <WasmResultValues>queue.status;
  if (queue.ok) answer.token = queue.value.id;
  return answer;
}

export class DequeueSharedQueueResult {
  result: WasmResultValues = WasmResultValues.Ok;
  data: ArrayBuffer | null = null;
}

export function dequeue_shared_queue(token: u32): DequeueSharedQueueResult {
  const answer = new DequeueSharedQueueResult();
  const item = new SharedQueue(token).dequeue();
  answer.result = <WasmResultValues>item.status;
  if (item.ok) answer.data = item.value;
  return answer;
}

export function enqueue_shared_queue(token: u32, data: ArrayBuffer): WasmResultValues {
  return <WasmResultValues>new SharedQueue(token).enqueue(data).status;
}

/** An empty buffer when the host has no such bytes; a failure is reported when the callback ends. */
export function get_buffer_bytes(typ: BufferTypeValues, start: u32, length: u32): ArrayBuffer {
  const bytes = new ByteBuffer(<BufferType>typ).getBytes(start, length);
  return bytes.status == Status.Ok ? bytes.value : new ArrayBuffer(0);
}

/** Replaces a whole body. Higress's own package has no such function. */
export function set_buffer_bytes(typ: BufferTypeValues, value: ArrayBuffer): WasmResultValues {
  return <WasmResultValues>new ByteBuffer(<BufferType>typ).set(value).status;
}

/** Result of the host's function; empty when it failed, which is reported when the callback ends. */
export function call_foreign_function(function_name: string, argument: string): ArrayBuffer {
  const answer = callForeignFunction(function_name, String.UTF8.encode(argument));
  return answer.status == Status.Ok ? answer.value : new ArrayBuffer(0);
}

export function proxy_set_effective_context(id: u32): WasmResultValues {
  return <WasmResultValues>set_effective_context(id);
}

import { CallHandler } from '../context/call-handler';
import { activeContext } from '../context/dispatcher';
import { httpCallResponseBody } from '../hostcalls/buffer';
import { httpCallResponseHeaders } from '../hostcalls/header-map';
import { HttpRequest } from '../hostcalls/http-call';
import { logAt } from '../hostcalls/log';
import { HeaderPair, Headers } from '../pairs';
import { LogLevel } from '../types';
import { Cluster } from './cluster';

/** Gets the answer of a call; `statusCode` is 502 and the rest empty when there was none. */
export type ResponseCallBack = (statusCode: i32, responseHeaders: Headers, responseBody: ArrayBuffer) => void;

const BAD_GATEWAY: i32 = 502;

class CallbackHandler extends CallHandler {
  constructor(private callback: ResponseCallBack) {
    super();
  }

  onHttpCallResponse(callId: u32, headers: u32, bodySize: u32, trailers: u32): void {
    const callback = this.callback;
    const fields = httpCallResponseHeaders.pairs();
    if (headers == 0 || !fields.ok) {
      callback(BAD_GATEWAY, [], new ArrayBuffer(0));
      return;
    }
    let status = BAD_GATEWAY;
    const pairs = fields.value;
    for (let i = 0; i < pairs.length; i++) {
      if (pairs[i].name == ':status') status = <i32>I32.parseInt(pairs[i].text);
    }
    const body = bodySize == 0 ? new ArrayBuffer(0) : httpCallResponseBody.getBytes(0, bodySize).value;
    callback(status, pairs, body);
  }
}

/** Calls services from a plugin. The callback runs with the stream that called, if it is still there. */
export class ClusterClient {
  constructor(public cluster: Cluster) {}

  private call(
    method: string,
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    callback: ResponseCallBack,
    timeoutMs: u32,
  ): bool {
    const context = activeContext();
    if (context == null) {
      logAt(LogLevel.Error).write('http call outside of a callback');
      return false;
    }
    const request = new HttpRequest(this.cluster.clusterName());
    request.headers.push(HeaderPair.of(':method', method));
    request.headers.push(HeaderPair.of(':path', path));
    request.headers.push(HeaderPair.of(':authority', this.cluster.hostName()));
    for (let i = 0; i < headers.length; i++) {
      const name = headers[i].name;
      if (name != ':method' && name != ':path' && name != ':authority') request.headers.push(headers[i]);
    }
    request.body = body;
    request.timeoutMs = timeoutMs;
    const sent = context.httpCall(request, new CallbackHandler(callback));
    // Neither headers nor body are logged: they may hold secrets.
    if (!sent.ok)
      logAt(LogLevel.Error)
        .text('cluster', request.cluster)
        .status('status', sent.status)
        .write('http call failed');
    return sent.ok;
  }

  get(path: string, headers: Headers, cb: ResponseCallBack, timeoutMillisecond: u32 = 500): bool {
    return this.call('GET', path, headers, new ArrayBuffer(0), cb, timeoutMillisecond);
  }
  head(path: string, headers: Headers, cb: ResponseCallBack, timeoutMillisecond: u32 = 500): bool {
    return this.call('HEAD', path, headers, new ArrayBuffer(0), cb, timeoutMillisecond);
  }
  options(path: string, headers: Headers, cb: ResponseCallBack, timeoutMillisecond: u32 = 500): bool {
    return this.call('OPTIONS', path, headers, new ArrayBuffer(0), cb, timeoutMillisecond);
  }
  post(
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    cb: ResponseCallBack,
    timeoutMillisecond: u32 = 500,
  ): bool {
    return this.call('POST', path, headers, body, cb, timeoutMillisecond);
  }
  put(
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    cb: ResponseCallBack,
    timeoutMillisecond: u32 = 500,
  ): bool {
    return this.call('PUT', path, headers, body, cb, timeoutMillisecond);
  }
  patch(
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    cb: ResponseCallBack,
    timeoutMillisecond: u32 = 500,
  ): bool {
    return this.call('PATCH', path, headers, body, cb, timeoutMillisecond);
  }
  delete(
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    cb: ResponseCallBack,
    timeoutMillisecond: u32 = 500,
  ): bool {
    return this.call('DELETE', path, headers, body, cb, timeoutMillisecond);
  }
  connect(
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    cb: ResponseCallBack,
    timeoutMillisecond: u32 = 500,
  ): bool {
    return this.call('CONNECT', path, headers, body, cb, timeoutMillisecond);
  }
  trace(
    path: string,
    headers: Headers,
    body: ArrayBuffer,
    cb: ResponseCallBack,
    timeoutMillisecond: u32 = 500,
  ): bool {
    return this.call('TRACE', path, headers, body, cb, timeoutMillisecond);
  }
}

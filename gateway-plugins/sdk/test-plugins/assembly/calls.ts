import {
  Action,
  CallHandler,
  grpcCancel,
  grpcClose,
  grpcInitialMetadata,
  grpcMessage,
  grpcSend,
  grpcTrailingMetadata,
  GrpcTarget,
  HeaderPair,
  httpCallResponseBody,
  httpCallResponseHeaders,
  httpCallResponseTrailers,
  HttpRequest,
  sendLocalText,
  statusName,
  StreamContext,
} from '../../assembly';

function finish(text: string): void {
  sendLocalText(200, text).must();
}

class HttpAnswer extends CallHandler {
  constructor(private stream: StreamContext) {
    super();
  }
  onHttpCallResponse(callId: u32, headers: u32, bodySize: u32, trailers: u32): void {
    if (headers == 0) {
      finish('failed ' + this.stream.callStatus().value.message);
      return;
    }
    const body = httpCallResponseBody.getText(0, bodySize).value;
    const trailer = httpCallResponseTrailers.get('x-trailer').or('none');
    finish([httpCallResponseHeaders.get(':status').value, body, trailer].join('|'));
  }
}

export function startHttpCall(stream: StreamContext, cluster: string): Action {
  const request = new HttpRequest(cluster);
  request.headers.push(HeaderPair.of(':method', 'POST'));
  request.headers.push(HeaderPair.of(':path', '/call'));
  request.headers.push(HeaderPair.of(':authority', 'callee'));
  request.body = String.UTF8.encode('question');
  request.trailers.push(HeaderPair.of('x-end', 'yes'));
  request.timeoutMs = 1000;
  const call = stream.httpCall(request, new HttpAnswer(stream));
  if (!call.ok) finish(call.describe());
  return Action.Pause;
}

class GrpcAnswer extends CallHandler {
  private seen: Array<string> = new Array<string>();
  constructor(private stream: StreamContext) {
    super();
  }
  onGrpcInitialMetadata(callId: u32, elements: u32): void {
    this.seen.push('initial ' + grpcInitialMetadata.get('x-initial').or('none'));
  }
  onGrpcMessage(callId: u32, size: u32): void {
    this.seen.push('message ' + grpcMessage.getText(0, size).value);
    if (this.unary) finish(this.seen.join('|'));
  }
  onGrpcTrailingMetadata(callId: u32, elements: u32): void {
    this.seen.push('trailing ' + grpcTrailingMetadata.get('x-trailing').or('none'));
  }
  onGrpcClose(callId: u32, status: u32): void {
    this.seen.push('close ' + status.toString() + ' ' + this.stream.callStatus().value.message);
    finish(this.seen.join('|'));
  }
  unary: bool = false;
}

export function startGrpcCall(stream: StreamContext, cluster: string): Action {
  const target = new GrpcTarget(cluster, 'sink.Service', 'Unary');
  target.initialMetadata.push(HeaderPair.of('x-from', 'sink'));
  const answer = new GrpcAnswer(stream);
  answer.unary = true;
  const call = stream.grpcCall(target, String.UTF8.encode('ask'), 1000, answer);
  if (!call.ok) {
    finish(call.describe());
    return Action.Pause;
  }
  // A second call is given up at once: its handler must never run.
  const other = stream.grpcCall(target, String.UTF8.encode('never'), 1000, answer);
  grpcCancel(other.value).must();
  return Action.Pause;
}

export function startGrpcStream(stream: StreamContext, cluster: string): Action {
  const opened = stream.grpcStream(new GrpcTarget(cluster, 'sink.Service', 'Stream'), new GrpcAnswer(stream));
  if (!opened.ok) {
    finish(opened.describe());
    return Action.Pause;
  }
  grpcSend(opened.value, String.UTF8.encode('first')).must();
  grpcSend(opened.value, String.UTF8.encode('last')).must();
  grpcClose(opened.value).must();
  const unknown = grpcSend(4096, new ArrayBuffer(1));
  if (unknown.ok) finish('sent on an unknown stream: ' + statusName(unknown.status));
  return Action.Pause;
}

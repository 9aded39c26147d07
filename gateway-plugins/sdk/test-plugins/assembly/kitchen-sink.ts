// Drives every wrapper of the binding. The request header `x-op` says which; the answer is text for the test to read.
export * from '../../assembly/proxy';
import {
  Action,
  ByteBuffer,
  callForeignFunction,
  closeStream,
  continueStream,
  Counter,
  currentTimeNanoseconds,
  environmentVariable,
  environmentVariables,
  finishDone,
  foreignFunctionArguments,
  Gauge,
  getFlagProperty,
  getNumberProperty,
  getProperty,
  getPropertyBytes,
  getSharedData,
  GrpcStatus,
  HeaderPair,
  Histogram,
  liveCount,
  log,
  logAt,
  logEnabled,
  LogLevel,
  monotonicNanoseconds,
  pluginConfiguration,
  PluginContext,
  randomBytes,
  registerPlugin,
  requestBody,
  requestHeaders,
  requestTrailers,
  responseBody,
  responseHeaders,
  responseTrailers,
  sendLocalResponse,
  sendLocalText,
  setEffectiveContext,
  setProperty,
  setPropertyBytes,
  setSharedData,
  setTickPeriod,
  SharedQueue,
  Status,
  statusName,
  StreamContext,
  StreamType,
  vmConfiguration,
} from '../../assembly';
import { startGrpcCall, startGrpcStream, startHttpCall } from './calls';

class SinkPlugin extends PluginContext {
  configuration: string = '';
  vmText: string = '';
  ticks: u32 = 0;
  paused: Array<u32> = new Array<u32>();
  counter: Counter = Counter.define('sink_counter').value;
  gauge: Gauge = Gauge.define('sink_gauge').value;
  histogram: Histogram = Histogram.define('sink_histogram').value;

  onVmStart(size: u32): bool {
    this.vmText = vmConfiguration.getText(0, size).value;
    return this.vmText != 'refuse';
  }

  onConfigure(size: u32): bool {
    this.configuration = pluginConfiguration.getText(0, size).value;
    if (this.configuration == 'refuse') return false;
    if (this.configuration.includes('tick')) setTickPeriod(10).must();
    return true;
  }

  createStreamContext(): StreamContext | null {
    return this.configuration == 'idle' ? null : new SinkStream(this);
  }

  onTick(): void {
    this.ticks++;
    for (let i = 0; i < this.paused.length; i++) {
      if (setEffectiveContext(this.paused[i]).ok) continueStream(StreamType.HttpRequest).must();
    }
    this.paused = new Array<u32>();
    if (this.configuration == 'tick done') finishDone().ignore();
  }

  onQueueReady(queueId: u32): void {
    const item = new SharedQueue(queueId).dequeue();
    if (item.ok) log(LogLevel.Warn, 'queue item ' + String.UTF8.decode(item.value));
  }

  onForeignFunction(functionId: u32, size: u32): void {
    const argument = foreignFunctionArguments.getText(0, size).value;
    logAt(LogLevel.Warn).number('id', functionId).text('argument', argument).write('foreign');
  }

  onDone(): bool {
    return this.configuration != 'tick done';
  }

  onDelete(): void {
    log(LogLevel.Warn, 'plugin deleted');
  }
}

class SinkStream extends StreamContext {
  op: string = '';

  constructor(public plugin: SinkPlugin) {
    super();
  }

  answer(text: string): Action {
    sendLocalText(200, text, [HeaderPair.of('x-sink', 'yes')], 'sink').must();
    return Action.Pause;
  }

  onRequestHeaders(headers: u32, endOfStream: bool): Action {
    this.op = requestHeaders.get('x-op').or('');
    const op = this.op;
    if (op == 'header-get') return this.answer(headerGet(headers));
    if (op == 'header-set') return headerSet();
    if (op == 'header-pairs') return headerPairs();
    if (op == 'property') return this.answer(property());
    if (op == 'shared-data') return this.answer(sharedData());
    if (op == 'shared-read') return this.answer(getSharedData('between').value.text);
    if (op == 'shared-write')
      return this.answer(setSharedData('between', String.UTF8.encode('workers')).describe());
    if (op == 'queue') return this.answer(queue());
    if (op == 'queue-fill') {
      const own = SharedQueue.register('sink').value;
      return this.answer(own.enqueue(String.UTF8.encode('left')).describe());
    }
    if (op == 'metrics') return this.answer(this.metrics());
    if (op == 'clock') return this.answer(clock());
    if (op == 'random') return this.answer(random());
    if (op == 'environment') return this.answer(environment());
    if (op == 'foreign') return this.answer(foreign());
    if (op == 'levels') return this.answer(levels());
    if (op == 'configuration') return this.answer(this.plugin.configuration + '|' + this.plugin.vmText);
    if (op == 'ticks') return this.answer(this.plugin.ticks.toString());
    if (op == 'live') return this.answer(liveCount().toString());
    if (op == 'local') {
      const body = String.UTF8.encode('{"no":"way"}');
      sendLocalResponse(403, body, [HeaderPair.of('content-type', 'application/json')], 'denied').must();
      return Action.Pause;
    }
    if (op == 'local-grpc') {
      sendLocalResponse(200, String.UTF8.encode('denied'), [], 'denied', GrpcStatus.PermissionDenied).must();
      return Action.Pause;
    }
    if (op == 'close') {
      closeStream(StreamType.HttpRequest).must();
      return Action.Pause;
    }
    if (op == 'wait-for-tick') {
      this.plugin.paused.push(this.id);
      return Action.Pause;
    }
    if (op == 'unread') {
      requestTrailers.replace('x', 'y');
      return Action.Continue;
    }
    if (op == 'trap') return this.answer(requestHeaders.get('x-not-there').value);
    if (op == 'effective') return this.answer(setEffectiveContext(9999).describe());
    if (op == 'http-call') return startHttpCall(this, requestHeaders.get('x-cluster').value);
    if (op == 'grpc-call') return startGrpcCall(this, requestHeaders.get('x-cluster').value);
    if (op == 'grpc-stream') return startGrpcStream(this, requestHeaders.get('x-cluster').value);
    return Action.Continue;
  }

  onRequestBody(size: u32, endOfStream: bool): Action {
    if (!this.op.startsWith('body-')) return Action.Continue;
    if (!endOfStream) return Action.Pause;
    if (this.op == 'body-read') {
      const all = requestBody.getText(0, size).value;
      const part = requestBody.getBytes(1, 2).value;
      return this.answer(
        size.toString() +
          '|' +
          requestBody.size().value.toString() +
          '|' +
          all +
          '|' +
          String.UTF8.decode(part),
      );
    }
    change(requestBody, this.op);
    return Action.Continue;
  }

  onRequestTrailers(trailers: u32): Action {
    if (this.op == 'trailers') {
      requestTrailers.add('x-seen', requestTrailers.get('x-trailer').value + trailers.toString()).must();
    }
    return Action.Continue;
  }

  onResponseHeaders(headers: u32, endOfStream: bool): Action {
    if (this.op == 'response') {
      responseHeaders.replace('x-sink-status', responseHeaders.get(':status').value).must();
      responseHeaders.remove('content-length').must();
    }
    return Action.Continue;
  }

  onResponseBody(size: u32, endOfStream: bool): Action {
    if (this.op != 'response') return Action.Continue;
    if (!endOfStream) return Action.Pause;
    this.wrapResponse();
    return Action.Continue;
  }

  wrapResponse(): void {
    const size = responseBody.size().value;
    responseBody.setText('<' + responseBody.getText(0, size).value + '>').must();
  }

  onResponseTrailers(trailers: u32): Action {
    // With trailers no piece of the body says that it is the last.
    if (this.op == 'response') this.wrapResponse();
    if (this.op == 'trailers') {
      responseTrailers.add('x-seen', responseTrailers.get('x-trailer').value + trailers.toString()).must();
    }
    return Action.Continue;
  }

  onLog(): void {
    if (this.op == 'log') {
      const status = responseHeaders.get(':status').or('none');
      log(LogLevel.Warn, 'logged ' + requestHeaders.get('x-op').value + ' ' + status);
    }
  }

  metrics(): string {
    const plugin = this.plugin;
    const before = plugin.counter.get().value;
    plugin.counter.add(2).must();
    const after = plugin.counter.get().value;
    plugin.gauge.set(40).must();
    plugin.gauge.add(-3).must();
    plugin.histogram.record(7).must();
    return (
      (after - before).toString() +
      '|' +
      plugin.gauge.get().value.toString() +
      '|' +
      statusName(plugin.counter.add(-1).status) +
      '|' +
      statusName(new Counter(4000).get().status)
    );
  }
}

function headerGet(count: u32): string {
  return [
    requestHeaders.get('x-in').value,
    requestHeaders.getBytes('x-in').value.byteLength.toString(),
    requestHeaders.equals('x-in', 'välue').value.toString(),
    requestHeaders.equals('x-in', 'other').value.toString(),
    requestHeaders.getAll('x-many').value.join(','),
    requestHeaders.getAll('x-none').value.length.toString(),
    statusName(requestHeaders.get('x-none').status),
    statusName(requestHeaders.equals('x-none', '').status),
    requestHeaders.get('x-none').or('fallback'),
    statusName(responseHeaders.get('x-none').status),
    (requestHeaders.pairs().value.length == <i32>count).toString(),
  ].join('|');
}

function headerSet(): Action {
  requestHeaders.add('x-many', 'second').must();
  requestHeaders.addBytes('x-bytes', String.UTF8.encode('bytes')).must();
  requestHeaders.replace('x-in', 'new').must();
  requestHeaders.replaceBytes('x-other', String.UTF8.encode('other')).must();
  requestHeaders.remove('x-gone').must();
  requestHeaders.remove('x-never-there').must();
  return Action.Continue;
}

function headerPairs(): Action {
  const pairs = requestHeaders.pairs().value;
  let size = 0;
  for (let i = 0; i < pairs.length; i++) size += pairs[i].key.byteLength + pairs[i].value.byteLength;
  const same = requestHeaders.byteSize().value == <u32>size;
  pairs.push(HeaderPair.of('x-same', same.toString()));
  pairs.push(HeaderPair.of('x-empty', ''));
  requestHeaders.setPairs(pairs).must();
  return Action.Continue;
}

function property(): string {
  setProperty('sink.text', 'kept').must();
  setPropertyBytes('sink.bytes', String.UTF8.encode('raw')).must();
  return [
    getProperty(['request', 'path']).value,
    getProperty(['sink.text']).value,
    getPropertyBytes(['sink.bytes']).value.byteLength.toString(),
    statusName(getProperty(['not', 'there']).status),
    (getNumberProperty(['connection_id']).status != Status.ParseFailure).toString(),
    statusName(getNumberProperty(['request', 'path']).status),
    statusName(getFlagProperty(['request', 'path']).status),
  ].join('|');
}

function sharedData(): string {
  const missing = getSharedData('never-set').status;
  setSharedData('key', String.UTF8.encode('one')).must();
  const first = getSharedData('key').value;
  setSharedData('key', String.UTF8.encode('two'), first.cas).must();
  const stale = setSharedData('key', String.UTF8.encode('three'), first.cas).status;
  return [statusName(missing), first.text, getSharedData('key').value.text, statusName(stale)].join('|');
}

function queue(): string {
  const own = SharedQueue.register('sink').value;
  const found = SharedQueue.resolve(getProperty(['plugin_vm_id']).or(''), 'sink');
  own.enqueue(String.UTF8.encode('item')).must();
  const item = String.UTF8.decode(own.dequeue().value);
  return [
    (found.value.id == own.id).toString(),
    item,
    statusName(own.dequeue().status),
    statusName(SharedQueue.resolve('no-such-vm', 'sink').status),
    statusName(new SharedQueue(4711).enqueue(new ArrayBuffer(1)).status),
  ].join('|');
}

function clock(): string {
  const now = currentTimeNanoseconds().value;
  const monotonic = monotonicNanoseconds().value;
  return (now / 1000000).toString() + '|' + (monotonicNanoseconds().value >= monotonic).toString();
}

function random(): string {
  const bytes = Uint8Array.wrap(randomBytes(32).value);
  let hex = '';
  for (let i = 0; i < bytes.length; i++) hex += bytes[i].toString(16).padStart(2, '0');
  return hex + '|' + statusName(randomBytes(65537).status);
}

function environment(): string {
  return [
    environmentVariable('SINK_TEXT').or('unset'),
    statusName(environmentVariable('SINK_NONE').status),
    environmentVariables().value.has('SINK_TEXT').toString(),
  ].join('|');
}

function foreign(): string {
  return [
    callForeignFunction('clear_route_cache', new ArrayBuffer(0)).value.byteLength.toString(),
    statusName(callForeignFunction('no_such_function', new ArrayBuffer(0)).status),
  ].join('|');
}

function levels(): string {
  logAt(LogLevel.Debug).text('secret', 'never formatted').write('debug line');
  logAt(LogLevel.Warn)
    .text('quoted', 'a "b" \\ \n')
    .number('number', -5)
    .flag('flag', true)
    .status('status', Status.CasMismatch)
    .write('warn line');
  log(LogLevel.Debug, 'plain debug');
  log(LogLevel.Error, 'plain error');
  return logEnabled(LogLevel.Debug).toString() + '|' + logEnabled(LogLevel.Warn).toString();
}

function change(body: ByteBuffer, op: string): void {
  if (op == 'body-set') body.set(String.UTF8.encode('replaced')).must();
  else if (op == 'body-text') body.setText('réplaced').must();
  else if (op == 'body-append') body.append(String.UTF8.encode('+end')).must();
  else if (op == 'body-prepend') body.prepend(String.UTF8.encode('start+')).must();
  else if (op == 'body-range') {
    const status = body.replaceRange(1, 2, String.UTF8.encode('x')).status;
    body.setText(statusName(status)).must();
  }
}

registerPlugin(() => new SinkPlugin());

// Drives the layer for plugins in Higress's style.
export * from '../../assembly/proxy';
import {
  BufferTypeValues,
  ClusterClient,
  Counter,
  FilterDataStatusValues,
  FilterHeadersStatusValues,
  Headers,
  HttpContext,
  JSON,
  K8sCluster,
  logger,
  NamedCluster,
  ParseOverrideConfigBy,
  ParseResult,
  ProcessRequestBodyBy,
  ProcessRequestHeadersBy,
  ProcessResponseBodyBy,
  ProcessResponseHeadersBy,
  RegisterTickFunc,
  send_http_response,
  set_buffer_bytes,
  SetCtx,
  stream_context,
} from '../../assembly/higress';

class Config {
  label: string = 'none';
  allow: Array<string> = new Array<string>();
}

class Note {
  constructor(public text: string) {}
}

SetCtx<Config>('higress-test', [
  ParseOverrideConfigBy<Config>(parseGlobal, parseRule),
  ProcessRequestHeadersBy<Config>(onRequestHeaders),
  ProcessRequestBodyBy<Config>(onRequestBody),
  ProcessResponseHeadersBy<Config>(onResponseHeaders),
  ProcessResponseBodyBy<Config>(onResponseBody),
]);

function parseGlobal(json: JSON.Obj): ParseResult<Config> {
  return parseRule(json, new Config());
}

function parseRule(json: JSON.Obj, global: Config): ParseResult<Config> {
  const config = new Config();
  const label = json.getString('label');
  config.label = label == null ? global.label : label.valueOf();
  if (config.label == 'bad') return new ParseResult<Config>(null, false);
  const allow = json.getArr('allow');
  if (allow == null) config.allow = global.allow;
  else for (let i = 0; i < allow.length; i++) config.allow.push(allow.valueOf()[i].toString());
  if (json.has('tick')) RegisterTickFunc(20, tick);
  return new ParseResult<Config>(config, true);
}

function tick(): void {
  new Counter('higress_ticks').increment(1);
}

function onRequestHeaders(context: HttpContext, config: Config): FilterHeadersStatusValues {
  context.SetContext('number', 42);
  context.SetContext('note', changetype<usize>(new Note('note of ' + context.Path())));
  const name = stream_context.headers.request.get('x-name');
  if (config.allow.length != 0 && !config.allow.includes(name)) {
    send_http_response(403, 'not-allowed', String.UTF8.encode('label ' + config.label), []);
    return FilterHeadersStatusValues.StopIteration;
  }
  stream_context.headers.request.replace('x-label', config.label);
  stream_context.headers.request.add(
    'x-facts',
    [context.Scheme(), context.Host(), context.Method(), context.Path()].join(' '),
  );
  if (name == 'caller') {
    const client = new ClusterClient(new NamedCluster('callee', 'callee.local'));
    if (!client.post('/check', [], String.UTF8.encode('q'), onAnswer))
      return FilterHeadersStatusValues.Continue;
    return FilterHeadersStatusValues.StopIteration;
  }
  if (name == 'k8s') {
    const client = new ClusterClient(new K8sCluster('svc', 'ns', 80));
    client.get('/', [], onAnswer);
    return FilterHeadersStatusValues.StopIteration;
  }
  if (name == 'no-body') context.DontReadRequestBody();
  return FilterHeadersStatusValues.Continue;
}

function onAnswer(status: i32, headers: Headers, body: ArrayBuffer): void {
  send_http_response(
    200,
    'answered',
    String.UTF8.encode(status.toString() + ' ' + headers.length.toString() + ' ' + String.UTF8.decode(body)),
    [],
  );
}

function onRequestBody(context: HttpContext, config: Config, body: ArrayBuffer): FilterDataStatusValues {
  const text = String.UTF8.decode(body);
  if (text.includes('forbidden')) {
    send_http_response(400, 'forbidden', String.UTF8.encode('forbidden'), []);
    return FilterDataStatusValues.StopIterationNoBuffer;
  }
  const note = changetype<Note>(context.GetContext('note'));
  const number = context.GetContext('number').toString();
  const missing = context.GetContext('missing').toString();
  set_buffer_bytes(
    BufferTypeValues.HttpRequestBody,
    String.UTF8.encode([text, number, note.text, missing].join('|')),
  );
  return FilterDataStatusValues.Continue;
}

function onResponseHeaders(context: HttpContext, config: Config): FilterHeadersStatusValues {
  stream_context.headers.response.remove('content-length');
  logger.Warn('response ' + stream_context.headers.response.get(':status'));
  return FilterHeadersStatusValues.Continue;
}

function onResponseBody(context: HttpContext, config: Config, body: ArrayBuffer): FilterDataStatusValues {
  set_buffer_bytes(
    BufferTypeValues.HttpResponseBody,
    String.UTF8.encode(String.UTF8.decode(body).toUpperCase()),
  );
  return FilterDataStatusValues.Continue;
}

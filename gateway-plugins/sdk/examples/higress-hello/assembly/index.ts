// A plugin in the style of Higress. It differs from one for Higress in where it imports from, and in nothing else.
export * from '@hiclaw/proxy-wasm/assembly/proxy';
import {
  FilterHeadersStatusValues,
  HttpContext,
  JSON,
  logger,
  ParseConfigBy,
  ParseResult,
  ProcessRequestHeadersBy,
  send_http_response,
  SetCtx,
  stream_context,
} from '@hiclaw/proxy-wasm/assembly/higress';

class HelloConfig {
  greeting: string = 'hello';
}

SetCtx<HelloConfig>('higress-hello', [
  ParseConfigBy<HelloConfig>(parseConfig),
  ProcessRequestHeadersBy<HelloConfig>(onHttpRequestHeaders),
]);

function parseConfig(json: JSON.Obj): ParseResult<HelloConfig> {
  const config = new HelloConfig();
  const greeting = json.getString('greeting');
  if (greeting != null) config.greeting = greeting.valueOf();
  return new ParseResult<HelloConfig>(config, true);
}

function onHttpRequestHeaders(context: HttpContext, config: HelloConfig): FilterHeadersStatusValues {
  const name = stream_context.headers.request.get('x-name');
  if (name == '') {
    stream_context.headers.request.add('x-greeting', config.greeting);
    return FilterHeadersStatusValues.Continue;
  }
  logger.Debug('answering');
  send_http_response(200, 'higress-hello', String.UTF8.encode(config.greeting + ', ' + name + '\n'), []);
  return FilterHeadersStatusValues.StopIteration;
}

// Answers instead of the upstream: always, or when the upstream's status is one of enableOnStatus.
export * from '@hiclaw/proxy-wasm/assembly/proxy';
import {
  FilterHeadersStatusValues,
  HeaderPair,
  Headers,
  HttpContext,
  JSON,
  logger,
  ParseConfigBy,
  ParseResult,
  ProcessRequestHeadersBy,
  ProcessResponseHeadersBy,
  send_http_response,
  SetCtx,
  stream_context,
} from '@hiclaw/proxy-wasm/assembly/higress';

class CustomResponseConfig {
  statusCode: u32 = 200;
  headers: Headers = [];
  body: ArrayBuffer = new ArrayBuffer(0);
  enableOnStatus: Array<u32> = [];
}

SetCtx<CustomResponseConfig>('custom-response', [
  ParseConfigBy<CustomResponseConfig>(parseConfig),
  ProcessRequestHeadersBy<CustomResponseConfig>(onHttpRequestHeaders),
  ProcessResponseHeadersBy<CustomResponseConfig>(onHttpResponseHeaders),
]);

function parseConfig(json: JSON.Obj): ParseResult<CustomResponseConfig> {
  const config = new CustomResponseConfig();
  const headers = json.getArr('headers');
  if (headers != null) {
    for (let i = 0; i < headers.valueOf().length; i++) {
      const text = (<JSON.Str>headers._arr[i]).toString();
      const equals = text.indexOf('=');
      if (equals <= 0) {
        logger.Error('a header needs the form name=value');
        return new ParseResult<CustomResponseConfig>(null, false);
      }
      config.headers.push(
        new HeaderPair(
          String.UTF8.encode(text.substring(0, equals).trim()),
          String.UTF8.encode(text.substring(equals + 1).trim()),
        ),
      );
    }
  }
  const body = json.getString('body');
  if (body != null) config.body = String.UTF8.encode(body.valueOf());
  const statusCode = json.getInteger('statusCode');
  if (statusCode != null) config.statusCode = statusCode.valueOf() as u32;
  const enableOnStatus = json.getArr('enableOnStatus');
  if (enableOnStatus != null) {
    for (let i = 0; i < enableOnStatus.valueOf().length; i++) {
      const status = enableOnStatus._arr[i];
      if (status.isInteger) config.enableOnStatus.push((<JSON.Integer>status).valueOf() as u32);
    }
  }
  return new ParseResult<CustomResponseConfig>(config, true);
}

function onHttpRequestHeaders(context: HttpContext, config: CustomResponseConfig): FilterHeadersStatusValues {
  if (config.enableOnStatus.length != 0) return FilterHeadersStatusValues.Continue;
  send_http_response(config.statusCode, 'custom-response', config.body, config.headers);
  return FilterHeadersStatusValues.StopIteration;
}

function onHttpResponseHeaders(
  context: HttpContext,
  config: CustomResponseConfig,
): FilterHeadersStatusValues {
  const status = stream_context.headers.response.get(':status');
  for (let i = 0; i < config.enableOnStatus.length; i++) {
    if (status == config.enableOnStatus[i].toString()) {
      send_http_response(config.statusCode, 'custom-response', config.body, config.headers);
      return FilterHeadersStatusValues.StopIteration;
    }
  }
  return FilterHeadersStatusValues.Continue;
}

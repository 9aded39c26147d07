import { loadModule, LogLevel } from '@hiclaw/proxy-wasm-host';
import { describe, expect, it } from 'vitest';
import { answerOf, ask, built, logged, operate, requestWith, start, utf8 } from './sink.js';

describe('header maps', () => {
  it('reads values, bytes, repeated headers and absence', async () => {
    const { plugin } = await start('test-kitchen-sink');
    expect(ask(plugin, 'header-get', { 'x-in': utf8('välue'), 'x-many': ['a', 'b', 'c'] })).toBe(
      'välue|6|true|false|a,b,c|0|NotFound|NotFound|fallback|BadArgument|true',
    );
  });

  it('lets no malformed byte hide another', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const answer = ask(plugin, 'header-get', { 'x-in': '\xe4|\xff\xc3\xa4\xed\xa0\x80"\xf0\x9f' });
    expect(answer).toMatch(/^\ufffd\|\ufffdä\ufffd{3}"\ufffd{2}\|11\|false/);
  });

  it('adds, replaces and removes', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const stream = operate(plugin, 'header-set', { 'x-in': 'old', 'x-many': 'first', 'x-gone': 'x' });
    const headers = stream.forwardedRequest.headers;
    expect(headers?.get('x-in')).toBe('new');
    expect(headers?.get('x-bytes')).toBe('bytes');
    expect(headers?.get('x-other')).toBe('other');
    expect(headers?.has('x-gone')).toBe(false);
    expect([...(headers ?? [])].filter(([name]) => name === 'x-many').map(([, value]) => value)).toEqual([
      'first',
      'second',
    ]);
  });

  it('gets the size and all pairs, and sets all pairs', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const headers = operate(plugin, 'header-pairs', { 'x-keep': 'kept' }).forwardedRequest.headers;
    expect(headers?.get('x-same')).toBe('true');
    expect(headers?.get('x-empty')).toBe('');
    expect(headers?.get('x-keep')).toBe('kept');
    expect(headers?.get(':path')).toBe('/sink?q=1');
  });

  it('reads and changes trailers', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const stream = plugin.createStream();
    stream.requestHeaders(requestWith({ 'x-op': 'trailers' }));
    stream.requestBody('x');
    stream.requestTrailers({ 'x-trailer': 'request' });
    expect(stream.forwardedRequest.trailers?.get('x-seen')).toBe('request1');
    stream.responseHeaders({ ':status': '200' });
    stream.responseBody('y');
    stream.responseTrailers({ 'x-trailer': 'response' });
    expect(stream.forwardedResponse.trailers?.get('x-seen')).toBe('response1');
  });
});

describe('buffers', () => {
  it('reads a body that arrives in pieces', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const stream = plugin.createStream();
    stream.requestHeaders(requestWith({ 'x-op': 'body-read' }));
    stream.requestBody('abc');
    stream.requestBody('déf', { endStream: true });
    expect(answerOf(stream)).toBe('7|7|abcdéf|bc');
  });

  it.each([
    ['body-set', 'replaced'],
    ['body-text', 'réplaced'],
    ['body-append', 'abcdef+end'],
    ['body-prepend', 'start+abcdef'],
    ['body-range', 'BadArgument'],
  ])('%s', async (op, expected) => {
    const { plugin } = await start('test-kitchen-sink');
    const stream = plugin.createStream();
    stream.requestHeaders(requestWith({ 'x-op': op }));
    stream.requestBody('abc');
    stream.requestBody('def', { endStream: true });
    expect(Buffer.from(stream.forwardedRequest.body).toString()).toBe(expected);
  });

  it('changes a response', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const stream = operate(plugin, 'response');
    stream.responseHeaders({ ':status': '418', 'content-length': '3' });
    stream.responseBody('abc', { endStream: true });
    expect(stream.forwardedResponse.headers?.get('x-sink-status')).toBe('418');
    expect(stream.forwardedResponse.headers?.has('content-length')).toBe(false);
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe('<abc>');
  });

  it('reads both configurations', async () => {
    const { plugin } = await start('test-kitchen-sink', {
      vm: { configuration: 'of the vm' },
      plugin: { configuration: 'of the plugin' },
    });
    expect(ask(plugin, 'configuration')).toBe('of the plugin|of the vm');
  });
});

describe('properties, shared data, queues and metrics', () => {
  it('gets and sets properties', async () => {
    const { plugin } = await start('test-kitchen-sink');
    expect(ask(plugin, 'property')).toBe('/sink?q=1|kept|3|NotFound|true|ParseFailure|ParseFailure');
  });

  it('shares data with compare and swap', async () => {
    const { plugin, host } = await start('test-kitchen-sink');
    expect(ask(plugin, 'shared-data')).toBe('NotFound|one|two|CasMismatch');
    ask(plugin, 'shared-write');
    const other = host.createVm(await loadModule(built('test-kitchen-sink'))).createPlugin();
    expect(ask(other, 'shared-read')).toBe('workers');
  });

  it('passes items through queues', async () => {
    const { plugin, host } = await start('test-kitchen-sink');
    expect(ask(plugin, 'queue')).toBe('true|item|Empty|NotFound|NotFound');
    expect(logged(host)).not.toContain('queue item item');
    ask(plugin, 'queue-fill');
    expect(logged(host)).toContain('queue item left');
  });

  it('counts, gauges and records, and really reads', async () => {
    const { plugin, host } = await start('test-kitchen-sink');
    expect(ask(plugin, 'metrics')).toBe('2|37|BadArgument|NotFound');
    expect(ask(plugin, 'metrics')).toBe('2|37|BadArgument|NotFound');
    expect(host.metrics.value('sink_counter')).toBe(4n);
    expect(host.metrics.samples('sink_histogram')).toEqual([7n, 7n]);
  });
});

describe('clock, randomness, environment and foreign functions', () => {
  it('tells the time', async () => {
    const { plugin } = await start('test-kitchen-sink', { host: { startTimeMs: 1_800_000_000_123 } });
    expect(ask(plugin, 'clock')).toBe('1800000000123|true');
  });

  it('gets random bytes', async () => {
    const { plugin } = await start('test-kitchen-sink', {
      host: { random: (length) => new Uint8Array(length).fill(0xa5) },
    });
    expect(ask(plugin, 'random')).toBe(`${'a5'.repeat(32)}|BadArgument`);
  });

  it('reads environment variables', async () => {
    const { plugin } = await start('test-kitchen-sink', {
      vm: { environment: { OTHER: 'x=y', SINK_TEXT: utf8('tëxt=1') } },
    });
    expect(ask(plugin, 'environment')).toBe('tëxt=1|NotFound|true');
  });

  it('calls foreign functions and gets called', async () => {
    const { plugin, host } = await start('test-kitchen-sink');
    expect(ask(plugin, 'foreign')).toBe('0|NotFound');
    plugin.callForeign(5, 'argument');
    expect(logged(host)).toContain('foreign id=5 argument="argument"');
  });
});

describe('streams', () => {
  it('sends a local response with headers, details and body', async () => {
    const { plugin } = await start('test-kitchen-sink');
    const response = operate(plugin, 'local').localResponse;
    expect(response).toMatchObject({ status: 403, details: 'denied' });
    expect(Buffer.from(response?.body ?? '').toString()).toBe('{"no":"way"}');
    expect([...(response?.headers ?? [])]).toEqual([['content-type', 'application/json']]);
    expect(operate(plugin, 'local-grpc').localResponse).toMatchObject({ status: 200, grpcStatus: 7 });
  });

  it('closes a stream', async () => {
    const { plugin } = await start('test-kitchen-sink');
    expect(operate(plugin, 'close').closedBy).toBe('wasm_close_stream');
  });

  it('continues a paused stream from the timer', async () => {
    const { plugin } = await start('test-kitchen-sink', { plugin: { configuration: 'tick' } });
    const stream = operate(plugin, 'wait-for-tick');
    expect(stream.requestPaused).toBe(true);
    plugin.tick();
    expect(stream.requestPaused).toBe(false);
    expect(stream.forwardedRequest.headers?.get('x-op')).toBe('wait-for-tick');
    expect(ask(plugin, 'ticks')).toBe('1');
  });

  it('reports an unknown context', async () => {
    const { plugin } = await start('test-kitchen-sink');
    expect(ask(plugin, 'effective')).toBe('proxy_set_effective_context: BadArgument');
  });

  it('can read headers a last time in onLog', async () => {
    const { plugin, host } = await start('test-kitchen-sink');
    const stream = operate(plugin, 'log');
    stream.responseHeaders({ ':status': '204' }, { endStream: true });
    stream.end();
    expect(logged(host)).toContain('logged log 204');
  });
});

describe('logging', () => {
  it('formats nothing below the level of the host', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { logLevel: LogLevel.Warn } });
    const stream = operate(plugin, 'levels');
    expect(answerOf(stream)).toBe('false|true');
    expect(logged(host)).toEqual([
      'warn line quoted="a \\"b\\" \\\\ ?" number=-5 flag=true status=CasMismatch',
      'plain error',
    ]);
    expect(stream.stats.byName()['proxy_log']).toBe(2);
  });

  it('logs debug lines when the host wants them', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { logLevel: LogLevel.Trace } });
    expect(ask(plugin, 'levels')).toBe('true|true');
    expect(logged(host)).toContain('debug line secret="never formatted"');
    expect(logged(host)).toContain('plain debug');
  });
});

describe('failures', () => {
  it('reports one that nobody looked at', async () => {
    const { plugin, host } = await start('test-kitchen-sink');
    operate(plugin, 'unread');
    expect(logged(host)).toEqual(['unchecked failure of proxy_replace_header_map_value: BadArgument']);
  });

  it('traps, with a message, when a value is taken that is not there', async () => {
    const { plugin, host, vm } = await start('test-kitchen-sink');
    expect(() => operate(plugin, 'trap')).toThrow();
    expect(vm.failure).not.toBeNull();
    expect(host.logs[0]?.level).toBe(LogLevel.Critical);
    expect(host.logs[0]?.message).toMatch(
      /^abort: proxy_get_header_map_value: NotFound at .*result\.ts:\d+:\d+$/,
    );
  });
});

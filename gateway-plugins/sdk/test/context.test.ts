import { describe, expect, it } from 'vitest';
import { answerOf, ask, logged, operate, start } from './sink.js';

describe('plugin contexts', () => {
  it('refuses a configuration', async () => {
    expect((await start('test-kitchen-sink', { plugin: { configuration: 'refuse' } })).plugin.accepted).toBe(
      false,
    );
    expect((await start('test-kitchen-sink', { vm: { configuration: 'refuse' } })).plugin.accepted).toBe(
      false,
    );
  });

  it('keeps each configuration to its own context', async () => {
    const { vm, plugin: before } = await start('test-kitchen-sink', { plugin: { configuration: 'old' } });
    const old = operate(before, 'wait-for-tick');
    const after = vm.createPlugin({ configuration: 'new' });
    expect(ask(before, 'configuration')).toBe('old|');
    expect(ask(after, 'configuration')).toBe('new|');
    old.end();
    before.close();
    expect(ask(after, 'configuration')).toBe('new|');
  });

  it('stays until it has finished when onDone says so', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { plugin: { configuration: 'tick done' } });
    plugin.close();
    expect(plugin.deleted).toBe(false);
    host.advance(10);
    expect(plugin.deleted).toBe(true);
    expect(logged(host)).toContain('plugin deleted');
  });

  it('may take no part in streams', async () => {
    const { plugin } = await start('test-kitchen-sink', { plugin: { configuration: 'idle' } });
    const stream = operate(plugin, 'local');
    expect(stream.localResponse).toBeNull();
    expect(stream.forwardedRequest.headers?.get('x-op')).toBe('local');
    stream.end();
  });

  it('forgets contexts and calls that are over', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    for (let i = 0; i < 10; i++) {
      operate(plugin, 'http-call', { 'x-cluster': 'callee' }).end();
      operate(plugin, 'grpc-call', { 'x-cluster': 'callee' }).end();
    }
    for (const callout of host.httpCallouts) callout.respond();
    for (const callout of host.grpcCallouts) if (callout.state === 'pending') callout.respond('late');
    // The plugin context and the stream that asks.
    expect(ask(plugin, 'live')).toBe('2');
  });
});

describe('HTTP calls', () => {
  it('brings the answer to the stream that called', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    const first = operate(plugin, 'http-call', { 'x-cluster': 'callee' });
    const second = operate(plugin, 'http-call', { 'x-cluster': 'callee' });
    const [one, two] = host.httpCallouts;
    expect(one).toMatchObject({ cluster: 'callee', timeoutMs: 1000 });
    expect(one?.headers.get(':path')).toBe('/call');
    expect(one?.trailers?.get('x-end')).toBe('yes');
    expect(Buffer.from(one?.body ?? '').toString()).toBe('question');
    two?.respond({ status: 201, body: 'for two', trailers: { 'x-trailer': 't' } });
    one?.respond({ body: 'for one' });
    expect(answerOf(first)).toBe('200|for one|none');
    expect(answerOf(second)).toBe('201|for two|t');
  });

  it('says why there is none', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    const failed = operate(plugin, 'http-call', { 'x-cluster': 'callee' });
    host.httpCallouts[0]?.fail();
    expect(answerOf(failed)).toBe('failed reset');
    const late = operate(plugin, 'http-call', { 'x-cluster': 'callee' });
    host.advance(1000);
    expect(answerOf(late)).toBe('504|upstream request timeout|none');
    expect(ask(plugin, 'http-call', { 'x-cluster': 'unknown' })).toBe('proxy_http_call: BadArgument');
  });

  it('drops the answer when the stream is gone', async () => {
    const { plugin, host, vm } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    operate(plugin, 'http-call', { 'x-cluster': 'callee' }).end();
    host.httpCallouts[0]?.respond();
    expect(vm.failure).toBeNull();
  });
});

describe('gRPC calls', () => {
  it('gets metadata and message of a unary call', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    const stream = operate(plugin, 'grpc-call', { 'x-cluster': 'callee' });
    const [call, cancelled] = host.grpcCallouts;
    expect(cancelled?.state).toBe('cancelled');
    expect(call).toMatchObject({ kind: 'call', serviceName: 'sink.Service', methodName: 'Unary' });
    expect(call?.initialMetadata.get('x-from')).toBe('sink');
    expect(call?.sent.map(String)).toEqual(['ask']);
    call?.receiveInitialMetadata({ 'x-initial': 'i' });
    call?.respond('answer');
    expect(answerOf(stream)).toBe('initial i|message answer');
  });

  it('gets messages and the end of a stream', async () => {
    const { plugin, host } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    const stream = operate(plugin, 'grpc-stream', { 'x-cluster': 'callee' });
    const [call] = host.grpcCallouts;
    expect(call?.sent.map(String)).toEqual(['first', 'last']);
    expect(call?.localClosed).toBe(true);
    call?.receiveInitialMetadata({ 'x-initial': 'i' });
    call?.respond('one');
    call?.respond('two');
    call?.receiveTrailingMetadata({ 'x-trailing': 't' });
    call?.close(7, 'because');
    expect(answerOf(stream)).toBe('initial i|message one|message two|trailing t|close 7 because');
  });

  it('reports an unknown cluster', async () => {
    const { plugin } = await start('test-kitchen-sink', { host: { clusters: ['callee'] } });
    expect(ask(plugin, 'grpc-call', { 'x-cluster': 'unknown' })).toContain('proxy_grpc_call: ');
    expect(ask(plugin, 'grpc-stream', { 'x-cluster': 'unknown' })).toContain('proxy_grpc_stream: ');
  });
});

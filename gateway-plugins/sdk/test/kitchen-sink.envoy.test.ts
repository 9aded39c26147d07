import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Envoy, fetchAnswer, until, type Answer } from './envoy.js';
import { built } from './sink.js';
import { startGrpcUpstream, startUpstream, type Seen } from './upstream.js';

let envoy: Envoy;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  const upstream = await startUpstream();
  const grpc = await startGrpcUpstream();
  closers.push(upstream.close, grpc.close);
  const wasm = built('test-kitchen-sink');
  envoy = await Envoy.start({
    listeners: {
      sink: { wasm, configuration: 'tick', environment: { SINK_TEXT: 'text=1' } },
      stop: { wasm, configuration: 'stop', allowOnHeadersStopIteration: true },
    },
    clusters: { upstream: upstream.port, callee: upstream.port, grpc: grpc.port, nobody: 1 },
  });
  closers.push(() => envoy.stop());
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

function operate(
  op: string,
  headers: Readonly<Record<string, string | string[]>> = {},
  rest: Parameters<typeof fetchAnswer>[1] = {},
): Promise<Answer> {
  return fetchAnswer({ port: envoy.port('sink') }, { ...rest, headers: { 'x-op': op, ...headers } });
}

async function ask(op: string, headers: Readonly<Record<string, string | string[]>> = {}): Promise<string> {
  return (await operate(op, headers)).body;
}

async function forwarded(...request: Parameters<typeof operate>): Promise<Seen> {
  return JSON.parse((await operate(...request)).body) as Seen;
}

describe('the binding in Envoy', () => {
  it('reads headers', async () => {
    expect(
      await ask('header-get', { 'x-in': Buffer.from('välue').toString('latin1'), 'x-many': ['a', 'b', 'c'] }),
    ).toBe('välue|6|true|false|a,b,c|0|NotFound|NotFound|fallback|BadArgument|true');
  });

  it('changes headers', async () => {
    const { headers } = await forwarded('header-set', { 'x-in': 'old', 'x-many': 'first', 'x-gone': 'x' });
    expect(headers).toMatchObject({
      'x-in': 'new',
      'x-bytes': 'bytes',
      'x-other': 'other',
      'x-many': 'first, second',
    });
    expect(headers).not.toHaveProperty('x-gone');
  });

  it('sets all headers', async () => {
    const { headers, path } = await forwarded('header-pairs', { 'x-keep': 'kept' });
    expect(headers).toMatchObject({ 'x-same': 'true', 'x-empty': '', 'x-keep': 'kept' });
    expect(path).toBe('/sink?q=1');
  });

  it('reads and changes trailers', async () => {
    const answer = await operate('trailers', {}, { pieces: ['x'], trailers: { 'x-trailer': 'request' } });
    expect((JSON.parse(answer.body) as Seen).trailers).toMatchObject({ 'x-seen': 'request1' });
    expect(answer.trailers).toMatchObject({ 'x-trailer': 'response', 'x-seen': 'response1' });
  });

  it('reads a body', async () => {
    expect((await operate('body-read', {}, { pieces: ['abc', 'déf'] })).body).toBe('7|7|abcdéf|bc');
  });

  it.each([
    ['body-set', 'replaced'],
    ['body-text', 'réplaced'],
    ['body-append', 'abcdef+end'],
    ['body-prepend', 'start+abcdef'],
    ['body-range', 'BadArgument'],
  ])('%s', async (op, expected) => {
    expect((await forwarded(op, {}, { pieces: ['abc', 'def'] })).body).toBe(expected);
  });

  it('changes a response', async () => {
    const answer = await operate('response');
    expect(answer.headers['x-sink-status']).toBe('200');
    expect(answer.body).toMatch(/^<\{"method":"GET".*\}>$/);
  });

  it('reads configurations, environment, time and randomness', async () => {
    expect(await ask('configuration')).toBe('tick|of the vm');
    expect(await ask('environment')).toBe('text=1|NotFound|true');
    const [now, monotonic] = (await ask('clock')).split('|');
    expect(Math.abs(Number(now) - Date.now())).toBeLessThan(5_000);
    expect(monotonic).toBe('true');
    const [random, tooMany] = (await ask('random')).split('|');
    expect(random).toMatch(/^[0-9a-f]{64}$/);
    expect(random).not.toBe((await ask('random')).split('|')[0]);
    expect(tooMany).toBe('BadArgument');
  });

  it('gets and sets properties', async () => {
    expect(await ask('property')).toBe('/sink?q=1|kept|3|NotFound|true|ParseFailure|ParseFailure');
  });

  it('shares data and queues', async () => {
    expect(await ask('shared-data')).toBe('NotFound|one|two|CasMismatch');
    await ask('shared-write');
    expect(await ask('shared-read')).toBe('workers');
    expect(await ask('queue')).toBe('true|item|Empty|NotFound|NotFound');
    await ask('queue-fill');
    await until('the item', () => (envoy.log.includes('queue item left') ? true : undefined));
  });

  it('counts, gauges and records', async () => {
    expect(await ask('metrics')).toBe('2|37|BadArgument|NotFound');
    expect(await ask('metrics')).toBe('2|37|BadArgument|NotFound');
    expect(await envoy.stat('wasmcustom.sink_counter')).toBe('4');
    expect(await envoy.stat('wasmcustom.sink_gauge')).toBe('37');
    await until('the histogram', async () => {
      const text = await envoy.admin('/stats?filter=sink_histogram');
      return /P100\((nan|7\.?\d*),7\.?\d*\)/.test(text) ? true : undefined;
    });
  });

  it('calls foreign functions', async () => {
    expect(await ask('foreign')).toBe('0|NotFound');
  });

  it('answers by itself', async () => {
    const answer = await operate('local');
    expect(answer).toMatchObject({ status: 403, body: '{"no":"way"}' });
    expect(answer.headers['content-type']).toBe('application/json');
    const grpc = await operate('local-grpc', { 'content-type': 'application/grpc' });
    expect(grpc.headers).toMatchObject({ 'grpc-status': '7', 'grpc-message': 'denied' });
  });

  it('closes streams', async () => {
    await expect(operate('close')).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  it('continues a paused stream from the timer', async () => {
    expect((await forwarded('wait-for-tick')).path).toBe('/sink?q=1');
    expect(Number(await ask('ticks'))).toBeGreaterThan(0);
  });

  it('calls clusters over HTTP', async () => {
    const [status, body, trailer] = (await ask('http-call', { 'x-cluster': 'callee' })).split('|');
    expect(status).toBe('201');
    expect(JSON.parse(body ?? '')).toMatchObject({
      method: 'POST',
      path: '/call',
      headers: { host: 'callee' },
      body: 'question',
    });
    expect(trailer).toBe('response');
    expect(await ask('http-call', { 'x-cluster': 'unknown' })).toBe('proxy_http_call: BadArgument');
    expect(await ask('http-call', { 'x-cluster': 'nobody' })).toContain('503|');
  });

  it('calls clusters over gRPC', async () => {
    expect(await ask('grpc-call', { 'x-cluster': 'grpc' })).toBe('message sink:ask');
    expect(await ask('grpc-stream', { 'x-cluster': 'grpc' })).toBe(
      'initial value|message re:first|message re:last|trailing value|close 7 because{via_upstream}',
    );
    expect(await ask('grpc-call', { 'x-cluster': 'unknown' })).toContain('proxy_grpc_call: ');
  });

  it('logs what the level lets through, and sees it change at run time', async () => {
    expect(await ask('levels')).toBe('false|true');
    await until('the log', () => (envoy.log.includes('plain error') ? true : undefined));
    expect(envoy.log).toContain('warn line quoted="a \\"b\\" \\\\ ?" number=-5 flag=true status=CasMismatch');
    expect(envoy.log).not.toContain('debug line');
    await envoy.admin('/logging?wasm=debug', 'POST');
    await until('the new level', async () => ((await ask('levels')) === 'true|true' ? true : undefined));
    await envoy.admin('/logging?wasm=warning', 'POST');
    expect(envoy.log).toContain('debug line secret="never formatted"');
  });

  it('can read headers a last time in onLog', async () => {
    await operate('log');
    await until('the log line', () => (envoy.log.includes('logged log 200') ? true : undefined));
  });

  it('reports failures that nobody looked at', async () => {
    await operate('unread');
    const message = 'unchecked failure of proxy_replace_header_map_value: BadArgument';
    await until('the log line', () => (envoy.log.includes(message) ? true : undefined));
  });

  it('forgets contexts and calls', async () => {
    // Plugin contexts of the VM, and the stream that asks.
    await until('streams to end', async () => ((await ask('live')) === '2' ? true : undefined));
  });

  it('traps with a message when a value is not there, and goes on in a new VM', async () => {
    const answer = await fetchAnswer({ port: envoy.port('stop') }, { headers: { 'x-op': 'trap' } });
    expect(answer.status).toBe(503);
    await until('the abort', () =>
      envoy.log.includes('abort: proxy_get_header_map_value: NotFound') ? true : undefined,
    );
    expect(await ask('configuration')).toBe('tick|of the vm');
  });
});

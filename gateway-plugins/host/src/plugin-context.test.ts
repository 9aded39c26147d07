import { describe, expect, it } from 'vitest';
import { logged, requestHeaders, send, startProbe } from '../test/probe.js';

describe('several configurations in one VM', () => {
  it('start a new plugin context each; the old one ends with its last stream', async () => {
    const probe = await startProbe('configure: body 7 0 100 | done: return 1 | delete: return 0');
    const old = probe.plugin.createStream();
    send(probe, 'request_headers: return 0', old);
    const next = probe.vm.createPlugin({ configuration: 'configure: body 7 0 100 | vm_start: return 1' });
    expect([probe.plugin.id, old.id, next.id]).toEqual([1, 2, 3]);
    expect(logged(probe, 'configure')).toHaveLength(2);
    expect(logged(probe, 'vm_start')).toHaveLength(2);
    probe.plugin.close();
    expect(probe.plugin.deleted).toBe(false);
    old.end();
    expect(probe.plugin.deleted).toBe(true);
    expect(logged(probe, 'delete')).toHaveLength(2);
    expect([...probe.vm.contexts.keys()]).toEqual([0, 3]);
    expect(() => probe.plugin.createStream()).toThrow('plugin context 1 was deleted');
    send({ ...probe, plugin: next }, 'request_headers: return 0');
  });

  it.each(['vm_start: return 0', 'configure: return 0'])('are not accepted after %s', async (program) => {
    const { plugin } = await startProbe(program);
    expect(plugin.accepted).toBe(false);
    expect(() => plugin.createStream()).toThrow('did not accept its configuration');
  });

  it('wait for proxy_done when proxy_on_done returned false', async () => {
    const probe = await startProbe('configure: tickperiod 10 | done: return 0 | tick: done');
    probe.plugin.close();
    expect(probe.plugin.deleted).toBe(false);
    probe.host.advance(10);
    expect(probe.plugin.deleted).toBe(true);
    expect(logged(probe, 'tick')).toEqual(['probe tick() | done -> 0']);
    probe.host.advance(100);
    expect(logged(probe, 'tick')).toHaveLength(1);
  });
});

describe('time', () => {
  it('moves only when told to, and ticks at the period', async () => {
    const probe = await startProbe('configure: tickperiod 1 | tick#1: tickperiod 1000 | tick: return 0');
    expect(probe.plugin.tickPeriodMs).toBe(1);
    probe.plugin.tick();
    expect(probe.plugin.tickPeriodMs).toBe(1000);
    probe.host.advance(999);
    expect(logged(probe, 'tick')).toHaveLength(1);
    probe.host.advance(1);
    expect(logged(probe, 'tick')).toHaveLength(2);
    probe.plugin.tick(3);
    expect(logged(probe, 'tick')).toHaveLength(5);
    expect(probe.host.clock.nowMs).toBe(Date.UTC(2026, 0, 1) + 4001);
  });
});

describe('HTTP callouts', () => {
  const CALL = 'call policy-server :method=POST,:path=/applied,:authority=policy-server body 5000';
  const RESPONSE = 'http_call_response: get 6 :status; get 6 x; body 4 0 100; get 7 t; status';

  it('show what was asked, and take an answer', async () => {
    const probe = await startProbe(`configure: tickperiod 1 | tick#1: tickperiod 0; ${CALL} | ${RESPONSE}`);
    probe.plugin.tick();
    const [callout] = probe.host.pendingHttpCallouts();
    expect(callout).toMatchObject({ cluster: 'policy-server', timeoutMs: 5000, trailers: null });
    expect(callout?.headers.toJSON()).toEqual({
      ':method': 'POST',
      ':path': '/applied',
      ':authority': 'policy-server',
      'content-length': '4',
    });
    callout?.respond({ status: 202, headers: { x: 'y' }, body: 'fine', trailers: { t: 'u' } });
    expect(callout?.state).toBe('answered');
    expect(logged(probe, 'http_call_response')).toEqual([
      'probe http_call_response(4,2,4,1) | get 6 :status -> 0 3 "202" | get 6 x -> 0 1 "y" | body 4 0 100 -> 0 4 "fine" | get 7 t -> 0 1 "u" | status -> 0 0 null code 0',
    ]);
    expect(() => callout?.fail()).toThrow('HTTP callout 4 is answered already');
  });

  it('fail, time out and end with their plugin', async () => {
    const probe = await startProbe(
      `configure: tickperiod 1 | tick: tickperiod 0; ${CALL}; ${CALL}; ${CALL} | ${RESPONSE}`,
    );
    probe.plugin.tick();
    probe.host.httpCallouts[0]?.fail();
    probe.host.advance(4999);
    probe.host.httpCallouts[1]?.respond();
    probe.host.advance(1);
    expect(logged(probe, 'http_call_response').map((line) => line.slice(0, 70))).toEqual([
      'probe http_call_response(4,0,0,0) | get 6 :status -> 2 untouched | get',
      'probe http_call_response(8,1,0,0) | get 6 :status -> 0 3 "200" | get 6',
      'probe http_call_response(12,3,24,0) | get 6 :status -> 0 3 "504" | get',
    ]);
    expect(logged(probe, 'http_call_response')[0]).toContain('status -> 0 5 "reset" code 11');
    probe.host.advance(0);
    expect(probe.host.pendingHttpCallouts()).toEqual([]);
  });
});

describe('gRPC callouts', () => {
  it('carry a unary call', async () => {
    const probe = await startProbe(
      'configure: tickperiod 1 | tick: tickperiod 0; grpccall c svc method hello | grpc_receive: body 5 0 10 | grpc_close: status',
    );
    probe.plugin.tick();
    const [call] = probe.host.grpcCallouts;
    expect(call).toMatchObject({ kind: 'call', serviceName: 'svc', methodName: 'method' });
    expect(Buffer.concat(call?.sent ?? []).toString()).toBe('hello');
    call?.respond('world');
    expect(call?.state).toBe('answered');
    expect(logged(probe, 'grpc_receive')).toEqual(['probe grpc_receive(5,5) | body 5 0 10 -> 0 5 "world"']);
  });

  it('carry a stream', async () => {
    const probe = await startProbe(
      'configure: tickperiod 1 | tick: tickperiod 0; grpcstream c svc m; grpcsend 6 one 0 | grpc_initial: get 4 a | grpc_receive: body 5 0 10; grpcsend 6 two 1 | grpc_trailing: get 5 b | grpc_close: status; grpcclose 6',
    );
    probe.plugin.tick();
    const [stream] = probe.host.grpcCallouts;
    stream?.receiveInitialMetadata({ a: '1' });
    stream?.respond('x');
    stream?.receiveTrailingMetadata({ b: '2' });
    expect(stream?.sent.map((bytes) => Buffer.from(bytes).toString())).toEqual(['one', 'two']);
    stream?.close(7, 'denied');
    expect(stream?.state).toBe('failed');
    expect(logged(probe, 'grpc_close')).toEqual([
      'probe grpc_close(6,7) | status -> 0 6 "denied" code 7 | grpcclose 6 -> 1',
    ]);
    expect(logged(probe, 'grpc_initial')).toEqual(['probe grpc_initial(6,1) | get 4 a -> 0 1 "1"']);
    expect(logged(probe, 'grpc_trailing')).toEqual(['probe grpc_trailing(6,1) | get 5 b -> 0 1 "2"']);
  });
});

describe('shared things', () => {
  it('reach the owner of a queue after the callback', async () => {
    const probe = await startProbe('configure: register q | queue_ready: dequeue 1; dequeue 1');
    const other = await startProbe();
    expect(
      send(probe, "request_headers: enqueue 1 hello; resolve '' q; resolve probe q; resolve other q"),
    ).toEqual([
      "probe request_headers(4,1) | enqueue 1 hello -> 0 | resolve '' q -> 0 1 | resolve probe q -> 0 1 | resolve other q -> 1 untouched",
      'probe queue_ready(1) | dequeue 1 -> 0 5 "hello" | dequeue 1 -> 7 untouched',
    ]);
    expect(other.host.shared.resolveQueue('probe', 'q')).toBeUndefined();
  });

  it('are readable by the test', async () => {
    const probe = await startProbe();
    send(
      probe,
      'request_headers: define 0 hits; inc 4 2; define 2 size; record 6 5; setshared k v 0; log 3 careful',
    );
    expect(probe.host.metrics.value('hits')).toBe(2n);
    expect(probe.host.metrics.samples('size')).toEqual([5n]);
    expect(probe.host.metrics.all()).toEqual({ hits: 2n });
    expect(Buffer.from(probe.host.shared.get('probe', 'k')?.value ?? []).toString()).toBe('v');
    expect(probe.host.logs.map(({ level, message }) => [level, message])).toContainEqual([3, 'careful']);
  });
});

describe('streams cut by a tick', () => {
  it('are closed with an effective context, then logged, done and deleted', async () => {
    const probe = await startProbe('configure: tickperiod 1000 | tick: effectivestream; close 0');
    const stream = probe.plugin.createStream();
    stream.requestHeaders(requestHeaders('log: get 0 :path | done: return 1 | delete: return 0'), {
      endStream: true,
    });
    stream.responseHeaders({ ':status': '200' });
    probe.plugin.tick();
    expect(stream.closedBy).toBe('wasm_close_stream');
    expect(stream.deleted).toBe(true);
    expect(stream.info.responseCodeDetails).toBe('wasm_close_stream');
    expect(probe.host.logs.slice(-4).map((entry) => entry.message.split(' |')[0])).toEqual([
      'probe tick()', 'probe log()', 'probe done()', 'probe delete()',
    ]); // prettier-ignore
  });
});

describe('a chain of two plugins', () => {
  it('shares properties and hands the request on', async () => {
    const downstream = await startProbe();
    const upstream = await startProbe();
    const first = downstream.plugin.createStream();
    send(
      downstream,
      'request_headers: setprop hiclaw.consumer alice; set 0 x-program request_headers:+prop+hiclaw.consumer;+prop+xds~upstream_host_metadata~filter_metadata~hiclaw~upstream',
      first,
    );
    first.info.attributes = {
      xds: { upstream_host_metadata: { filter_metadata: { hiclaw: { upstream: 'providers/x' } } } },
    };
    const second = upstream.plugin.createStream({ info: first.info });
    second.requestHeaders(first.forwardedRequest.headers ?? []);
    expect(first.info.property('hiclaw.consumer')).toBe('alice');
    expect(logged(upstream, 'request_headers')[0]).toContain('prop hiclaw.consumer -> 0 5 "alice"');
  });
});

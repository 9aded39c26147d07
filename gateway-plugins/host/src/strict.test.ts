import { describe, expect, it } from 'vitest';
import { compileModule } from '../test/compile.js';
import { requestHeaders, send, startProbe } from '../test/probe.js';
import { AbiViolation, createHost, HostMisuse, VmFailure } from './index.js';

const GET = `
@external("env", "proxy_get_header_map_value")
declare function get(type: u32, k: usize, kl: usize, pptr: usize, plen: usize): u32;
const out = memory.data(32);
const PATH = memory.data<u8>([58, 112, 97, 116, 104]);
`;
const HEADERS = { ':method': 'GET', ':path': '/abc', ':authority': 'x' };

describe('a strict host', () => {
  it.each([
    [
      'badget',
      "proxy_get_header_map_value: header name [4294967280, 4294967380) lies outside the VM's memory of",
    ],
    [
      'badout :path',
      'proxy_get_header_map_value: address of the returned pointer [4294967280, 4294967284) lies outside',
    ],
    ['badpairs', 'proxy_set_header_map_pairs: header list [4294967280, 4294967380) lies outside'],
    ['rawpairs 0 xxxx', 'proxy_set_header_map_pairs: header list of 4 bytes is not a list of pairs'],
    ["set 0 '' x", 'proxy_replace_header_map_value: empty header name'],
    ['set 0 x a~b', 'proxy_replace_header_map_value: header "x" has NUL, CR or LF in it'],
    ['reply 403 a; reply 403 b', 'proxy_send_local_response: the stream was answered already'],
    ['continue 0', 'proxy_continue_stream: the stream is not paused'],
    ['foreign expr_create x', 'Envoy has expr_create, this host does not'],
  ])('refuses %s', async (steps, message) => {
    const probe = await startProbe();
    const run = (): unknown => send(probe, `request_headers: ${steps}`);
    expect(run).toThrow(AbiViolation);
    expect(run).toThrow(VmFailure);
    expect(probe.vm.failure?.message).toContain(message);
  });

  it('refuses the id of a context that was deleted', async () => {
    const probe = await startProbe();
    probe.plugin.createStream();
    const first = probe.plugin.createStream();
    send(probe, 'request_headers: return 0', first);
    first.end();
    expect(() => send(probe, `request_headers: effective ${first.id}`)).toThrow(
      `context ${first.id} was deleted`,
    );
  });

  it('gives the statuses of Envoy when it is not strict', async () => {
    const probe = await startProbe('', { strict: false });
    const stream = probe.plugin.createStream();
    expect(send(probe, 'request_headers: badget; effective 99; get 0 x-none', stream)).toEqual([
      'probe request_headers(4,1) | badget -> 6 | effective 99 -> 2 | get 0 x-none -> 1 untouched',
    ]);
    expect(stream.stats.refusedText()).toEqual([
      'proxy_get_header_map_value in proxy_on_request_headers: InvalidMemoryAccess (6)',
      'proxy_set_effective_context in proxy_on_request_headers: BadArgument (2)',
      'proxy_get_header_map_value in proxy_on_request_headers: NotFound (1)',
    ]);
  });

  it('turns a trap into a VmFailure and refuses the VM from then on', async () => {
    const probe = await startProbe();
    expect(() => send(probe, 'request_headers: trap')).toThrow(
      /^proxy_on_request_headers\(2, 4, 1\): unreachable/,
    );
    expect(() => probe.plugin.createStream().requestHeaders(requestHeaders(''))).toThrow(
      'VM has failed before',
    );
  });

  it('wants memory for what it returns', async () => {
    const module = await compileModule(`${GET}
      export function proxy_on_memory_allocate(size: usize): usize { return 0; }
      export function proxy_on_request_headers(id: u32, n: u32, e: u32): u32 { get(0, PATH, 5, out, out + 4); return 0; }`);
    const stream = createHost().createVm(module).createPlugin().createStream();
    expect(() => stream.requestHeaders(HEADERS)).toThrow('plugin gave no memory for a value of 4 bytes');
  });

  it('lets the allocator call nothing', async () => {
    const module = await compileModule(`${GET}
      export function proxy_on_memory_allocate(size: usize): usize { return get(0, PATH, 5, out, out + 4); }
      export function proxy_on_request_headers(id: u32, n: u32, e: u32): u32 { get(0, PATH, 5, out, out + 4); return 0; }`);
    const stream = createHost().createVm(module).createPlugin().createStream();
    expect(() => stream.requestHeaders(HEADERS)).toThrow(
      'proxy_get_header_map_value is not allowed during memory allocation',
    );
  });

  it('sees values that overlap, when asked to', async () => {
    const module = await compileModule(`${GET}
      const room = memory.data(64);
      export function proxy_on_memory_allocate(size: usize): usize { return room; }
      export function proxy_on_request_headers(id: u32, n: u32, e: u32): u32 {
        get(0, PATH, 5, out, out + 4); get(0, PATH, 5, out + 8, out + 12); return 0;
      }`);
    const strict = createHost({ forbidOverlappingAllocations: true })
      .createVm(module)
      .createPlugin()
      .createStream();
    expect(() => strict.requestHeaders(HEADERS)).toThrow(
      'over the value returned by proxy_get_header_map_value',
    );
    const vm = createHost().createVm(module);
    vm.createPlugin().createStream().requestHeaders(HEADERS);
    expect(vm.allocations.map(({ hostcall, bytes }) => ({ hostcall, bytes }))).toEqual([
      { hostcall: 'proxy_get_header_map_value', bytes: 4 },
      { hostcall: 'proxy_get_header_map_value', bytes: 4 },
    ]);
    expect(vm.allocated).toEqual({ count: 2, bytes: 8 });
  });
});

describe('a test that drives a stream wrongly', () => {
  it('is told so', async () => {
    const { plugin } = await startProbe();
    const stream = plugin.createStream();
    expect(() => stream.requestBody('x')).toThrow('request body before the headers');
    stream.requestHeaders(requestHeaders(''), { endStream: true });
    expect(() => stream.requestBody('x')).toThrow('request body after the end');
    expect(() => stream.requestHeaders(requestHeaders(''))).toThrow('request headers came already');
    expect(() => stream.responseTrailers({})).toThrow('response trailers before the headers');
    stream.end();
    stream.end();
    expect(() => stream.responseHeaders({ ':status': '200' })).toThrow(HostMisuse);
    expect(() => plugin.tick()).toThrow('plugin has set no tick period');
  });
});

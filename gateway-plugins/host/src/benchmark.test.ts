import { describe, expect, it } from 'vitest';
import { compileModule } from '../test/compile.js';
import { benchmark, createHost } from './index.js';

describe('benchmark', () => {
  it('reports time, hostcalls and memory of a request', async () => {
    const module = await compileModule(`
      @external("env", "proxy_get_header_map_value")
      declare function get(type: u32, k: usize, kl: usize, pptr: usize, plen: usize): u32;
      const out = memory.data(8);
      const PATH = memory.data<u8>([58, 112, 97, 116, 104]);
      export function proxy_on_request_headers(id: u32, n: u32, e: u32): u32 { return get(0, PATH, 5, out, out + 4); }`);
    const host = createHost();
    const plugin = host.createVm(module).createPlugin();
    const result = benchmark(
      plugin,
      (stream) =>
        stream.requestHeaders({ ':method': 'GET', ':path': '/', ':authority': 'x' }, { endStream: true }),
      { warmupRequests: 10, samples: 3, requestsPerSample: 10 },
    );
    expect(result.nsPerRequest).toBeGreaterThan(0);
    expect(result.rangeNs[0]).toBeLessThanOrEqual(result.nsPerRequest);
    expect(result).toMatchObject({ hostcallsPerRequest: 1, memoryGrowthBytes: 0 });
    expect([...plugin.vm.contexts.keys()]).toEqual([0, 1]);
  });
});

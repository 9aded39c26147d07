import type { PluginModule } from '@hiclaw/proxy-wasm-host';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';
import { chatRequest, consumer, image, mcpRequest, serviceRequest } from './support/policies.js';

let module: PluginModule;

beforeAll(async () => {
  module = await keyAuthModule();
});

describe('hostcalls of an admitted request', () => {
  it.each([
    ['MCP', mcpRequest(1), {}],
    ['service', serviceRequest(1), {}],
    ['LLM', chatRequest(1), { proxy_get_buffer_bytes: 1 }],
  ])('%s: no more than needed', (_, request, more) => {
    const gateway = new Gateway(module, image([consumer(1)]));
    const stream = gateway.send(request);
    expect(observe(stream)).toMatchObject({ kind: 'admit' });
    expect(stream.stats.byName()).toEqual({
      proxy_get_header_map_pairs: 1,
      proxy_set_property: 1,
      proxy_replace_header_map_value: 1,
      ...more,
    });
  });

  it('ask for the time only when something ends', () => {
    const gateway = new Gateway(module, image([consumer(1, { expiresAt: 0xffffffff })]));
    const stream = gateway.send(mcpRequest(1));
    expect(stream.stats.byName()).toMatchObject({ proxy_get_current_time_nanoseconds: 1 });
  });
});

describe('watching the time', () => {
  it('starts with the first stream that ends some time, and stops with the last', () => {
    const gateway = new Gateway(module, image([consumer(1, { expiresAt: 0xffffffff }), consumer(2)]));
    gateway.host.advance(1);
    gateway.send(mcpRequest(2));
    expect(gateway.plugin.tickPeriodMs).toBe(0);
    const first = gateway.send(mcpRequest(1));
    expect(first.stats.byName()).toMatchObject({
      proxy_set_tick_period_milliseconds: 1,
      proxy_set_effective_context: 2,
    });
    expect(gateway.plugin.tickPeriodMs).toBe(1000);
    const second = gateway.send(mcpRequest(1));
    expect(second.stats.byName()).not.toHaveProperty('proxy_set_effective_context');
    first.end();
    gateway.host.advance(5000);
    expect(gateway.plugin.tickPeriodMs).toBe(1000);
    second.end();
    gateway.host.advance(1000);
    expect(gateway.plugin.tickPeriodMs).toBe(0);
  });

  it('goes on under the next image', () => {
    const start = 1_700_000_000;
    const ending = consumer(1, { expiresAt: start + 10 });
    const gateway = new Gateway(module, image([ending]), { startTimeMs: start * 1000 });
    gateway.host.advance(1);
    const stream = gateway.send(mcpRequest(1));
    expect(gateway.push(image([ending, consumer(2)], { policyVersion: 2n }))).toBe(true);
    gateway.host.advance(9_000);
    expect(stream.closedBy).toBeNull();
    gateway.host.advance(2_000);
    expect(stream.closedBy).toBe('wasm_close_stream');
  });
});

describe('a new image', () => {
  it('takes a timer only for the first one in a VM', () => {
    const gateway = new Gateway(module, image([consumer(1)]));
    gateway.host.advance(1);
    for (let version = 2n; version < 20n; version++) {
      gateway.push(image([consumer(1)], { policyVersion: version }));
      expect(gateway.plugin.stats.byName()).not.toHaveProperty('proxy_set_tick_period_milliseconds');
      const paths = gateway.host.httpCallouts.map(({ headers }) => headers.get(':path'));
      expect(paths, 'confirmed without time passing').toHaveLength(Number(version));
      expect(paths.at(-1)).toContain(`version=${version}&`);
    }
  });
});

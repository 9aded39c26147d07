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

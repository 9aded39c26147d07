import type { PluginModule } from '@hiclaw/proxy-wasm-host';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule } from './support/gateway.js';
import { consumer, image, mcpRequest } from './support/policies.js';

let module: PluginModule;

beforeAll(async () => {
  module = await keyAuthModule();
});

const unknown = 'hiclaw_refusals_total.reason.token-unknown';
const missing = 'hiclaw_refusals_total.reason.token-missing';

describe('the counter of refusals', () => {
  it('counts each reason, and admitted requests never', () => {
    const gateway = new Gateway(module, image([consumer(1)]));
    const admitted = gateway.send(mcpRequest(1));
    for (let n = 0; n < 3; n++) gateway.send(mcpRequest(2));
    gateway.send({ ...mcpRequest(1), headers: [] });
    expect(gateway.host.metrics.all()).toEqual({ [unknown]: 3n, [missing]: 1n });
    expect(Object.keys(admitted.stats.byName()).filter((name) => name.includes('metric'))).toEqual([]);
  });

  it('is defined once in a VM, however often policy changes', () => {
    const gateway = new Gateway(module, image([consumer(1)]));
    expect(gateway.send(mcpRequest(2)).stats.byName()).toMatchObject({ proxy_define_metric: 1 });
    for (let version = 2n; version < 10n; version++) {
      gateway.push(image([consumer(1)], { policyVersion: version }));
      const calls = gateway.send(mcpRequest(2)).stats.byName();
      expect(calls).toMatchObject({ proxy_increment_metric: 1 });
      expect(calls).not.toHaveProperty('proxy_define_metric');
    }
    expect(gateway.host.metrics.value(unknown)).toBe(9n);
  });
});

import { readFile } from 'node:fs/promises';
import { findEnvoy } from '@hiclaw/install';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../test/compile.js';
import { EnvoyProbe, RawServer, until, UPSTREAM_FILTER } from '../test/envoy-probe.js';
import {
  CALLOUT_ANSWER,
  CALLOUT_RESPONSE,
  runChainInEnvoy,
  runChainInHost,
  runInEnvoy,
  runInHost,
} from '../test/scenario.js';
import { LISTENERS, SCENARIOS } from '../test/scenarios.js';
import { createHost, loadModule, LogLevel, type Host, type PluginContext } from './index.js';

let envoy: EnvoyProbe;
let upstream: RawServer;
let callout: RawServer;
let host: Host;
const plugins = new Map<string, PluginContext>();

beforeAll(async () => {
  const wasm = await compile(await readFile(new URL('../assembly/probe.ts', import.meta.url), 'utf8'));
  upstream = await RawServer.listen();
  callout = await RawServer.listen((socket) => socket.once('data', () => socket.write(CALLOUT_ANSWER)));
  envoy = await EnvoyProbe.start({
    binary: await findEnvoy(),
    wasm,
    listeners: LISTENERS,
    upstreamPort: upstream.port,
    calloutPort: callout.port,
  });
  host = createHost({
    strict: false,
    logLevel: LogLevel.Info,
    clusters: ['upstream', 'callout'],
    node: { id: 'probe-node', cluster: 'probe-cluster', metadata: { color: 'blue', size: 3 } },
  });
  const module = await loadModule(wasm);
  for (const { name, configuration, allowOnHeadersStopIteration } of [...LISTENERS, UPSTREAM_FILTER]) {
    const vm = host.createVm(module, { vmId: name, environment: { PROBE_ENV: 'from the process' } });
    plugins.set(
      name,
      vm.createPlugin({ name: 'probe', rootId: 'probe-root', configuration, allowOnHeadersStopIteration }),
    );
  }
});

afterAll(async () => {
  await envoy.stop();
  upstream.close();
  callout.close();
});

describe('a plugin context', () => {
  it('sees the same in each phase', async () => {
    const from = (line: string): boolean =>
      /^probe (create|vm_start|configure|tick|http_call_response)\(/.test(line);
    const plugin = plugins.get('root')!;
    plugin.tick();
    expect(plugin.tickPeriodMs).toBe(10);
    host.pendingHttpCallouts()[0]?.respond(CALLOUT_RESPONSE);
    plugin.tick();
    expect(plugin.tickPeriodMs).toBe(0);
    const expected = host.logs
      .filter((entry) => entry.vm === plugin.vm && from(entry.message))
      .map((entry) => entry.message);
    // Envoy configures several VMs: one that is thrown away, one a thread.
    const observed = await until(
      () => envoy.log,
      () => {
        const lines = new Set(envoy.lines('root').filter((line) => from(line) && line.includes('prop xds')));
        return lines.size >= 5 ? [...lines] : undefined;
      },
    );
    expect(expected.filter((line) => line.includes('prop xds'))).toEqual(observed);
  });
});

describe('the host and the real Envoy agree', () => {
  it.each(SCENARIOS.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
    const plugin = plugins.get(scenario.listener ?? 'stop-all')!;
    const expected = runInHost(host, plugin, scenario);
    const observed = await runInEnvoy(envoy, upstream, scenario, expected);
    expect(expected.lines).toEqual(observed.lines);
    expect(expected.upstream).toEqual(observed.upstream);
    expect(expected.client).toEqual(observed.client);
  });
});

describe('a downstream and an upstream filter', () => {
  const READS =
    'prop hiclaw.consumer; prop xds~upstream_host_metadata~filter_metadata~hiclaw~upstream; prop xds~cluster_name; ' +
    'prop xds~route_name; prop request~path; prop request~method; prop plugin_vm_id; get 0 authorization; pairs 0';
  const INJECT =
    'setprop seen by-upstream; set 0 authorization Bearer+real; set 0 :path /path?key=real; get 0 authorization';

  it.each([
    [
      'inject a credential',
      `request_headers: ${READS}; ${INJECT} | response_headers: pairs 2; prop hiclaw.consumer | log: get 0 authorization; get 2 :status`,
    ],
    [
      'answer locally',
      'request_headers: reply 503 refused x-reason=none some+details | response_headers: pairs 2 | response_body: body 1 0 100 | log: get 2 :status',
    ],
  ])('%s', async (_name, upstreamProgram) => {
    const program =
      'request_headers: prop hiclaw.consumer; setprop hiclaw.consumer alice | ' +
      'response_headers: pairs 2; prop seen; prop hiclaw.consumer | response_body: body 1 0 100 | ' +
      'log: prop hiclaw.consumer; get 0 :path; get 0 authorization';
    const expected = runChainInHost(
      host,
      plugins.get('chained')!,
      plugins.get('upstream-filter')!,
      program,
      upstreamProgram,
    );
    const observed = await runChainInEnvoy(envoy, upstream, program, upstreamProgram);
    expect(expected).toEqual(observed);
  });
});

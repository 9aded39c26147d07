import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
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

describe('a pushed configuration', () => {
  const OLD = LISTENERS.find((listener) => listener.name === 'pushed')!;
  const NEW = { ...OLD, configuration: 'configure: id; body 7 0 100 | done: id' };
  const REQUEST = 'GET / HTTP/1.1\r\nhost: probe\r\nx-program: request_headers: id | delete: id\r\n\r\n';
  const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  const streamLines = (lines: readonly string[]): string[] =>
    lines.filter((line) => /request_headers|delete\(\) \|/.test(line));
  const count = (callback: string): number =>
    envoy.lines('pushed').filter((line) => line.startsWith(`probe ${callback}(`)).length;

  it('makes a new plugin context in the same VM, and the old one ends with its last stream', async () => {
    const program = { 'x-program': 'request_headers: id | delete: id' };
    const pseudo = { ':method': 'GET', ':path': '/', ':authority': 'probe', ':scheme': 'http' };
    const headers = { ...pseudo, ...program, 'x-forwarded-proto': 'http' };
    const old = plugins.get('pushed')!;
    const from = host.logs.length;
    const [first, next] = [old.createStream(), old.vm.createPlugin({ configuration: NEW.configuration })];
    first.requestHeaders(headers, { endStream: true });
    old.close();
    const second = next.createStream();
    second.requestHeaders(headers, { endStream: true });
    expect(old.deleted).toBe(false);
    second.end();
    first.end();
    expect(old.deleted).toBe(true);
    const expected = host.logs.slice(from).map((entry) => entry.message);

    const before = upstream.sockets.length;
    const clients = [await open(), await open()];
    clients[0]?.write(REQUEST);
    const held = await until('the first request', () => upstream.sockets[before]);
    await envoy.push(NEW);
    // Canary, main thread and worker configure; the main thread's old context has no stream and ends.
    await until(
      () => envoy.log,
      () => (count('configure') === 6 && count('done') === 1 ? true : undefined),
    );
    clients[1]?.write(REQUEST);
    (await until('the second request', () => upstream.sockets[before + 1])).write(OK);
    await until('its end', () => (streamLines(envoy.lines('pushed')).length === 3 ? true : undefined));
    expect(count('done')).toBe(1 + 1);
    held.write(OK);
    await until('the end of the old context', () => (count('done') === 2 + 2 ? true : undefined));
    for (const client of clients) client.destroy();
    expect(streamLines(expected)).toEqual(streamLines(envoy.lines('pushed')));
    const configured = expected.find((line) => line.startsWith('probe configure('));
    expect(configured).toContain('id -> 3');
    expect(envoy.lines('pushed')).toContain(configured);
  });

  async function open(): Promise<Socket> {
    const client = connect(envoy.port('pushed'), '127.0.0.1');
    client.resume();
    await once(client, 'connect');
    return client;
  }
});

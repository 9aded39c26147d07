import { readFile } from 'node:fs/promises';
import {
  createHost,
  loadModule,
  type Host,
  type HostOptions,
  type HttpStream,
  type PluginContext,
  type PluginModule,
  type Vm,
} from '../src/index.js';
import type { PluginOptions } from '../src/index.js';
import { compile } from './compile.js';

let compiled: Promise<PluginModule> | undefined;

/** The probe module (assembly/probe.ts), compiled once for a test file. */
export function probeModule(): Promise<PluginModule> {
  compiled ??= readFile(new URL('../assembly/probe.ts', import.meta.url), 'utf8')
    .then(compile)
    .then(loadModule);
  return compiled;
}

export interface Probe {
  readonly host: Host;
  readonly vm: Vm;
  readonly plugin: PluginContext;
}

/** A host with the probe in it; `configuration` is the program of its plugin context. */
export async function startProbe(
  configuration = '',
  options: HostOptions & PluginOptions = {},
): Promise<Probe> {
  const host = createHost(options);
  const vm = host.createVm(await probeModule(), { vmId: 'probe', environment: { KEY: 'value' } });
  return { host, vm, plugin: vm.createPlugin({ ...options, configuration }) };
}

/** Starts a request that carries its program, and returns what the program logged. */
export function send(
  probe: Probe,
  program: string,
  stream: HttpStream = probe.plugin.createStream(),
): string[] {
  const from = probe.host.logs.length;
  stream.requestHeaders(requestHeaders(program), { endStream: true });
  return probe.host.logs.slice(from).map((entry) => entry.message);
}

export function requestHeaders(program: string): Record<string, string> {
  return { ':method': 'GET', ':path': '/', ':authority': 'x', 'x-program': program };
}

/** What the plugin context logged, callbacks of one name only. */
export function logged(probe: Probe, callback: string): string[] {
  const lines = probe.host.logs.map((entry) => entry.message);
  return lines.filter((line) => line.startsWith(`probe ${callback}(`));
}

import {
  createHost,
  loadModule,
  type Host,
  type HostOptions,
  type HttpStream,
} from '@hiclaw/proxy-wasm-host';
import type { PluginContext, PluginOptions, Vm, VmOptions } from '@hiclaw/proxy-wasm-host';
import { fileURLToPath } from 'node:url';

/** A module of `npm run build -w @hiclaw/proxy-wasm`. */
export function built(name: string): string {
  return fileURLToPath(new URL(`../build/${name}.wasm`, import.meta.url));
}

/** Headers of a plain request with more of them. */
export function requestWith(headers: Readonly<Record<string, string | readonly string[]>>) {
  return { ':method': 'GET', ':scheme': 'http', ':path': '/sink?q=1', ':authority': 'sink.test', ...headers };
}

/** A plugin in the strict host. */
export interface Running {
  readonly host: Host;
  readonly vm: Vm;
  readonly plugin: PluginContext;
}

/** Starts a built module. */
export async function start(
  name: string,
  options: { readonly host?: HostOptions; readonly vm?: VmOptions; readonly plugin?: PluginOptions } = {},
): Promise<Running> {
  const host = createHost(options.host);
  const vm = host.createVm(await loadModule(built(name)), options.vm);
  return { host, vm, plugin: vm.createPlugin(options.plugin) };
}

/** Sends a request for one operation of the kitchen sink. */
export function operate(
  plugin: PluginContext,
  op: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): HttpStream {
  const stream = plugin.createStream();
  stream.requestHeaders(requestWith({ 'x-op': op, ...headers }), { endStream: true });
  return stream;
}

/** The text that the kitchen sink answered with. */
export function answerOf(stream: HttpStream): string {
  const { localResponse } = stream;
  if (localResponse === null) throw new Error('the plugin did not answer');
  return Buffer.from(localResponse.body).toString('utf8');
}

/** Sends a request, takes the answer and ends the stream. */
export function ask(
  plugin: PluginContext,
  op: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
): string {
  const stream = operate(plugin, op, headers);
  const text = answerOf(stream);
  stream.end();
  return text;
}

/** Messages that plugins logged. */
export function logged(host: Host): string[] {
  return host.logs.map(({ message }) => message);
}

/** The host takes one character for one byte, as Envoy's headers are bytes. */
export function utf8(text: string): string {
  return Buffer.from(text).toString('latin1');
}

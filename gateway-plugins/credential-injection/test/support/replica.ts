import { writeInjectionImage, type InjectionCredential, type InjectionUpstream } from '@hiclaw/policy-image';
import {
  createHost,
  loadModule,
  StreamInfo,
  type Host,
  type HttpStream,
  type PluginContext,
  type Vm,
} from '@hiclaw/proxy-wasm-host';
import { expect } from 'vitest';
import { builtPlugin } from '../../../policy/test/built-plugin.js';

/** The plugin as it is shipped. */
const module = await loadModule(await builtPlugin('credential-injection'));

export const KEY = Buffer.alloc(32, 7);
/** What every credential holds unless it says otherwise. */
export const SECRET = 'sk-real-0123456789';

export function credential(id: string, changes: Partial<InjectionCredential> = {}): InjectionCredential {
  return {
    id,
    placement: 'header',
    name: 'authorization',
    prefix: 'Bearer ',
    hosts: ['api.openai.com'],
    value: Buffer.from(SECRET),
    ...changes,
  };
}

export function upstream(changes: Partial<InjectionUpstream> = {}): InjectionUpstream {
  return { key: 'providers/openai', host: 'api.openai.com:443', credential: 'c/1', bindings: [], ...changes };
}

export function imageOf(
  credentials: readonly InjectionCredential[],
  upstreams: readonly InjectionUpstream[],
  key: Uint8Array = KEY,
): Buffer {
  return writeInjectionImage({ policyVersion: 5n, upstreams, credentials }, key);
}

/** One worker thread with one credential-injection VM. */
export class Replica {
  readonly host: Host;
  readonly vm: Vm;
  plugin: PluginContext;

  constructor(
    image: Uint8Array | null,
    environment: Readonly<Record<string, string>> = {
      PATH: '/bin',
      HICLAW_GATEWAY_KEY: KEY.toString('hex'),
      Z: '',
    },
  ) {
    this.host = createHost({ node: { id: 'replica-1' } });
    this.vm = this.host.createVm(module, { vmId: 'credential-injection', environment });
    this.plugin = this.vm.createPlugin({ configuration: image ?? '' });
  }

  push(image: Uint8Array): boolean {
    const next = this.vm.createPlugin({ configuration: image });
    (next.accepted ? this.plugin : next).close();
    if (next.accepted) this.plugin = next;
    return next.accepted;
  }

  /** One attempt to an endpoint with this metadata. */
  attempt(
    metadata: string | null,
    { path = '/v1/chat/completions', consumer = 'worker-alice', headers = [] as [string, string][] } = {},
  ): HttpStream {
    const attributes =
      metadata === null
        ? {}
        : { xds: { upstream_host_metadata: { filter_metadata: { hiclaw: { upstream: metadata } } } } };
    const info = new StreamInfo(attributes);
    if (consumer !== '') info.setProperty('hiclaw.consumer', consumer);
    const stream = this.plugin.createStream({ info });
    stream.requestHeaders(
      [[':authority', 'api'], [':method', 'POST'], [':path', path], [':scheme', 'https'], ...headers],
      { endStream: true },
    );
    return stream;
  }
}

/** Metadata of the upstream's endpoint. */
export const OPENAI = 'providers/openai api.openai.com:443';

/** Why a request did not go upstream. */
export function reasonOf(stream: HttpStream): string | undefined {
  expect(stream.forwardedRequest.headers).toBeNull();
  expect(stream.localResponse?.status).toBe(503);
  expect(Buffer.from(stream.localResponse?.body ?? '').toString()).not.toContain(SECRET);
  return stream.localResponse?.headers.get('x-hiclaw-reason');
}

/** A header as it went upstream. */
export const sent = (stream: HttpStream, name: string): string | undefined => {
  expect(stream.localResponse).toBeNull();
  return stream.forwardedRequest.headers?.get(name);
};

import {
  sealingKeyId,
  writeInjectionImage,
  type InjectionCredential,
  type InjectionUpstream,
} from '@hiclaw/policy-image';
import { injectionPolicy } from '@hiclaw/policy-image/arbitraries';
import {
  createHost,
  loadModule,
  StreamInfo,
  type Host,
  type HttpStream,
  type PluginContext,
  type PluginModule,
  type Vm,
} from '@hiclaw/proxy-wasm-host';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { stampChecksum } from '../../../packages/policy-image/src/checksum.js';
import { builtPlugin } from '../../policy/test/built-plugin.js';
import { FailingHost } from '../../policy/test/failing-host.js';

const KEY = Buffer.alloc(32, 7);
const SECRET = 'sk-real-0123456789';
let module: PluginModule;

beforeAll(async () => {
  module = await loadModule(await builtPlugin('credential-injection'));
});

function credential(id: string, changes: Partial<InjectionCredential> = {}): InjectionCredential {
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

function upstream(changes: Partial<InjectionUpstream> = {}): InjectionUpstream {
  return { key: 'providers/openai', host: 'api.openai.com:443', credential: 'c/1', bindings: [], ...changes };
}

function imageOf(
  credentials: readonly InjectionCredential[],
  upstreams: readonly InjectionUpstream[],
  key: Uint8Array = KEY,
): Buffer {
  return writeInjectionImage({ policyVersion: 5n, upstreams, credentials }, key);
}

class Replica {
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

const OPENAI = 'providers/openai api.openai.com:443';

function reasonOf(stream: HttpStream): string | undefined {
  expect(stream.forwardedRequest.headers).toBeNull();
  expect(stream.localResponse?.status).toBe(503);
  expect(Buffer.from(stream.localResponse?.body ?? '').toString()).not.toContain(SECRET);
  return stream.localResponse?.headers.get('x-hiclaw-reason');
}

const sent = (stream: HttpStream, name: string): string | undefined => {
  expect(stream.localResponse).toBeNull();
  return stream.forwardedRequest.headers?.get(name);
};

describe('placement', () => {
  it('in a header, whatever the client sent there, with two hostcalls', () => {
    const replica = new Replica(imageOf([credential('c/1')], [upstream()]));
    const stream = replica.attempt(OPENAI, { headers: [['authorization', 'Bearer mine']] });
    expect(sent(stream, 'authorization')).toBe(`Bearer ${SECRET}`);
    expect(stream.stats.byName()).toEqual({ proxy_get_property: 1, proxy_replace_header_map_value: 1 });
  });

  it('as Basic, for values of any length', () => {
    for (let length = 0; length < 9; length++) {
      const value = Buffer.from('üser:p/+ss'.slice(0, length));
      const replica = new Replica(
        imageOf([credential('c/1', { placement: 'basic', name: '', prefix: '', value })], [upstream()]),
      );
      expect(sent(replica.attempt(OPENAI), 'authorization')).toBe(`Basic ${value.toString('base64')}`);
    }
  });

  it.each([
    ['/p', '/p?key=a%2Fb%20%26'],
    ['/p?', '/p?key=a%2Fb%20%26'],
    ['/p?a=1&b', '/p?a=1&b&key=a%2Fb%20%26'],
    ['/p?key=mine', '/p?key=a%2Fb%20%26'],
    ['/p?a=1&key=mine&b=2&key&key=', '/p?a=1&b=2&key=a%2Fb%20%26'],
    ['/p?%6bey=mine&ke%79=x&keys=1&ke=2', '/p?keys=1&ke=2&key=a%2Fb%20%26'],
    ['/p?a=1&&%zz&=', '/p?a=1&&%zz&=&key=a%2Fb%20%26'],
  ])('in the query: %s becomes %s', (path, expected) => {
    const query = credential('c/1', {
      placement: 'query',
      name: 'key',
      prefix: '',
      value: Buffer.from('a/b &'),
    });
    const replica = new Replica(imageOf([query], [upstream()]));
    expect(sent(replica.attempt(OPENAI, { path }), ':path')).toBe(expected);
    expect(sent(replica.attempt(OPENAI, { path: expected }), ':path'), 'again, on a retry').toBe(expected);
  });

  it('in the query, any name and value, as a browser would read it', () => {
    const text = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 20 })
      .filter((s) => !/\p{Surrogate}/u.test(s));
    const others = fc.array(fc.tuple(text, text), { maxLength: 3 });
    fc.assert(
      fc.property(text, text, others, (name, value, list) => {
        const query = credential('c/1', { placement: 'query', name, prefix: '', value: Buffer.from(value) });
        const replica = new Replica(imageOf([query], [upstream()]));
        const before = new URLSearchParams(list);
        const url = sent(replica.attempt(OPENAI, { path: `/p?${before.toString()}` }), ':path') ?? '';
        const wanted = [...list.filter(([key]) => key !== name), [name, value]];
        expect([...new URL(url, 'http://x').searchParams]).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it('nowhere for an upstream that takes none', () => {
    const replica = new Replica(imageOf([], [upstream({ credential: null })]));
    const stream = replica.attempt(OPENAI);
    expect(sent(stream, 'authorization')).toBeUndefined();
    expect(stream.stats.byName()).toEqual({ proxy_get_property: 1 });
  });
});

describe('which credential', () => {
  const own = credential('c/2', { value: Buffer.from('alice-pat') });
  const bindings = [
    { consumer: 'worker-alice', credential: 'c/2' },
    { consumer: 'worker-carol', credential: 'c/1' },
  ];

  it("the consumer's own, and the upstream's for others", () => {
    const replica = new Replica(imageOf([credential('c/1'), own], [upstream({ bindings })]));
    expect(sent(replica.attempt(OPENAI), 'authorization')).toBe('Bearer alice-pat');
    expect(sent(replica.attempt(OPENAI, { consumer: 'worker-bob' }), 'authorization')).toBe(
      `Bearer ${SECRET}`,
    );
    expect(reasonOf(replica.attempt(OPENAI, { consumer: '' })), 'nobody said who calls').toBe('internal');
  });

  it("the consumer's own, and none for others where the upstream has none", () => {
    const replica = new Replica(
      imageOf([credential('c/1'), own], [upstream({ credential: null, bindings })]),
    );
    expect(sent(replica.attempt(OPENAI), 'authorization')).toBe('Bearer alice-pat');
    expect(sent(replica.attempt(OPENAI, { consumer: 'worker-bob' }), 'authorization')).toBeUndefined();
  });

  it('that of the upstream which the attempt goes to', () => {
    const other = upstream({ key: 'providers/other', host: 'other.test:8443', credential: 'c/3' });
    const credentials = [
      credential('c/1'),
      credential('c/3', { hosts: ['other.test:8443'], value: Buffer.from('other') }),
    ];
    const replica = new Replica(imageOf(credentials, [upstream(), other]));
    expect(sent(replica.attempt('providers/other other.test:8443'), 'authorization')).toBe('Bearer other');
    expect(sent(replica.attempt(OPENAI), 'authorization')).toBe(`Bearer ${SECRET}`);
  });

  it('the new one as soon as the image is there', () => {
    const replica = new Replica(imageOf([credential('c/1')], [upstream()]));
    expect(
      replica.push(
        imageOf([credential('c/2', { value: Buffer.from('rotated') })], [upstream({ credential: 'c/2' })]),
      ),
    ).toBe(true);
    expect(sent(replica.attempt(OPENAI), 'authorization')).toBe('Bearer rotated');
  });
});

describe('refusals', () => {
  const replicaWith = (hosts: readonly string[], host = 'api.openai.com:443'): Replica =>
    new Replica(imageOf([credential('c/1', { hosts })], [upstream({ host })]));

  it('before there are credentials', () => {
    expect(reasonOf(new Replica(null).attempt(OPENAI))).toBe('no-credentials');
  });

  it.each([
    null,
    '',
    ' ',
    'providers/openai',
    'providers/open api.openai.com:443',
    'providers/openai2 api.openai.com:443',
    'api.openai.com:443',
  ])('metadata %j is an upstream that nobody knows, or another host', (metadata) => {
    expect(['upstream-unknown', 'upstream-mismatch']).toContain(
      reasonOf(replicaWith(['api.openai.com']).attempt(metadata)),
    );
  });

  it.each([
    'evil.test:443',
    'api.openai.com:8443',
    'api.openai.com',
    'api.openai.com:443 ',
    'api.openai.com:4430',
    '',
  ])('the endpoint %j is not the one of the image', (host) => {
    expect(reasonOf(replicaWith(['api.openai.com', 'evil.test']).attempt(`providers/openai ${host}`))).toBe(
      'upstream-mismatch',
    );
  });

  it.each([
    [['api.openai.com'], 'api.openai.com:443', true],
    [['api.openai.com:443'], 'api.openai.com:443', true],
    [['x.test', 'api.openai.com'], 'api.openai.com:8443', true],
    [['[::1]'], '[::1]:443', true],
    [['127.0.0.1'], '127.0.0.1:1', true],
    [['api.openai.com:8443'], 'api.openai.com:443', false],
    [['openai.com'], 'api.openai.com:443', false],
    [['api.openai.co'], 'api.openai.com:443', false],
    [['api.openai.com.'], 'api.openai.com:443', false],
    [['api.openai.com'], 'api.openai.com', false],
    [['api.openai.com'], 'api.openai.community:443', false],
    [[':443'], ':443', false],
  ])('a credential for %j to %s: %s', (hosts, host, allowed) => {
    const stream = replicaWith(hosts, host).attempt(`providers/openai ${host}`);
    if (allowed) expect(sent(stream, 'authorization')).toBe(`Bearer ${SECRET}`);
    else expect(reasonOf(stream)).toBe('credential-host-mismatch');
  });

  it.each([
    ['a line break in the value', { value: Buffer.from('a\r\nx-evil: 1') }],
    ['a zero byte in the prefix', { prefix: 'a\0' }],
    ['no name', { name: '' }],
    ['a pseudo header', { name: ':path' }],
    ['a name in capitals', { name: 'Authorization' }],
    ['a name with a space', { name: 'a b' }],
    ['a query parameter without a name', { placement: 'query' as const, name: '' }],
  ])('%s: this credential is not sent, others are', (_, changes) => {
    const other = upstream({ key: 'providers/other', host: 'other.test:1', credential: 'c/2' });
    const credentials = [credential('c/1', changes), credential('c/2', { hosts: ['other.test'] })];
    const replica = new Replica(imageOf(credentials, [upstream(), other]));
    expect(reasonOf(replica.attempt(OPENAI))).toBe('internal');
    expect(sent(replica.attempt('providers/other other.test:1'), 'authorization')).toBe(`Bearer ${SECRET}`);
  });

  it('a hostcall that fails', async () => {
    const wasm = await builtPlugin('credential-injection');
    for (const [name, placement] of [
      ['proxy_get_property', 'header'],
      ['proxy_replace_header_map_value', 'header'],
      ['proxy_replace_header_map_value', 'query'],
      ['proxy_get_header_map_value', 'query'],
    ] as const) {
      const host = new FailingHost(wasm, {
        configuration: imageOf([credential('c/1', { placement, prefix: '' })], [upstream()]),
        headers: [[':path', '/p']],
        environment: { HICLAW_GATEWAY_KEY: KEY.toString('hex') },
        properties: { 'xds.upstream_host_metadata.filter_metadata.hiclaw.upstream': OPENAI },
      });
      expect(host.configure()).toBe(true);
      expect(host.run('proxy_on_request_headers', 2, 1, 1)).toBe(0);
      host.failing.set(name, 10);
      expect(host.run('proxy_on_request_headers', 3, 1, 1)).toBe(1);
      expect(host.replies).toEqual([503]);
    }
  });
});

describe('the image', () => {
  const sound = imageOf(
    [credential('c/1'), credential('c/2', { placement: 'query', name: 'k' })],
    [upstream({ bindings: [{ consumer: 'worker-alice', credential: 'c/1' }] })],
  );
  const refusedFor = (bytes: Uint8Array, environment?: Readonly<Record<string, string>>): boolean =>
    !new Replica(bytes, environment).plugin.accepted;

  it('is refused for every flipped bit and every other length, and the one before stays', () => {
    const replica = new Replica(sound);
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const damaged = Uint8Array.from(sound);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(replica.push(damaged), `bit ${bit}`).toBe(false);
    }
    for (let length = 1; length < sound.length; length++)
      expect(replica.push(sound.subarray(0, length))).toBe(false);
    expect(sent(replica.attempt(OPENAI), 'authorization')).toBe(`Bearer ${SECRET}`);
    expect(JSON.stringify(replica.host.logs.map(({ message }) => message))).not.toContain('sk-');
  });

  it('is refused with another key, a damaged key or none', () => {
    for (const key of [
      '',
      'zz'.repeat(32),
      KEY.toString('hex').slice(1),
      `${KEY.toString('hex')}00`,
      Buffer.alloc(32, 8).toString('hex'),
    ]) {
      expect(refusedFor(sound, { HICLAW_GATEWAY_KEY: key })).toBe(true);
    }
    expect(refusedFor(sound, {})).toBe(true);
    expect(refusedFor(sound, { XHICLAW_GATEWAY_KEY: KEY.toString('hex') })).toBe(true);
    expect(refusedFor(sound, { HICLAW_GATEWAY_KEY: KEY.toString('hex').toUpperCase() })).toBe(false);
  });

  it('is refused whole when one sealed value was exchanged for another or bound to another id', () => {
    const cases = fc.tuple(
      injectionPolicy.filter(({ credentials }) => credentials.length > 0),
      fc.nat(),
      fc.nat(0xffffffff),
    );
    let accepted = 0;
    fc.assert(
      fc.property(cases, ([policy, place, value]) => {
        const bytes = writeInjectionImage(policy, KEY);
        expect(refusedFor(bytes)).toBe(false);
        bytes.writeUInt32LE(value, 28 + (place % ((bytes.length - 28) >> 2)) * 4);
        stampChecksum(bytes);
        const replica = new Replica(bytes);
        if (!replica.plugin.accepted) return;
        accepted++;
        for (const { key, host } of policy.upstreams) replica.attempt(`${key} ${host}`).end();
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('is confirmed once, then the timer stops', () => {
    const replica = new Replica(sound);
    replica.host.advance(5_000);
    expect(replica.host.httpCallouts.map(({ headers }) => headers.get(':path'))).toEqual([
      expect.stringMatching(/^\/applied\?plugin=credential-injection&version=5&vm=[0-9a-f]{16}$/),
    ]);
    expect(replica.plugin.tickPeriodMs).toBe(0);
  });

  it('changes 10,000 times without memory growing, and leaves no secret of the past behind', () => {
    const images = ['first-secret', 'second-secret-that-is-longer', 'x'].map((value) =>
      imageOf([credential('c/1', { value: Buffer.from(value) })], [upstream()]),
    );
    const replica = new Replica(
      imageOf([credential('c/1', { value: Buffer.from('the-very-first') })], [upstream()]),
    );
    const before = replica.vm.memorySize;
    for (let i = 0; i < 10_000; i++) {
      const next = images[i % 3];
      if (next === undefined || !replica.push(next)) throw new Error('refused');
      if (i % 100 === 0) replica.host.advance(1);
    }
    expect(replica.vm.memorySize).toBe(before);
    const memory = Buffer.from(replica.vm.memory.bytes(0, replica.vm.memorySize, 'all'));
    expect(memory.includes('first-secret')).toBe(true);
    expect(memory.includes('the-very-first')).toBe(false);
    expect(memory.includes('second-secret-that-is-longer')).toBe(false);
    expect(sealingKeyId(KEY)).toBeGreaterThan(0);
  });
});

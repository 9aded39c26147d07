import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtPlugin } from '../../policy/test/built-plugin.js';
import { FailingHost } from '../../policy/test/failing-host.js';
import {
  credential,
  imageOf,
  KEY,
  OPENAI,
  reasonOf,
  Replica,
  SECRET,
  sent,
  upstream,
} from './support/replica.js';

describe('placement', () => {
  it('in a header, whatever the client sent there, with three hostcalls', () => {
    const replica = new Replica(imageOf([credential('c/1')], [upstream()]));
    const stream = replica.attempt(OPENAI, { headers: [['authorization', 'Bearer mine']] });
    expect(sent(stream, 'authorization')).toBe(`Bearer ${SECRET}`);
    expect(stream.stats.byName()).toEqual({ proxy_get_property: 2, proxy_replace_header_map_value: 1 });
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
    expect(stream.stats.byName()).toEqual({ proxy_get_property: 2 });
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

  it.each(['evil.test:443', 'api.openai.com:8443', 'api.openai.com', 'api.openai.com:4430', ''])(
    'the endpoint %j is not the one of the image',
    (host) => {
      expect(reasonOf(replicaWith(['api.openai.com', 'evil.test']).attempt(`providers/openai ${host}`))).toBe(
        'upstream-mismatch',
      );
    },
  );

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

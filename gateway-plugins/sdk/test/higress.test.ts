import type { HttpStream, PluginContext } from '@hiclaw/proxy-wasm-host';
import { describe, expect, it } from 'vitest';
import { answerOf, logged, requestWith, start, type Running } from './sink.js';

function configured(configuration: unknown): Promise<Running> {
  return start('test-higress', { plugin: { configuration: JSON.stringify(configuration) } });
}

function send(
  plugin: PluginContext,
  headers: Readonly<Record<string, string>> = {},
  attributes: Readonly<Record<string, Readonly<Record<string, string>>>> = {},
): HttpStream {
  const stream = plugin.createStream({ attributes });
  stream.requestHeaders(requestWith(headers), { endStream: true });
  return stream;
}

/** The label of the configuration that applied. */
function labelOf(stream: HttpStream): string | undefined {
  return stream.forwardedRequest.headers?.get('x-label') ?? undefined;
}

describe('configurations', () => {
  it.each([
    ['', 'the configuration is empty'],
    ['[]', 'the configuration is not an object'],
    ['{"label":', 'unexpected end at byte 9'],
    ['{"label":"bad"}', 'the global configuration is not valid'],
    ['{"_rules_":{}}', '_rules_ is not a list'],
    ['{"_rules_":["x"]}', '_rules_[0] is not an object'],
    ['{"_rules_":[{"label":"x"}]}', '_rules_[0] needs exactly one _match_…_ with a list of names'],
    ['{"_rules_":[{"_match_route_":[]}]}', '_rules_[0] needs exactly one _match_…_ with a list of names'],
    ['{"_rules_":[{"_match_route_":[1]}]}', '_rules_[0] needs exactly one _match_…_ with a list of names'],
    [
      '{"_rules_":[{"_match_route_":["a"],"_match_domain_":["b"]}]}',
      '_rules_[0] needs exactly one _match_…_ with a list of names',
    ],
    [
      '{"_rules_":[{"_match_route_":["a"]},{"_match_route_":["b"],"label":"bad"}]}',
      '_rules_[1] is not valid',
    ],
  ])('refuses %j', async (configuration, problem) => {
    const { plugin, host } = await start('test-higress', { plugin: { configuration } });
    expect(plugin.accepted).toBe(false);
    const message = host.logs.map((entry) => Buffer.from(entry.message, 'latin1').toString()).join('\n');
    const shown = problem.replaceAll('"', '\\"');
    expect([message, logged(host).join('\n')].some((text) => text.includes(`problem="${shown}"`))).toBe(true);
  });

  it('takes the first rule that matches, else the global one', async () => {
    const { plugin } = await configured({
      label: 'global',
      _rules_: [
        { _match_route_: ['chat', 'mail'], label: 'route' },
        { _match_route_prefix_: ['team-'], label: 'prefix' },
        { _match_domain_: ['*.Example.com', 'exact.test', 'pre.*'], label: 'domain' },
        { _match_service_: ['svc.ns', 'other.ns:8080', 'plain'], label: 'service' },
        { _match_route_: ['chat'], label: 'never' },
      ],
    });
    const route = (name: string): string | undefined =>
      labelOf(send(plugin, {}, { xds: { route_name: name } }));
    expect(route('chat')).toBe('route');
    expect(route('mail')).toBe('route');
    expect(route('chat2')).toBe('global');
    expect(route('team-a')).toBe('prefix');
    const host = (name: string): string | undefined => labelOf(send(plugin, { ':authority': name }));
    expect(host('a.example.com')).toBe('domain');
    expect(host('A.EXAMPLE.COM:8443')).toBe('domain');
    expect(host('example.com')).toBe('global');
    expect(host('exact.test')).toBe('domain');
    expect(host('exact.test.evil')).toBe('global');
    expect(host('pre.anything')).toBe('domain');
    expect(host('[::1]:80')).toBe('global');
    const cluster = (name: string): string | undefined =>
      labelOf(send(plugin, {}, { xds: { cluster_name: name } }));
    expect(cluster('outbound|80||svc.ns')).toBe('service');
    expect(cluster('outbound|8080|v1|other.ns')).toBe('service');
    expect(cluster('outbound|80||other.ns')).toBe('global');
    expect(cluster('plain')).toBe('service');
  });

  it('refuses a request when it cannot be found out which applies', async () => {
    const { plugin } = await configured({
      label: 'global',
      _rules_: [{ _match_domain_: ['*.test'], allow: ['anna'] }],
    });
    const stream = plugin.createStream();
    stream.requestHeaders({ ':method': 'GET', ':path': '/' }, { endStream: true });
    expect(stream.localResponse).toMatchObject({ status: 503, details: 'wasm_no_configuration' });
  });

  it('lets a rule build upon the global configuration', async () => {
    const { plugin } = await configured({
      label: 'global',
      allow: ['anna'],
      _rules_: [{ _match_route_: ['chat'], allow: ['ben'] }],
    });
    const chat = { xds: { route_name: 'chat' } };
    expect(labelOf(send(plugin, { 'x-name': 'ben' }, chat))).toBe('global');
    expect(send(plugin, { 'x-name': 'anna' }, chat).localResponse?.status).toBe(403);
    expect(labelOf(send(plugin, { 'x-name': 'anna' }))).toBe('global');
  });

  it('does not run handlers where only rules are given and none matches', async () => {
    const { plugin } = await configured({ _rules_: [{ _match_route_: ['chat'], label: 'chat' }] });
    expect(labelOf(send(plugin))).toBeUndefined();
    expect(labelOf(send(plugin, {}, { xds: { route_name: 'chat' } }))).toBe('chat');
  });

  it('leaves nothing of an old configuration in force', async () => {
    const { vm, plugin } = await configured({
      allow: [],
      _rules_: [{ _match_route_: ['chat'], allow: ['anna', 'ben'] }],
    });
    const chat = { xds: { route_name: 'chat' } };
    expect(send(plugin, { 'x-name': 'ben' }, chat).localResponse).toBeNull();
    const after = vm.createPlugin({
      configuration: JSON.stringify({ _rules_: [{ _match_route_: ['chat'], allow: ['anna'] }] }),
    });
    expect(send(after, { 'x-name': 'ben' }, chat).localResponse?.status).toBe(403);
    const refused = vm.createPlugin({
      configuration: '{"_rules_":[{"_match_route_":["chat"],"label":"bad"}]}',
    });
    expect(refused.accepted).toBe(false);
    expect(send(after, { 'x-name': 'ben' }, chat).localResponse?.status).toBe(403);
  });

  it('starts the ticks of a configuration once', async () => {
    const { vm, host, plugin } = await configured({ tick: true });
    host.advance(100);
    expect(host.metrics.value('higress_ticks')).toBe(5n);
    plugin.close();
    vm.createPlugin({ configuration: '{"tick":true}' });
    host.advance(100);
    expect(host.metrics.value('higress_ticks')).toBe(10n);
  });
});

describe('requests', () => {
  it('knows scheme, host, method and path', async () => {
    const { plugin } = await configured({});
    const stream = send(plugin);
    expect(stream.forwardedRequest.headers?.get('x-facts')).toBe('http sink.test GET /sink?q=1');
  });

  it.each([{}, { 'content-type': 'application/octet-stream' }, { 'content-encoding': 'gzip' }])(
    'gives the whole body, whatever its headers say: %j',
    async (headers) => {
      const { plugin, vm } = await configured({});
      const stream = plugin.createStream();
      stream.requestHeaders(requestWith(headers));
      for (let i = 0; i < 300; i++) send(plugin).end();
      stream.requestBody('for');
      stream.requestBody('bidden', { endStream: true });
      expect(stream.localResponse?.status).toBe(400);
      expect(vm.failure).toBeNull();
    },
  );

  it('gives the body before trailers', async () => {
    const { plugin } = await configured({});
    const stream = plugin.createStream();
    stream.requestHeaders(requestWith({}));
    stream.requestBody('forbidden');
    stream.requestTrailers({ 'x-trailer': '1' });
    expect(stream.localResponse?.status).toBe(400);
  });

  it('keeps values and objects from the headers to the body', async () => {
    const { plugin } = await configured({});
    const stream = plugin.createStream();
    stream.requestHeaders(requestWith({}));
    // Far more than a garbage collection away.
    for (let i = 0; i < 1000; i++) send(plugin).end();
    stream.requestBody('body', { endStream: true });
    expect(Buffer.from(stream.forwardedRequest.body).toString()).toBe('body|42|note of /sink?q=1|0');
  });

  it('lets the body pass when told so', async () => {
    const { plugin } = await configured({});
    const stream = plugin.createStream();
    stream.requestHeaders(requestWith({ 'x-name': 'no-body' }));
    stream.requestBody('forbidden', { endStream: true });
    expect(stream.localResponse).toBeNull();
    expect(Buffer.from(stream.forwardedRequest.body).toString()).toBe('forbidden');
  });

  it('changes the response', async () => {
    const { plugin, host } = await configured({});
    const stream = send(plugin);
    stream.responseHeaders({ ':status': '200', 'content-length': '5' });
    stream.responseBody('hel');
    stream.responseBody('lo', { endStream: true });
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe('HELLO');
    expect(logged(host)).toContain('[higress-test] response 200');
  });

  it('calls a cluster and answers from its callback', async () => {
    const { plugin, host } = await configured({});
    const stream = send(plugin, { 'x-name': 'caller' });
    const [call] = host.httpCallouts;
    expect(call).toMatchObject({ cluster: 'callee', timeoutMs: 500 });
    expect([call?.headers.get(':authority'), call?.headers.get(':method')]).toEqual(['callee.local', 'POST']);
    call?.respond({ status: 201, body: 'yes', headers: { 'x-a': 'b' } });
    expect(answerOf(stream)).toBe('201 2 yes');
    const failed = send(plugin, { 'x-name': 'k8s' });
    expect(host.httpCallouts[1]?.cluster).toBe('outbound|80||svc.ns.svc.cluster.local');
    host.httpCallouts[1]?.fail();
    expect(answerOf(failed)).toBe('502 0 ');
  });
});

describe('example plugins in the style of Higress', () => {
  it('higress-hello greets', async () => {
    const { plugin } = await start('higress-hello', { plugin: { configuration: '{"greeting":"hi"}' } });
    expect(answerOf(send(plugin, { 'x-name': 'anna' }))).toBe('hi, anna\n');
    expect(send(plugin).forwardedRequest.headers?.get('x-greeting')).toBe('hi');
  });

  it('higress-custom-response answers always, or on a status', async () => {
    const always = { statusCode: 418, headers: ['a=b', 'content-type=text/x'], body: 'teapot' };
    const { plugin, vm } = await start('higress-custom-response', {
      plugin: { configuration: JSON.stringify(always) },
    });
    expect(send(plugin).localResponse).toMatchObject({ status: 418, details: 'custom-response' });
    const onStatus = vm.createPlugin({
      configuration: JSON.stringify({ ...always, enableOnStatus: [404, 500] }),
    });
    const stream = send(onStatus);
    expect(stream.localResponse).toBeNull();
    stream.responseHeaders({ ':status': '404' }, { endStream: true });
    expect(answerOf(stream)).toBe('teapot');
    expect(vm.createPlugin({ configuration: '{"headers":["no value"]}' }).accepted).toBe(false);
  });
});

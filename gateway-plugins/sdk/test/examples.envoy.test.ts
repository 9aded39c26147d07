import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Envoy, fetchAnswer, until, type Answer } from './envoy.js';
import { built } from './sink.js';
import { startUpstream, type Seen } from './upstream.js';

let envoy: Envoy;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  const upstream = await startUpstream();
  closers.push(upstream.close);
  const rules = {
    label: 'global',
    _rules_: [
      { _match_route_: ['special'], label: 'route' },
      { _match_domain_: ['*.example.com'], label: 'domain' },
    ],
  };
  envoy = await Envoy.start({
    concurrency: 2,
    listeners: {
      limit: {
        wasm: built('rate-limit'),
        configuration: JSON.stringify({ header: 'x-client', requests: 20, windowMs: 3_600_000 }),
      },
      hello: { wasm: built('higress-hello'), configuration: '{"greeting":"hi"}' },
      custom: {
        wasm: built('higress-custom-response'),
        configuration: JSON.stringify({
          statusCode: 418,
          body: 'teapot',
          headers: ['x-tea=pot'],
          enableOnStatus: [201],
        }),
      },
      higress: { wasm: built('test-higress'), configuration: JSON.stringify(rules) },
      service: {
        wasm: built('test-higress'),
        configuration: JSON.stringify({
          tick: 1,
          _rules_: [{ _match_service_: ['upstream'], label: 'service' }],
        }),
      },
    },
    clusters: { upstream: upstream.port, callee: upstream.port },
  });
  closers.push(() => envoy.stop());
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

function send(listener: string, options: Parameters<typeof fetchAnswer>[1] = {}): Promise<Answer> {
  return fetchAnswer({ port: envoy.port(listener) }, options);
}

describe('example rate-limit in Envoy', () => {
  it('counts over two workers', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => send('limit', { headers: { 'x-client': 'anna' } })),
    );
    // A clock hour may end in between; then a second window begins.
    const admitted = answers.filter(({ status }) => status === 200).length;
    expect([20, 40]).toContain(admitted);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(60 - admitted);
    expect(await envoy.stat('wasmcustom.rate_limit_refused')).toBe(String(60 - admitted));
    expect((await send('limit', { headers: { 'x-client': 'ben' } })).status).toBe(200);
  });
});

describe('plugins in the style of Higress in Envoy', () => {
  it('higress-hello greets', async () => {
    expect((await send('hello', { headers: { 'x-name': 'anna' } })).body).toBe('hi, anna\n');
    expect((JSON.parse((await send('hello')).body) as Seen).headers).toMatchObject({ 'x-greeting': 'hi' });
  });

  it('higress-custom-response answers on a status of the upstream', async () => {
    expect((await send('custom')).status).toBe(200);
    const answer = await send('custom', { path: '/call' });
    expect(answer).toMatchObject({ status: 418, body: 'teapot' });
    expect(answer.headers['x-tea']).toBe('pot');
  });

  it.each([
    ['/', 'sink.test', 'global'],
    ['/special', 'sink.test', 'route'],
    ['/', 'a.EXAMPLE.com:80', 'domain'],
  ])('%s of %s gets the configuration %s', async (path, host, label) => {
    // The response is in capitals: the plugin changed its body.
    const { body } = await send('higress', { path, headers: { host } });
    expect((JSON.parse(body) as { HEADERS: Record<string, string> }).HEADERS['X-LABEL']).toBe(
      label.toUpperCase(),
    );
  });

  it('knows the cluster of the route', async () => {
    const { body } = await send('service');
    expect((JSON.parse(body) as { HEADERS: Record<string, string> }).HEADERS['X-LABEL']).toBe('SERVICE');
  });

  it('runs ticks on every worker', async () => {
    await until('ticks', async () =>
      Number(await envoy.stat('wasmcustom.higress_ticks')) > 5 ? true : undefined,
    );
  });

  it.each([undefined, { 'x-trailer': '1' }])('gives the whole body, trailers %j', async (trailers) => {
    const end = trailers === undefined ? {} : { trailers };
    const refused = await send('higress', { pieces: ['for', 'bidden'], ...end });
    expect(refused.status).toBe(400);
    const { body } = await send('higress', { path: '/p', pieces: ['bo', 'dy'], ...end });
    expect((JSON.parse(body) as { BODY: string }).BODY).toBe('BODY|42|NOTE OF /P|0');
  });

  it('calls a cluster and answers from the callback', async () => {
    const { body } = await send('higress', { headers: { 'x-name': 'caller' } });
    // The answer of the plugin passes its response handlers too.
    expect(body).toMatch(/^200 \d+ \{"METHOD":"POST","PATH":"\/CHECK"/);
  });
});

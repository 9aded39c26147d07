import type { KeyAuthLimit, KeyAuthPrice } from '@hiclaw/policy-image';
import { StreamInfo, type HttpStream, type PluginModule } from '@hiclaw/proxy-wasm-host';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';
import { claimsOf, grant, openAsk, openCalls } from './support/leases.js';
import { consumer, image, token } from './support/policies.js';

let module: PluginModule;

beforeAll(async () => {
  module = await keyAuthModule();
});

const TOKENS: KeyAuthLimit = { meter: 'tokens-day', cap: 100_000n };
const MINUTE: KeyAuthLimit = { meter: 'tokens-minute', cap: 100_000n };
const MONEY: KeyAuthLimit = { meter: 'usd-month', cap: 10n ** 18n };
const PRICES: readonly KeyAuthPrice[] = [
  { target: 0, model: 'gpt-4o', input: 2n, cachedInput: 1n, cacheWrite: 3n, output: 8n },
  { target: 1, model: 'gpt-*', input: 20n, cachedInput: 10n, cacheWrite: 30n, output: 80n },
];
const QUANTUM = 512;

function gatewayFor(limits: readonly KeyAuthLimit[], prices: readonly KeyAuthPrice[] = []): Gateway {
  const routes = [
    { kind: 'llm', key: 'llm-routes/chat', path: '/v1', models: ['*'], catalogue: [], prices },
  ] as const;
  const gateway = new Gateway(
    module,
    image([consumer(1, { limits, grants: [{ route: 'llm-routes/chat', models: null }] })], { routes }),
  );
  gateway.host.advance(1);
  return gateway;
}

interface Call {
  readonly body?: object;
  readonly path?: string;
  readonly target?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An LLM call as far as the plugin lets it go. */
function call(
  gateway: Gateway,
  { body = {}, path = '/v1/chat/completions', target, headers = {} }: Call = {},
): HttpStream {
  const metadata = { filter_metadata: { hiclaw: { target: `${target}` } } };
  const info = new StreamInfo(target === undefined ? {} : { xds: { upstream_host_metadata: metadata } });
  const stream = gateway.plugin.createStream({ info });
  stream.request(
    {
      ':authority': 'g',
      ':method': 'POST',
      ':path': path,
      ':scheme': 'http',
      authorization: `Bearer ${token(1)}`,
      'content-type': 'application/json',
      ...headers,
    },
    JSON.stringify({ model: 'gpt-4o', ...body }),
  );
  return stream;
}

function begin(stream: HttpStream, type = 'text/event-stream'): void {
  stream.responseHeaders({ ':status': '200', 'content-type': type });
}

/** An event with about so many tokens of text. */
function delta(tokens: number): string {
  return `data: {"choices":[{"delta":{"content":"${'abcd'.repeat(tokens)}"}}]}\n\n`;
}

function usage(prompt: number, completion: number, more: object = {}): string {
  return `data: {"choices":[],"usage":{"prompt_tokens":${prompt},"completion_tokens":${completion},"total_tokens":${prompt + completion}${JSON.stringify(
    more,
  )
    .slice(1, -1)
    .replace(/^(?=.)/, ',')}}}\n\ndata: [DONE]\n\n`;
}

/** What the account has used, as it says in its next claim. */
function usedOf(gateway: Gateway): number[] {
  const [poll] = openCalls(gateway.host, '/recalls');
  const meters = gateway.host.httpCallouts.filter(({ headers }) =>
    (headers.get(':path') ?? '').startsWith('/leases'),
  );
  const known = claimsOf(meters[0]!).map(({ meter }) => meter);
  poll?.respond({ body: known.map((meter) => `worker-1 ${meter} 1767225660 say\n`).join('') });
  const said = openCalls(gateway.host, '/leases').at(-1)!;
  const used = claimsOf(said).map((claim) => claim.used);
  said.respond({ status: 204 });
  return used;
}

const STREAM = { body: { stream: true } };
/** Bytes of the request body of STREAM, a quarter each. */
const INPUT = Math.ceil(JSON.stringify({ model: 'gpt-4o', stream: true }).length / 4);

describe('what a call reserves', () => {
  it.each([
    ['a stream', { body: { stream: true } }, INPUT, QUANTUM, QUANTUM],
    ['a stream that is limited', { body: { stream: true, max_tokens: 9000 } }, 13, QUANTUM, QUANTUM],
    ['a whole answer, of which less will do', {}, 5, 4096, 1],
    ['a whole answer that is limited', { body: { max_tokens: 100 } }, 9, 100, 100],
    ['more than the whole budget, of which less will do', { body: { max_tokens: 2e6 } }, 10, 2e6, 1],
    ['an embedding', { path: '/v1/embeddings' }, 5, 0, 0],
    [
      'a count',
      { path: '/v1/messages/count_tokens', headers: { 'anthropic-version': '2023-06-01' } },
      0,
      0,
      0,
    ],
  ])('is what it may use: %s', (_, request, input, output, least) => {
    const gateway = gatewayFor([TOKENS]);
    const stream = call(gateway, request);
    if (input === 0) {
      expect(observe(stream)).toMatchObject({ kind: 'admit' });
      return;
    }
    const [claim] = claimsOf(openAsk(gateway.host));
    expect(claim).toMatchObject({ meter: 2, need: input + least, want: input + output });
  });

  it('costs what the dearest target asks', () => {
    const gateway = gatewayFor([MONEY], PRICES);
    call(gateway, STREAM);
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([{ meter: 5, need: INPUT * 30 + QUANTUM * 80 }]);
  });

  it('cannot be told without a price', () => {
    const gateway = gatewayFor([MONEY], PRICES.slice(0, 1));
    const stream = call(gateway, { body: { model: 'gpt-3.5' } });
    expect(observe(stream)).toMatchObject({ status: 403, headers: { 'x-hiclaw-reason': 'price-unknown' } });
    expect(
      observe(call(gateway, { path: '/v1/messages/count_tokens', body: { model: 'gpt-3.5' } })),
    ).toMatchObject({
      kind: 'admit',
    });
  });

  it('is more than anybody has, but does not overflow', () => {
    const huge = [{ ...PRICES[0]!, input: 2n ** 63n, output: 2n ** 64n - 1n }];
    const gateway = gatewayFor([MONEY], huge);
    call(gateway, STREAM);
    const text = Buffer.from(openAsk(gateway.host).body).toString();
    expect(text).toContain(' 9223372036854775807 9223372036854775807\n');
  });
});

describe('a stream', () => {
  function running(gateway: Gateway): HttpStream {
    const stream = call(gateway, STREAM);
    grant(openAsk(gateway.host));
    begin(stream);
    return stream;
  }

  it('asks for more before it needs it, and does not wait while what it has suffices', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = running(gateway);
    expect(stream.responseBody(delta(200)).status).toBe('continue');
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
    expect(stream.responseBody(delta(100)).status).toBe('continue');
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([{ need: QUANTUM, want: QUANTUM }]);
    expect(stream.responseBody(delta(200)).status).toBe('continue');
    grant(openAsk(gateway.host));
    expect(stream.responseBody(delta(200)).status).toBe('continue');
    expect(stream.responsePaused).toBe(false);
  });

  it('is held back until more is reserved, and loses nothing', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = running(gateway);
    const pieces = [delta(500), delta(100), delta(1500)];
    stream.responseBody(pieces[0]!);
    const early = openAsk(gateway.host);
    expect(stream.responseBody(pieces[1]!).status).toBe('stop-and-buffer');
    expect(stream.responseBody(pieces[2]!).status).toBe('stop-and-buffer');
    expect(stream.forwardedResponse.body.toString()).toBe(Buffer.from(pieces[0]!).toString());
    grant(early, () => ({ allowance: INPUT + 2 * QUANTUM, available: 99_999 }));
    expect(stream.responsePaused, 'that was for the first piece').toBe(true);
    const ask = openAsk(gateway.host);
    const [claim] = claimsOf(ask);
    expect(claim!.need % QUANTUM).toBe(0);
    expect(claim!.need).toBeGreaterThanOrEqual(2100 - QUANTUM);
    grant(ask);
    expect(stream.responsePaused).toBe(false);
    const rest = delta(3) + usage(INPUT, 2103);
    stream.responseBody(rest, { endStream: true });
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe(pieces.join('') + rest);
    stream.end();
    expect(usedOf(gateway)).toEqual([INPUT + 2103]);
  });

  it.each([
    [
      '/v1/chat/completions',
      {},
      'data: {"error":{"message":"This consumer has spent its budget.","type":"insufficient_quota","param":null,"code":"budget-exhausted"}}\n\n',
    ],
    [
      '/v1/messages',
      { 'anthropic-version': '2023-06-01' },
      'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"This consumer has spent its budget."}}\n\n',
    ],
    [
      '/v1/responses',
      {},
      'event: error\ndata: {"type":"error","code":"budget-exhausted","message":"This consumer has spent its budget.","param":null}\n\n',
    ],
  ])('is cut at the cap, with an error in the words of %s', (path, headers, error) => {
    const gateway = gatewayFor([TOKENS]);
    const stream = call(gateway, { ...STREAM, path, headers });
    grant(openAsk(gateway.host));
    begin(stream);
    const text = (tokens: number): string =>
      path === '/v1/messages'
        ? `event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"${'abcd'.repeat(tokens)}"}}\n\n`
        : path === '/v1/responses'
          ? `data: {"type":"response.output_text.delta","delta":"${'abcd'.repeat(tokens)}"}\n\n`
          : delta(tokens);
    const first = text(400);
    stream.responseBody(first);
    grant(openAsk(gateway.host), ({ allowance }) => ({ allowance, cap: 100_000, satisfied: false }));
    expect(stream.responseBody(text(50)).status, 'what is reserved may be used').toBe('continue');
    stream.responseBody(text(100));
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe(first + text(50) + error);
    gateway.host.advance(1);
    expect(stream.closedBy).toBe('wasm_close_stream');
    expect(stream.info.property('hiclaw.usage')).toContain('"outcome":"cut"');
  });

  it('is cut when it was held back and there is nothing more', () => {
    const gateway = gatewayFor([MINUTE]);
    const stream = running(gateway);
    stream.responseBody(delta(10));
    expect(stream.responseBody(delta(600)).status).toBe('stop-and-buffer');
    grant(openAsk(gateway.host), ({ allowance }) => ({ allowance, cap: 100_000, satisfied: false }));
    const seen = Buffer.from(stream.forwardedResponse.body).toString();
    expect(seen.startsWith(`${delta(10)}data: {"error":`)).toBe(true);
    expect(seen).toContain('"code":"tokens-exhausted"');
    expect(stream.closedBy).toBe('wasm_close_stream');
  });

  it('ends the event that the client has the start of before it says why', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = running(gateway);
    const event = delta(400);
    stream.responseBody(event.slice(0, 30));
    grantNothing(gateway, stream, event.slice(30) + delta(400));
    const seen = Buffer.from(stream.forwardedResponse.body).toString();
    expect(seen.startsWith(`${event}data: {"error":`)).toBe(true);
  });

  function grantNothing(gateway: Gateway, stream: HttpStream, piece: string): void {
    stream.responseBody(piece);
    grant(openAsk(gateway.host), ({ allowance }) => ({ allowance, cap: 100_000, satisfied: false }));
  }

  it('is just closed when nothing can be said within an event', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = running(gateway);
    const event = delta(1000);
    stream.responseBody(event.slice(0, 30));
    grantNothing(gateway, stream, event.slice(30, -20));
    expect(stream.closedBy).toBe('wasm_close_stream');
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe(event.slice(0, 30));
  });

  it('is cut when the policy server does not answer', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = running(gateway);
    stream.responseBody(delta(600));
    openAsk(gateway.host).fail();
    openAsk(gateway.host).fail();
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toContain('"code":"limits-unavailable"');
    gateway.host.advance(1);
    expect(stream.closedBy).toBe('wasm_close_stream');
  });

  it('is cut by a revocation also while it is held back', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = running(gateway);
    stream.responseBody(delta(600));
    gateway.push(image([consumer(1, { revoked: true, limits: [TOKENS] })], { policyVersion: 2n }));
    gateway.host.advance(1);
    expect(stream.closedBy).toBe('wasm_close_stream');
  });
});

describe('the end of a call', () => {
  it.each([
    ['used less', 7, 9],
    ['used more', 700, 9000],
  ])('settles what it %s than it reserved', (_, input, output) => {
    const gateway = gatewayFor([MINUTE, TOKENS]);
    const stream = call(gateway);
    grant(openAsk(gateway.host), () => ({ allowance: 50_000 }));
    begin(stream, 'application/json');
    const body = {
      choices: [],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    };
    stream.responseBody(JSON.stringify(body), { endStream: true });
    stream.end();
    expect(usedOf(gateway)).toEqual([input + output, input + output]);
  });

  it('counts in money what the target asks that served it', () => {
    const spent = (target: number | undefined): number | undefined => {
      const gateway = gatewayFor([MONEY], PRICES);
      const stream = call(gateway, { ...STREAM, ...(target === undefined ? {} : { target }) });
      grant(openAsk(gateway.host));
      begin(stream);
      const details = { prompt_tokens_details: { cached_tokens: 40 } };
      stream.responseBody(delta(5) + usage(100, 20, details), { endStream: true });
      stream.end();
      return usedOf(gateway)[0];
    };
    expect(spent(0)).toBe(60 * 2 + 40 * 1 + 20 * 8);
    expect(spent(1)).toBe(60 * 20 + 40 * 10 + 20 * 80);
    expect(spent(undefined), 'the dearest').toBe(100 * 30 + 20 * 80);
    expect(spent(7), 'the dearest').toBe(100 * 30 + 20 * 80);
  });

  it('gives tokens back that an answer with an error did not use, not the request', () => {
    const gateway = gatewayFor([{ meter: 'requests-minute', cap: 100n }, TOKENS]);
    const stream = call(gateway);
    grant(openAsk(gateway.host));
    stream.responseHeaders({ ':status': '503', 'content-type': 'text/plain' });
    stream.responseBody('no healthy upstream', { endStream: true });
    stream.end();
    expect(usedOf(gateway)).toEqual([1, 0]);
  });

  it('counts what an aborted stream had got', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = call(gateway, STREAM);
    grant(openAsk(gateway.host));
    begin(stream);
    stream.responseBody(delta(50));
    stream.end();
    const [used = 0] = usedOf(gateway);
    expect(used).toBeGreaterThanOrEqual(INPUT + 50);
    expect(used).toBeLessThan(INPUT + 60);
  });

  it('says at once what was spent beyond the allowance', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = call(gateway, { body: { max_tokens: 10 } });
    grant(openAsk(gateway.host), () => ({ allowance: 30 }));
    begin(stream, 'application/json');
    const body = { choices: [], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } };
    stream.responseBody(JSON.stringify(body), { endStream: true });
    stream.end();
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([
      { meter: 2, allowance: 30, used: 110, need: 0, want: 0 },
    ]);
  });

  it('settles under the name that the consumer had, also when it is gone', () => {
    const gateway = gatewayFor([TOKENS]);
    const stream = call(gateway, STREAM);
    grant(openAsk(gateway.host));
    begin(stream);
    gateway.push(image([consumer(2)], { policyVersion: 2n }));
    gateway.host.advance(1);
    expect(stream.closedBy).toBe('wasm_close_stream');
    gateway.push(image([consumer(1, { limits: [TOKENS] })], { policyVersion: 3n }));
    gateway.host.advance(1);
    expect(usedOf(gateway)).toEqual([INPUT]);
  });

  it('takes nothing from the next window', () => {
    const gateway = gatewayFor([MINUTE]);
    const stream = call(gateway);
    grant(openAsk(gateway.host), () => ({ left: 100 }));
    gateway.host.advance(101);
    const next = call(gateway);
    grant(openAsk(gateway.host), () => ({ window: 1_767_225_720 }));
    begin(stream, 'application/json');
    stream.responseBody('{"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}', {
      endStream: true,
    });
    stream.end();
    expect(usedOf(gateway), 'its own reservation, whole').toEqual([5 + 4096]);
    next.end();
  });
});

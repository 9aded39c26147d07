import type { KeyAuthLimit } from '@hiclaw/policy-image';
import type { HttpStream, PluginModule, TracedHostcall } from '@hiclaw/proxy-wasm-host';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';
import { claimsOf, grant, openAsk, openCalls } from './support/leases.js';
import { chatRequest, consumer, image, mcpRequest, serviceRequest } from './support/policies.js';

let module: PluginModule;

beforeAll(async () => {
  module = await keyAuthModule();
});

const REQUESTS: KeyAuthLimit = { meter: 'requests-minute', cap: 1000n };
const TOKENS: KeyAuthLimit = { meter: 'tokens-day', cap: 1000n };
const NOW = Date.UTC(2026, 0, 1);

function limited(...limits: KeyAuthLimit[]): Gateway {
  const gateway = new Gateway(module, image([consumer(1, { limits }), consumer(2)]), { startTimeMs: NOW });
  gateway.host.advance(1);
  return gateway;
}

function refusalOf(stream: HttpStream): unknown {
  const seen = observe(stream) as { status: number; headers: Record<string, string> };
  return [seen.status, seen.headers['x-hiclaw-reason']];
}

describe('a consumer without limits', () => {
  it('pays nothing for those of others', () => {
    const gateway = limited(REQUESTS);
    const without = new Gateway(module, image([consumer(2)]));
    without.host.advance(1);
    for (const request of [chatRequest(2), mcpRequest(2)]) {
      const stream = gateway.send(request);
      const other = without.send(request);
      expect(observe(stream)).toMatchObject({ kind: 'admit' });
      expect(stream.stats.total).toBe(other.stats.total);
      stream.end();
      other.end();
    }
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
    expect(openCalls(gateway.host, '/recalls')).toHaveLength(1);
    expect(openCalls(without.host, '/recalls')).toEqual([]);
  });
});

describe('a call of a consumer with limits', () => {
  it.each([
    ['an LLM call', chatRequest(1)],
    ['a call to an MCP server', mcpRequest(1)],
    ['a call to a service', serviceRequest(1)],
  ])('waits for a lease, then goes on, and others within the lease do not wait: %s', (_, request) => {
    const gateway = limited(REQUESTS);
    const first = gateway.send(request);
    expect(observe(first)).toMatchObject({ kind: 'paused' });
    const ask = openAsk(gateway.host);
    expect(ask.headers.get(':path')).toMatch(/^\/leases\?vm=[0-9a-f]{16}&boot=[0-9a-f]{16}$/);
    expect(ask.headers.get('x-hiclaw-node')).toBe('replica-1');
    expect(Buffer.from(ask.body).toString()).toBe('worker-1 0 0 0 0 0 1 1\n');
    grant(ask, () => ({ allowance: 3 }));
    expect(observe(first)).toMatchObject({ kind: 'admit', consumer: 'worker-1' });
    for (let i = 0; i < 2; i++) expect(observe(gateway.send(request))).toMatchObject({ kind: 'admit' });
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
    const next = gateway.send(request);
    expect(observe(next)).toMatchObject({ kind: 'paused' });
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([{ allowance: 3, used: 3, need: 1, want: 1 }]);
  });

  it('asks once for all that wait, and for what they need together', () => {
    const gateway = limited(REQUESTS);
    const waiting = Array.from({ length: 5 }, () => gateway.send(mcpRequest(1)));
    grant(openAsk(gateway.host), () => ({ available: 100 }));
    expect(waiting.map((stream) => stream.requestPaused)).toEqual([false, true, true, true, true]);
    const second = openAsk(gateway.host);
    expect(claimsOf(second)).toMatchObject([{ used: 1, need: 1, want: 4 }]);
    grant(second);
    expect(waiting.map((stream) => stream.requestPaused)).toEqual(Array(5).fill(false));
  });

  it('reserves on all meters or on none', () => {
    const gateway = limited(REQUESTS, TOKENS);
    const stream = gateway.send(chatRequest(1, 'gpt-4o', '{"model":"gpt-4o","max_tokens":100}'));
    const ask = openAsk(gateway.host);
    expect(claimsOf(ask)).toMatchObject([
      { meter: 0, need: 1 },
      { meter: 2, need: 109, want: 109 },
    ]);
    grant(ask, ({ meter }) =>
      meter === 0 ? { allowance: 10 } : { satisfied: false, allowance: 0, available: 7 },
    );
    expect(refusalOf(stream)).toEqual([429, 'budget-exhausted']);
    const mcp = gateway.send(mcpRequest(1));
    expect(observe(mcp), 'needs no tokens').toMatchObject({ kind: 'admit' });
    gateway.host.advance(1001);
    gateway.send(chatRequest(1));
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([
      { meter: 0, used: 1 },
      { meter: 2, used: 0 },
    ]);
  });

  it('makes do with what is left, and holds all of it: small budgets can be spent', () => {
    const gateway = limited(TOKENS);
    const request = chatRequest(1, 'gpt-4o', '{"model":"gpt-4o"}');
    const first = gateway.send(request);
    grant(openAsk(gateway.host), () => ({ allowance: 50 }));
    expect(observe(first)).toMatchObject({ kind: 'admit' });
    const second = gateway.send(request);
    const ask = openAsk(gateway.host);
    expect(claimsOf(ask)).toMatchObject([{ used: 50, need: 6, want: 5 + 4096 }]);
    grant(ask, () => ({ satisfied: false, allowance: 50, available: 0 }));
    expect(refusalOf(second)).toEqual([429, 'budget-exhausted']);
    const answer = JSON.stringify({ usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 } });
    first.responseHeaders({ ':status': '200', 'content-type': 'application/json' });
    first.responseBody(answer, { endStream: true });
    first.end();
    const third = gateway.send(request);
    expect(observe(third), 'what the first did not use is there again, without asking').toMatchObject({
      kind: 'admit',
    });
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
  });

  it('is refused at the cap, with when it may be tried again, and does not ask for it again at once', () => {
    const gateway = limited(REQUESTS);
    const refuse = (stream: HttpStream): unknown => {
      const ask = openAsk(gateway.host);
      grant(ask, () => ({ satisfied: false, allowance: 0, left: 59_500 }));
      return observe(stream);
    };
    expect(refuse(gateway.send(chatRequest(1)))).toEqual({
      kind: 'reply',
      status: 429,
      headers: {
        'content-type': 'application/json',
        'x-hiclaw-reason': 'requests-exhausted',
        'retry-after': '60',
        'x-hiclaw-resets-at': '2026-01-01T00:01:00Z',
      },
      body: {
        error: {
          message: 'This consumer has made all the requests that it may make in this minute.',
          type: 'rate_limit_error',
          param: null,
          code: 'requests-exhausted',
        },
      },
    });
    expect(refusalOf(gateway.send(chatRequest(1)))).toEqual([429, 'requests-exhausted']);
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
    gateway.host.advance(1001);
    expect(refuse(gateway.send({ ...chatRequest(1), path: '/v1/messages' }))).toMatchObject({
      headers: { 'retry-after': '60' },
      body: { type: 'error', error: { type: 'rate_limit_error' } },
    });
    gateway.push(image([consumer(1, { limits: [{ ...REQUESTS, cap: 2000n }] })], { policyVersion: 2n }));
    expect(observe(gateway.send(chatRequest(1))), 'a higher cap counts at once').toMatchObject({
      kind: 'paused',
    });
    expect(openCalls(gateway.host, '/leases')).toHaveLength(1);
  });

  it('says the right moment, whatever the calendar', () => {
    for (const moment of [
      '2026-03-01T00:00:00Z',
      '2028-02-29T23:59:59Z',
      '2100-02-28T12:34:56Z',
      '2026-12-31T23:59:00Z',
    ]) {
      const gateway = limited(TOKENS);
      const stream = gateway.send(chatRequest(1));
      const window = Date.parse(moment) / 1000;
      grant(openAsk(gateway.host), () => ({ satisfied: false, allowance: 0, window, left: 1 }));
      expect(observe(stream)).toMatchObject({
        headers: { 'x-hiclaw-resets-at': moment, 'retry-after': '1' },
      });
    }
  });

  it('is decided anew when its lease comes: what was taken meanwhile counts', () => {
    for (const request of [chatRequest(1), mcpRequest(1), serviceRequest(1)]) {
      const gateway = limited(REQUESTS);
      const stream = gateway.send(request);
      gateway.push(image([consumer(1, { limits: [REQUESTS], revoked: true })], { policyVersion: 2n }));
      gateway.host.advance(1);
      grant(openAsk(gateway.host));
      expect(refusalOf(stream)).toEqual([401, 'consumer-revoked']);
      const other = limited(REQUESTS);
      const ungranted = other.send(request);
      other.push(image([consumer(1, { limits: [REQUESTS], grants: [] })], { policyVersion: 2n }));
      grant(openAsk(other.host));
      expect(refusalOf(ungranted)).toEqual([403, 'route-not-allowed']);
    }
  });

  it('is refused when the policy server does not answer, which is left alone for a moment then', () => {
    const gateway = limited(REQUESTS);
    const stream = gateway.send(mcpRequest(1));
    openAsk(gateway.host).fail();
    expect(observe(stream), 'a connection may just have been closed').toMatchObject({ kind: 'paused' });
    openAsk(gateway.host).respond({ status: 503 });
    expect(observe(stream)).toMatchObject({
      status: 503,
      headers: { 'x-hiclaw-reason': 'limits-unavailable', 'retry-after': '1' },
    });
    expect(refusalOf(gateway.send(mcpRequest(1)))).toEqual([503, 'limits-unavailable']);
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
    gateway.host.advance(251);
    const later = gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host));
    expect(observe(later)).toMatchObject({ kind: 'admit' });
  });

  it('goes on within its lease while the policy server is away', () => {
    const gateway = limited(REQUESTS);
    gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 2 }));
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    const beyond = gateway.send(mcpRequest(1));
    gateway.host.advance(1001);
    gateway.host.advance(1001);
    expect(refusalOf(beyond)).toEqual([503, 'limits-unavailable']);
  });

  it.each([
    ['nothing', ''],
    ['no line', 'x'],
    ['another consumer', 'worker-2 0 1767225660 0 5 0 1000 60000 1\n'],
    ['an unknown meter', 'worker-1 9 1767225660 0 5 0 1000 60000 1\n'],
    ['too few words', 'worker-1 0 1767225660 0 5 0 1000\n'],
    ['too many', 'worker-1 0 1767225660 0 5 0 1000 60000 1 1\n'],
    ['no number', 'worker-1 0 1767225660 0 5x 0 1000 60000 1\n'],
    ['a negative one', 'worker-1 0 1767225660 0 -5 0 1000 60000 1\n'],
    ['one beyond 63 bits', 'worker-1 0 1767225660 0 9223372036854775808 0 1000 60000 1\n'],
    ['no end', 'worker-1 0 1767225660 0 5 0 1000 60000 1'],
    ['the limit left out', '\n'],
  ])('gets nothing out of an answer that is %s', (_, body) => {
    const gateway = limited(REQUESTS);
    const stream = gateway.send(mcpRequest(1));
    openAsk(gateway.host).respond({ body });
    for (const call of openCalls(gateway.host, '/leases')) call.respond({ body });
    expect(refusalOf(stream)).toEqual([503, 'limits-unavailable']);
  });

  it('is refused when the policy server knows no such limit', () => {
    const gateway = limited(REQUESTS, TOKENS);
    const stream = gateway.send(chatRequest(1));
    grant(openAsk(gateway.host), ({ meter }) => (meter === 0 ? {} : null));
    expect(refusalOf(stream)).toEqual([503, 'limits-unavailable']);
  });

  it('cannot pass a cap that was lowered, whatever was leased before', () => {
    const gateway = limited(REQUESTS);
    gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 100 }));
    gateway.push(image([consumer(1, { limits: [{ ...REQUESTS, cap: 1n }] })], { policyVersion: 2n }));
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'paused' });
  });

  it('counts in the window that the policy server states, not in that of its own clock', () => {
    const gateway = limited(REQUESTS);
    gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 5, left: 500 }));
    gateway.host.advance(499);
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    gateway.host.advance(2);
    const next = gateway.send(mcpRequest(1));
    const ask = openAsk(gateway.host);
    expect(claimsOf(ask)).toMatchObject([{ window: 1_767_225_660, allowance: 5, used: 2, need: 1 }]);
    grant(ask, () => ({ window: 1_767_225_720, allowance: 2 }));
    expect(observe(next)).toMatchObject({ kind: 'admit' });
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'paused' });
  });

  it('keeps what it used when its window is said to go on after all', () => {
    const gateway = limited(REQUESTS);
    gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 2, left: 500 }));
    gateway.host.advance(501);
    const next = gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 2, left: 100 }));
    expect(observe(next)).toMatchObject({ kind: 'admit' });
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'paused' });
  });

  it('is one of all threads: they share the account', () => {
    const gateway = limited(REQUESTS);
    const other = new Gateway(module, image([consumer(1, { limits: [REQUESTS] })]), { host: gateway.host });
    other.host.advance(1);
    gateway.send(mcpRequest(1));
    const [ask] = openCalls(gateway.host, '/leases');
    grant(ask!, () => ({ allowance: 2 }));
    expect(observe(other.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'paused' });
    const boots = new Set(
      gateway.host.httpCallouts.map(({ headers }) => /boot=(\w+)/.exec(headers.get(':path') ?? '')?.[1]),
    );
    boots.delete(undefined);
    expect(boots.size).toBe(1);
  });

  it('counts exactly while other threads change the account at the same moment, and gives up when that never ends', () => {
    let disturbances = 0;
    const disturb = ({ vm, hostcall }: TracedHostcall): void => {
      const account = vm.host.shared.get('key-auth', 'accountsworker-1');
      if (hostcall !== 'proxy_get_shared_data' || account === undefined || disturbances === 0) return;
      disturbances--;
      vm.host.shared.set('key-auth', 'accountsworker-1', account.value, 0);
    };
    const policy = image([consumer(1, { limits: [REQUESTS] })]);
    const gateway = new Gateway(module, policy, { startTimeMs: NOW, trace: disturb });
    gateway.host.advance(1);
    gateway.send(mcpRequest(1));
    disturbances = 5;
    grant(openAsk(gateway.host), () => ({ allowance: 3 }));
    disturbances = 5;
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    expect(disturbances).toBe(0);
    disturbances = Infinity;
    expect(refusalOf(gateway.send(mcpRequest(1)))).toEqual([503, 'limits-unavailable']);
    disturbances = 0;
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
    gateway.send(mcpRequest(1));
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([{ allowance: 3, used: 3 }]);
  });

  it('leaves nothing behind when it goes away while it waits', () => {
    const gateway = limited(REQUESTS);
    const gone = gateway.send(mcpRequest(1));
    gone.end();
    grant(openAsk(gateway.host), () => ({ allowance: 1 }));
    expect(observe(gateway.send(mcpRequest(1)))).toMatchObject({ kind: 'admit' });
  });

  it('asks again when the plugin context that asked is gone', () => {
    const gateway = limited(REQUESTS);
    const old = gateway.send(mcpRequest(1));
    gateway.push(image([consumer(1, { limits: [REQUESTS] })], { policyVersion: 2n }));
    const next = gateway.send(mcpRequest(1));
    old.end();
    const again = openAsk(gateway.host);
    expect(again.plugin).toBe(gateway.plugin);
    grant(again);
    expect(observe(next)).toMatchObject({ kind: 'admit' });
  });
});

describe('recalls', () => {
  const give = (window: number): string => `worker-1 0 ${window} give\n`;

  it('take what is not used, and an answer to what was said before is worth nothing then', () => {
    const gateway = limited(REQUESTS);
    gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 5, available: 50 }));
    for (let i = 0; i < 4; i++) gateway.send(mcpRequest(1));
    const waiting = gateway.send(mcpRequest(1));
    const late = openAsk(gateway.host);
    const [poll] = openCalls(gateway.host, '/recalls');
    expect(poll?.timeoutMs).toBe(30_000);
    gateway.host.shared.set('key-auth', 'unrelated', new Uint8Array(1), 0);
    poll?.respond({ body: give(1_767_225_660) });
    const said = openCalls(gateway.host, '/leases').find((call) => call !== late);
    expect(claimsOf(said!)).toEqual([
      {
        consumer: 'worker-1',
        meter: 0,
        window: 1_767_225_660,
        generation: 0,
        allowance: 5,
        used: 5,
        need: 0,
        want: 0,
      },
    ]);
    expect(openCalls(gateway.host, '/recalls'), 'it asks on').toHaveLength(1);
    grant(late, () => ({ allowance: 8 }));
    expect(observe(waiting)).toMatchObject({ kind: 'admit' });
    openCalls(gateway.host, '/recalls')[0]?.respond({ body: give(1_767_225_660) });
    expect(claimsOf(openCalls(gateway.host, '/leases').at(-1)!)).toMatchObject([
      { generation: 1, allowance: 6, used: 6 },
    ]);
    const beyond = gateway.send(mcpRequest(1));
    const asks = openCalls(gateway.host, '/leases');
    grant(asks.at(-1)!, () => ({ generation: 0, allowance: 100, available: 50 }));
    expect(observe(beyond), 'that answer is of the generation before').toMatchObject({ kind: 'paused' });
  });

  it('only want to know how much is used', () => {
    const gateway = limited(REQUESTS);
    gateway.send(mcpRequest(1));
    grant(openAsk(gateway.host), () => ({ allowance: 5 }));
    openCalls(gateway.host, '/recalls')[0]?.respond({ body: 'worker-1 0 1767225660 say\n' });
    expect(claimsOf(openAsk(gateway.host))).toMatchObject([
      { generation: 0, allowance: 5, used: 1, need: 0 },
    ]);
  });

  it.each([
    '',
    '\n',
    'worker-1\n',
    'worker-1 0 1 give',
    'worker-1 7 1 give\n',
    `${'x'.repeat(99)} 0 1 give\n`,
    '\0',
  ])('that are none change nothing: %j', (body) => {
    const gateway = limited(REQUESTS);
    openCalls(gateway.host, '/recalls')[0]?.respond({ body });
    expect(openCalls(gateway.host, '/leases')).toEqual([]);
    gateway.host.advance(1000);
    expect(openCalls(gateway.host, '/recalls')).toHaveLength(1);
  });

  it('are asked for less and less often while the policy server is away, and at once when it is back', () => {
    const gateway = limited(REQUESTS);
    const fail = (): void => openCalls(gateway.host, '/recalls')[0]?.fail();
    const polls = (): number =>
      gateway.host.httpCallouts.filter(({ headers }) => (headers.get(':path') ?? '').startsWith('/recalls'))
        .length;
    const gaps: number[] = [];
    for (let round = 0; round < 6; round++) {
      fail();
      const before = polls();
      let seconds = 0;
      while (polls() === before && seconds < 60) {
        gateway.host.advance(1000);
        seconds++;
      }
      gaps.push(seconds);
    }
    expect(gaps).toEqual([1, 2, 4, 8, 16, 16]);
    openCalls(gateway.host, '/recalls')[0]?.respond({ status: 204 });
    expect(openCalls(gateway.host, '/recalls')).toHaveLength(1);
    gateway.host.advance(1001);
    expect(gateway.plugin.tickPeriodMs, 'no timer while it answers').toBe(0);
  });

  it('are not asked for without limits, nor twice after a new image', () => {
    const gateway = limited(REQUESTS);
    gateway.push(image([consumer(1, { limits: [REQUESTS] })], { policyVersion: 2n }));
    gateway.host.advance(1000);
    expect(openCalls(gateway.host, '/recalls')).toHaveLength(1);
    gateway.push(image([consumer(1)], { policyVersion: 3n }));
    gateway.host.advance(1000);
    expect(openCalls(gateway.host, '/recalls')).toEqual([]);
    expect(gateway.plugin.tickPeriodMs).toBe(0);
  });
});

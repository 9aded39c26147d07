import fc from 'fast-check';
import type { HttpStream, PluginModule } from '@hiclaw/proxy-wasm-host';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtPlugin } from '../../policy/test/built-plugin.js';
import { FailingHost } from '../../policy/test/failing-host.js';
import { Gateway, keyAuthModule } from './support/gateway.js';
import { consumer, image, serviceRequest, token } from './support/policies.js';
import { usageCorpus, type UsageCase } from './support/usage-corpus.js';
import { requestOf } from './support/usage-request.js';
import {
  beginCall,
  publishedUsage,
  recordOf,
  respond,
  usageImage,
  usageRoutes,
} from './support/usage-stream.js';

const CONTINUE = 0;
const PAUSE = 1;
const corpus = usageCorpus().flatMap(({ cases }) => cases);

function known(name: string): UsageCase {
  const found = corpus.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no case ${name}`);
  return found;
}

const chat = known('a stream of which the gateway asked for usage');
const EVENTS = { ':status': '200', 'content-type': 'text/event-stream' };
let module: PluginModule;
let gateway: Gateway;
let wasm: string;

beforeAll(async () => {
  module = await keyAuthModule();
  gateway = new Gateway(module, usageImage());
  wasm = await builtPlugin('key-auth');
});

/** Hostcalls that are made after this. */
function callsOf(stream: HttpStream, action: () => void): Record<string, number> {
  const before = stream.stats.byName();
  action();
  return Object.fromEntries(
    Object.entries(stream.stats.byName())
      .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

describe('hostcalls for usage', () => {
  it('are none for what is no call to an LLM', () => {
    const other = new Gateway(module, image([consumer(1)]));
    const stream = other.send(serviceRequest(1));
    const calls = callsOf(stream, () => {
      stream.responseHeaders({ ':status': '200', 'content-type': 'application/json' });
      stream.responseBody('{"usage":{"prompt_tokens":5}}');
      stream.responseBody('', { endStream: true });
      stream.end();
    });
    expect(calls).toEqual({});
    expect(publishedUsage(stream)).toBeNull();
  });

  it('are one for a piece, and one more for a piece that changes', () => {
    const stream = beginCall(gateway, chat);
    expect(callsOf(stream, () => stream.responseHeaders(EVENTS))).toEqual({
      proxy_get_header_map_value: 1,
      proxy_remove_header_map_value: 1,
    });
    const [first = Buffer.of()] = chat.pieces;
    expect(callsOf(stream, () => stream.responseBody(first))).toEqual({ proxy_get_buffer_bytes: 1 });
    const usage = chat.pieces.at(-2) ?? Buffer.of();
    expect(callsOf(stream, () => stream.responseBody(usage))).toEqual({
      proxy_get_buffer_bytes: 1,
      proxy_set_buffer_bytes: 1,
    });
    expect(callsOf(stream, () => stream.responseBody('', { endStream: true }))).toEqual({});
    expect(
      callsOf(stream, () => {
        stream.end();
      }),
    ).toEqual({ proxy_get_header_map_value: 1, proxy_set_property: 1 });
  });
});

describe('records', () => {
  it('a stream that a new policy cuts has one', () => {
    const own = new Gateway(module, usageImage());
    own.host.advance(1);
    const stream = beginCall(own, chat);
    stream.responseHeaders(EVENTS);
    for (const piece of chat.pieces.slice(0, 3)) stream.responseBody(piece);
    own.push(image([consumer(1, { revoked: true })], { policyVersion: 2n, routes: usageRoutes }));
    own.host.advance(1000);
    expect(stream.closedBy).toBe('wasm_close_stream');
    const numbers = { ...chat.record, input: 150, output: 3, estimated: true, outcome: 'cut' } as const;
    expect(publishedUsage(stream)).toEqual(recordOf(chat, numbers));
  });

  it('a stream that is cut before its response has one', () => {
    const own = new Gateway(module, usageImage());
    own.host.advance(1);
    const stream = beginCall(own, chat);
    own.push(image([], { policyVersion: 2n, routes: usageRoutes }));
    own.host.advance(1000);
    const numbers = { ...chat.record, input: 150, output: 0, estimated: true, outcome: 'cut' } as const;
    expect(publishedUsage(stream)).toEqual(recordOf(chat, numbers));
  });

  it('a request that was not forwarded has none', () => {
    const whole = requestOf(chat);
    const stream = gateway.send({ ...whole, body: [] });
    expect(stream.localResponse).not.toBeNull();
    stream.end();
    expect(publishedUsage(stream)).toBeNull();
    const half = gateway.plugin.createStream();
    half.requestHeaders([
      [':authority', 'g'],
      [':method', 'POST'],
      [':path', whole.path],
      [':scheme', 'http'],
      ['authorization', `Bearer ${token(1)}`],
      ['content-type', 'application/json'],
    ]);
    half.requestBody('{"model":');
    half.end();
    expect(publishedUsage(half)).toBeNull();
  });

  it('reading a stored response costs nothing again and has none', () => {
    const shared = { ...usageRoutes[0], sharesResponses: true };
    const grants = [{ route: shared.key, models: null }];
    const own = new Gateway(module, image([consumer(1, { grants })], { routes: [shared] }));
    const stream = own.send({
      method: 'GET',
      path: '/v1/responses/resp_1',
      headers: [['authorization', `Bearer ${token(1)}`]],
      body: [],
    });
    expect(stream.requestPaused).toBe(false);
    stream.responseHeaders({ ':status': '200', 'content-type': 'application/json' });
    stream.responseBody('{"output":[],"usage":{"input_tokens":36,"output_tokens":87}}', { endStream: true });
    stream.end();
    expect(publishedUsage(stream)).toBeNull();
  });

  it('name the model as JSON has it', () => {
    const model = 'a"b\\ü';
    const body = Buffer.from(JSON.stringify({ model, input: 'x' }));
    const embeddings = requestOf({ ...chat, endpoint: 'embeddings', stream: false });
    const headers = embeddings.headers.map(
      ([name, value]) => [name, name === 'content-length' ? `${body.length}` : value] as const,
    );
    const stream = gateway.send({ ...embeddings, headers, body: [body] });
    stream.responseHeaders({ ':status': '200', 'content-type': 'application/json' });
    stream.responseBody('{"usage":{"prompt_tokens":2,"total_tokens":2}}', { endStream: true });
    stream.end();
    expect(publishedUsage(stream)).toMatchObject({ model, input: 2, output: 0, estimated: false });
  });

  it('are whole for any response, however damaged', () => {
    const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.constantFrom(...corpus), damage, fc.nat(3), (one, changes, cuts) => {
        const body = Buffer.concat(one.pieces);
        for (const [place, byte] of changes)
          if (body.length > 0) body[Math.floor(place * (body.length - 1))] = byte;
        const size = Math.max(1, Math.ceil(body.length / (cuts + 1)));
        const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, index) =>
          body.subarray(index * size, (index + 1) * size),
        );
        const stream = beginCall(gateway, one);
        respond(stream, one, pieces);
        const record = publishedUsage(stream);
        expect(record).toMatchObject({ v: 1, endpoint: one.endpoint, model: 'gpt-4o' });
        for (const name of ['input', 'cachedInput', 'cacheWrite', 'output', 'reasoning']) {
          expect(record?.[name]).toSatisfy((count) => Number.isInteger(count) && count >= 0 && count <= 1e9);
        }
        const takesOut = one.addsUsage && !one.asksUsage && /^(chat|completions)$/.test(one.endpoint);
        if (!takesOut) expect(Buffer.from(stream.forwardedResponse.body).equals(body)).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });
});

describe('an event that is held', () => {
  it('goes on when it becomes too long to be one of usage', () => {
    const stream = beginCall(gateway, chat);
    stream.responseHeaders(EVENTS);
    const start = `data: {"id":"${'x'.repeat(4000)}`;
    stream.responseBody(start);
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe('');
    const more = 'x'.repeat(13_000);
    stream.responseBody(more);
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe(start + more);
    const end = '","choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3}}\n\n';
    stream.responseBody(end);
    stream.responseBody('', { endStream: true });
    stream.end();
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe(start + more + end);
    expect(publishedUsage(stream)).toMatchObject({ input: 12, output: 3, estimated: false });
  });

  it('goes on as soon as it has a choice', () => {
    const stream = beginCall(gateway, chat);
    stream.responseHeaders(EVENTS);
    stream.responseBody('data: {"id":"1","choices":[');
    expect(stream.forwardedResponse.body).toHaveLength(0);
    stream.responseBody('{"index":0,');
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe(
      'data: {"id":"1","choices":[{"index":0,',
    );
    stream.end();
  });

  it('leaves no memory behind when the client goes away', () => {
    const hold = (): void => {
      const stream = beginCall(gateway, chat);
      stream.responseHeaders(EVENTS);
      stream.responseBody(`data: {"id":"${'x'.repeat(10_000)}`);
      stream.end();
    };
    for (let i = 0; i < 20; i++) hold();
    const before = gateway.vm.memorySize;
    for (let i = 0; i < 500; i++) hold();
    expect(gateway.vm.memorySize).toBe(before);
  });
});

describe('a hostcall that fails', () => {
  /** A host in which a call waits for its response, which is `text/event-stream` and has this body. */
  function hostFor(one: UsageCase, response: string): FailingHost {
    const { method, path, headers, body } = requestOf(one);
    const answers = {
      configuration: usageImage(),
      headers: [[':path', path], [':method', method], ...headers] as (readonly [string, string])[],
      body: Buffer.concat(body).toString(),
    };
    const host = new FailingHost(wasm, answers);
    host.configure();
    expect(host.run('proxy_on_request_headers', 2, 5, 0)).toBe(PAUSE);
    expect(host.run('proxy_on_request_body', 2, one.requestBytes, 1)).toBe(CONTINUE);
    answers.headers.unshift(['content-type', 'text/event-stream'], [':status', '200']);
    answers.body = response;
    host.calls.length = 0;
    return host;
  }
  const usage = chat.pieces.at(-2)?.toString() ?? '';

  it('nothing fails: the event is taken out', () => {
    const host = hostFor(chat, usage);
    host.run('proxy_on_response_headers', 2, 1, 0);
    expect(host.run('proxy_on_response_body', 2, usage.length, 1)).toBe(CONTINUE);
    expect(host.calls).toContain('proxy_set_buffer_bytes');
    host.run('proxy_on_log', 2);
    expect(host.calls).toContain('proxy_set_property');
    expect(host.calls).not.toContain('proxy_close_stream');
  });

  it('proxy_get_buffer_bytes: what goes on whole goes on unread', () => {
    const host = hostFor({ ...chat, asksUsage: true }, usage);
    host.run('proxy_on_response_headers', 2, 1, 0);
    host.failing.set('proxy_get_buffer_bytes', 10);
    expect(host.run('proxy_on_response_body', 2, 5, 0)).toBe(CONTINUE);
    expect(host.run('proxy_on_response_body', 2, 5, 1)).toBe(CONTINUE);
    host.run('proxy_on_log', 2);
    expect(host.calls).toContain('proxy_set_property');
  });

  it.each(['proxy_get_buffer_bytes', 'proxy_set_buffer_bytes'])(
    '%s: a stream of which bytes would be lost is closed',
    (name) => {
      const host = hostFor(chat, usage);
      host.run('proxy_on_response_headers', 2, 1, 0);
      host.failing.set(name, 10);
      expect(host.run('proxy_on_response_body', 2, usage.length, 0)).toBe(PAUSE);
      expect(host.calls).toContain('proxy_close_stream');
    },
  );

  it('proxy_remove_header_map_value: nothing is taken out', () => {
    const host = hostFor(chat, usage);
    host.failing.set('proxy_remove_header_map_value', 10);
    host.run('proxy_on_response_headers', 2, 1, 0);
    expect(host.run('proxy_on_response_body', 2, usage.length, 0)).toBe(CONTINUE);
    expect(host.calls).not.toContain('proxy_set_buffer_bytes');
  });

  it.each(['proxy_get_header_map_value', 'proxy_set_property'])('%s: the call ends all the same', (name) => {
    const host = hostFor(chat, usage);
    host.failing.set(name, 10);
    host.run('proxy_on_response_headers', 2, 1, 0);
    expect(host.run('proxy_on_response_body', 2, usage.length, 1)).toBe(CONTINUE);
    host.run('proxy_on_log', 2);
    host.run('proxy_on_delete', 2);
    expect(host.calls).not.toContain('proxy_close_stream');
  });
});

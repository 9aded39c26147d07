import { beforeAll, describe, expect, it } from 'vitest';
import { builtPlugin } from '../../policy/test/built-plugin.js';
import { FailingHost } from '../../policy/test/failing-host.js';
import { chatRequest, consumer, image, mcpRequest } from './support/policies.js';

const CONTINUE = 0;
const PAUSE = 1;
let wasm: string;

beforeAll(async () => {
  wasm = await builtPlugin('key-auth');
});

function hostFor(
  request: ReturnType<typeof mcpRequest>,
  extra: readonly (readonly [string, string])[] = [],
): FailingHost {
  return new FailingHost(wasm, {
    configuration: image([consumer(1, { expiresAt: 0xffffffff })]),
    headers: [[':path', request.path], [':method', request.method], ...request.headers, ...extra],
    body: Buffer.concat(request.body).toString(),
    properties: { 'xds.node.id': 'replica-1' },
  });
}

describe('a hostcall that fails', () => {
  it('nothing fails: the request is admitted', () => {
    const host = hostFor(mcpRequest(1), [['x-consumer', 'manager']]);
    expect(host.configure()).toBe(true);
    expect(host.run('proxy_on_request_headers', 2, 4, 1)).toBe(CONTINUE);
    expect(host.replies).toEqual([]);
    expect(host.calls).toContain('proxy_remove_header_map_value');
    expect(host.calls).toContain('proxy_get_current_time_nanoseconds');
  });

  it.each([
    ['proxy_get_header_map_pairs', 503],
    ['proxy_remove_header_map_value', 503],
    ['proxy_set_property', 503],
    ['proxy_replace_header_map_value', 503],
    // What ends counts as ended when nobody can tell the time.
    ['proxy_get_current_time_nanoseconds', 403],
  ])('%s: the request is refused with %i', (name, status) => {
    for (const failure of [1, 2, 7, 10, 12]) {
      const host = hostFor(mcpRequest(1), [['x-consumer', 'manager']]);
      host.configure();
      host.failing.set(name, failure);
      expect(host.run('proxy_on_request_headers', 2, 4, 1)).toBe(PAUSE);
      expect(host.replies).toEqual([status]);
      // Whatever comes later of the same stream goes no further.
      expect(host.run('proxy_on_request_trailers', 2, 0)).toBe(PAUSE);
      expect(host.replies).toEqual([status]);
    }
  });

  it.each(['proxy_get_buffer_bytes', 'proxy_set_property', 'proxy_replace_header_map_value'])(
    '%s with a body: the request is refused',
    (name) => {
      const host = hostFor(chatRequest(1));
      host.configure();
      expect(host.run('proxy_on_request_headers', 2, 4, 0)).toBe(PAUSE);
      host.failing.set(name, 10);
      expect(host.run('proxy_on_request_body', 2, 18, 1)).toBe(PAUSE);
      expect(host.replies).toEqual([503]);
    },
  );

  it.each(['proxy_define_metric', 'proxy_increment_metric'])('%s: a refusal is the same', (name) => {
    const host = hostFor(mcpRequest(2));
    host.configure();
    host.failing.set(name, 10);
    expect(host.run('proxy_on_request_headers', 2, 4, 1)).toBe(PAUSE);
    expect(host.replies).toEqual([401]);
  });

  it('proxy_send_local_response: the VM stops, which closes the stream', () => {
    const host = hostFor(mcpRequest(2));
    host.configure();
    host.failing.set('proxy_send_local_response', 10);
    expect(() => host.run('proxy_on_request_headers', 2, 4, 1)).toThrow('unreachable');
  });

  it.each(['proxy_get_buffer_bytes', 'proxy_set_tick_period_milliseconds'])(
    '%s: the configuration is refused',
    (name) => {
      const host = hostFor(mcpRequest(1));
      host.failing.set(name, 10);
      expect(host.configure()).toBe(false);
    },
  );

  it.each(['proxy_http_call', 'proxy_get_property', 'random_get'])(
    '%s: the confirmation is tried again',
    (name) => {
      const host = hostFor(mcpRequest(1));
      host.configure();
      host.failing.set(name, 10);
      host.run('proxy_on_tick', 1);
      host.failing.clear();
      host.calls.length = 0;
      host.run('proxy_on_tick', 1);
      expect(host.calls).toContain('proxy_http_call');
      host.calls.length = 0;
      host.run('proxy_on_tick', 1);
      expect(host.calls).not.toContain('proxy_http_call');
    },
  );

  it.each(['proxy_set_effective_context', 'proxy_close_stream'])(
    '%s: what must be cut is not confirmed as cut',
    (name) => {
      const host = new FailingHost(wasm, {
        configuration: image([consumer(1, { expiresAt: 1 })]),
        headers: [[':path', '/mcp-servers/github/mcp'], [':method', 'GET'], ...mcpRequest(1).headers],
        properties: { 'xds.node.id': 'replica-1' },
      });
      host.configure();
      // The clock of this host stands at 0, so the consumer has a second left; then time cannot be told any more.
      expect(host.run('proxy_on_request_headers', 2, 3, 1)).toBe(CONTINUE);
      host.failing.set('proxy_get_current_time_nanoseconds', 12);
      host.failing.set(name, 2);
      host.calls.length = 0;
      host.run('proxy_on_tick', 1);
      expect(host.calls).not.toContain('proxy_http_call');
      host.failing.delete(name);
      host.run('proxy_on_tick', 1);
      expect(host.calls).toContain('proxy_close_stream');
      expect(host.calls).toContain('proxy_http_call');
    },
  );
});

import { describe, expect, it } from 'vitest';
import { compileModule } from '../test/compile.js';
import { createHost } from './index.js';

const source = `
@external("env", "proxy_get_header_map_value")
declare function get(type: u32, k: usize, kl: usize, pptr: usize, plen: usize): u32;
@external("env", "proxy_replace_header_map_value")
declare function replace(type: u32, k: usize, kl: usize, v: usize, vl: usize): u32;
@external("env", "proxy_send_local_response")
declare function reply(code: u32, det: usize, detl: usize, body: usize, bodyl: usize, hdr: usize, hdrl: usize, grpc: i32): u32;
@external("env", "proxy_set_property")
declare function setProperty(p: usize, l: usize, v: usize, vl: usize): u32;
const out = memory.data(8);
const AUTH = memory.data<u8>([97,117,116,104,111,114,105,122,97,116,105,111,110]);
export function proxy_on_request_headers(id: u32, n: u32, eos: u32): u32 {
  if (get(0, AUTH, 13, out, out + 4) != 0) { reply(401, AUTH, 13, AUTH, 4, 0, 0, -1); return 0; }
  setProperty(AUTH, 4, load<u32>(out), load<u32>(out + 4));
  replace(0, AUTH, 13, AUTH, 4);
  return 0;
}
`;

describe('request headers', () => {
  it('answers locally whatever the callback returns', async () => {
    const host = createHost();
    const plugin = host.createVm(await compileModule(source)).createPlugin();
    const stream = plugin.createStream();
    const step = stream.requestHeaders(
      { ':method': 'GET', ':path': '/', ':authority': 'x' },
      { endStream: true },
    );
    expect(step).toMatchObject({
      status: 'stop-all-and-watermark',
      hostcalls: 2,
      localResponse: { status: 401, details: 'authorization' },
    });
    expect(stream.forwardedRequest.headers).toBeNull();
    expect(stream.forwardedResponse.headers?.toJSON()).toEqual({
      ':status': '401',
      'content-length': '4',
      'content-type': 'text/plain',
    });
    expect(Buffer.from(stream.forwardedResponse.body).toString()).toBe('auth');
    stream.end();
    expect(() => stream.requestBody('x')).toThrow('stream 2 was deleted');
  });

  it('changes headers and sets a property', async () => {
    const host = createHost();
    const plugin = host.createVm(await compileModule(source)).createPlugin();
    const stream = plugin.createStream();
    stream.requestHeaders(
      { ':method': 'GET', ':path': '/', ':authority': 'x', Authorization: 'secret' },
      { endStream: true },
    );
    expect(stream.forwardedRequest.headers?.get('authorization')).toBe('auth');
    expect(stream.info.property('auth')).toBe('secret');
    expect(stream.info.routeCacheClears).toBe(1);
    expect(stream.stats.byName()).toEqual({
      proxy_get_header_map_value: 1,
      proxy_set_property: 1,
      proxy_replace_header_map_value: 1,
    });
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '@hiclaw/service-kit';
import { createOutbound, type OutboundCall } from './outbound-call.js';

const trusted = rootCertificates.join('\n');
let server: Server;
let port = 0;
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    if (request.url === '/redirect') response.writeHead(302, { location: '/' }).end();
    else if (request.url === '/cut')
      response.writeHead(200, { 'content-length': '10' }).write('abc', () => request.socket.destroy());
    else
      response.end(JSON.stringify({ url: request.url, headers: request.headers, padding: 'x'.repeat(500) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Resolves every name to these addresses. */
const resolvingTo = (...addresses: string[]) =>
  createOutbound({
    trusted,
    resolve: (_name, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
  });

const get = (url: string, more: Partial<OutboundCall> = {}): OutboundCall => ({
  ...{ method: 'GET', url, headers: {}, timeoutMs: 2000, maxAnswerBytes: 10_000, ...more },
});

describe('outbound calls', () => {
  it('reach names that resolve to allowed addresses, with path and query', async () => {
    const { answer } = await resolvingTo('127.0.0.1')(
      get(`http://llm.test:${port}/v1/models?key=a%20b`, { headers: { 'x-key': new Secret('k') } }),
    );
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      url: '/v1/models?key=a%20b',
      headers: { host: `llm.test:${port}`, 'x-key': 'k' },
    });
  });

  it.each([
    ['a metadata service', ['169.254.169.254']],
    ['one of several', ['127.0.0.1', '100.100.100.200']],
    ['link-local IPv6', ['fe80::1']],
    ['link-local IPv6 with zone', ['fe80::1%eth0']],
    ['IPv4 inside IPv6', ['::ffff:169.254.169.254']],
    ['this machine as a source', ['0.0.0.0']],
    ['the unspecified IPv6 address', ['::']],
  ])('do not follow a name to %s', async (_case, addresses) => {
    const before = requests;
    const { failure } = await resolvingTo(...addresses)(get(`http://llm.test:${port}/`));
    expect(failure?.code).toBe('address-forbidden');
    expect(requests).toBe(before);
  });

  it('say so when the system knows no such name, and know localhost', async () => {
    const call = createOutbound({ trusted });
    const { failure } = await call(get('http://nobody.invalid/'));
    expect(['dns-not-found', 'dns-failed']).toContain(failure?.code);
    expect((await call(get(`http://localhost:${port}/`))).answer?.status).toBe(200);
  });

  it('do not go to forbidden addresses in URLs', async () => {
    const call = resolvingTo('127.0.0.1');
    for (const host of ['169.254.169.254', '[fe80::1]', 'metadata.google.internal']) {
      expect((await call(get(`http://${host}/`))).failure?.code).toBe('address-forbidden');
    }
  });

  it('do not follow redirects', async () => {
    const { answer } = await resolvingTo('127.0.0.1')(get(`http://llm.test:${port}/redirect`));
    expect(answer).toMatchObject({ status: 302, headers: { location: '/' } });
  });

  it('read no more than they are told to, and notice what is cut off', async () => {
    const call = resolvingTo('127.0.0.1');
    const large = await call(get(`http://llm.test:${port}/`, { maxAnswerBytes: 100 }));
    expect(large.failure?.code).toBe('answer-too-large');
    expect((await call(get(`http://llm.test:${port}/cut`))).failure?.code).toBe('connection-reset');
  });

  it('send nothing that could not be a header', async () => {
    const before = requests;
    const headers = { 'x-key': new Secret('a\r\nx-evil: 1') };
    const { failure } = await resolvingTo('127.0.0.1')(get(`http://llm.test:${port}/`, { headers }));
    expect(failure?.code).toBe('connection-failed');
    expect(JSON.stringify(failure)).not.toContain('evil');
    expect(requests).toBe(before);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { importJWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from './api.fixture.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

interface SigningKey {
  readonly kty: 'OKP';
  readonly crv: string;
  readonly kid: string;
  readonly x: string;
  readonly d: string;
}

/** A token as the server would make it, with some things different. */
async function forge(header: object = {}, claims: object = {}, key?: object): Promise<string> {
  const own = JSON.parse(readFileSync(join(api.home, 'keys', 'admin-signing.jwk'), 'utf8')) as SigningKey;
  const now = Math.floor(api.clock.nowMs() / 1000);
  const payload = {
    iss: 'hiclaw-policy-server',
    aud: 'hiclaw-admin-api',
    sub: 'admin',
    iat: now,
    nbf: now,
    exp: now + 600,
    ...claims,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'hiclaw-admin+jwt', ...header })
    .sign(await importJWK((key ?? own) as SigningKey, 'EdDSA'));
}

const now = () => Math.floor(api.clock.nowMs() / 1000);

describe('admin tokens', () => {
  it('open the API when they are as the server makes them', async () => {
    expect((await api.send({ path: '/api/v1/consumers', token: await forge() })).status).toBe(200);
    const file = readFileSync(join(api.home, 'admin-token'), 'utf8').trim();
    expect((await api.send({ path: '/api/v1/consumers', token: file })).status).toBe(200);
    expect(
      (
        await api.send({
          path: '/api/v1/consumers',
          token: null,
          headers: { authorization: `bearer  ${file}` },
        })
      ).status,
    ).toBe(200);
  });

  const otherKey = (): object => ({ ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }) });
  it.each<[string, () => Promise<string> | string]>([
    [
      'unsigned',
      () =>
        new UnsecuredJWT({ sub: 'admin' })
          .setIssuer('hiclaw-policy-server')
          .setAudience('hiclaw-admin-api')
          .setExpirationTime(now() + 600)
          .encode(),
    ],
    ['signed with another key', () => forge({}, {}, otherKey())],
    [
      'signed with the public key as HMAC secret',
      () => {
        const { x } = JSON.parse(
          readFileSync(join(api.home, 'keys', 'admin-signing.jwk'), 'utf8'),
        ) as SigningKey;
        return new SignJWT({ sub: 'admin', iat: now(), exp: now() + 600 })
          .setIssuer('hiclaw-policy-server')
          .setAudience('hiclaw-admin-api')
          .setProtectedHeader({ alg: 'HS256', typ: 'hiclaw-admin+jwt' })
          .sign(Buffer.from(x, 'base64url'));
      },
    ],
    ['expired', () => forge({}, { exp: now() - 60 })],
    ['not valid yet', () => forge({}, { nbf: now() + 600 })],
    ['without an end', () => forge({}, { exp: undefined })],
    ['without a subject', () => forge({}, { sub: undefined })],
    ['for a subject with a line break', () => forge({}, { sub: 'admin\n' })],
    ['of another issuer', () => forge({}, { iss: 'somebody' })],
    ['for another audience', () => forge({}, { aud: 'hiclaw-gateway' })],
    ['of another type', () => forge({ typ: 'at+jwt' })],
    ['with a key of its own in the header', () => forge({ jwk: otherKey() }, {}, otherKey())],
    ['cut', async () => (await forge()).slice(0, -5)],
    [
      'changed',
      async () =>
        (await forge()).replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify({ sub: 'admin' })).toString('base64url')}.`,
        ),
    ],
    ['a consumer token', () => `hck_${'0'.repeat(49)}`],
    ['nonsense', () => 'x'],
    ['very long', () => 'a.'.repeat(4000)],
  ])('are refused when %s', async (_case, make) => {
    const answer = await api.send({ path: '/api/v1/consumers', token: await make() });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="hiclaw", error="invalid_token"');
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body.code).toMatch(/^ADMIN_TOKEN_(INVALID|EXPIRED)$/);
  });

  it.each([null, 'Basic YTpi', 'Bearer', 'Bearer ', 'Bearer a b'])(
    'are asked for when the header is %j',
    async (authorization) => {
      const headers = authorization === null ? {} : { authorization };
      const answer = await api.send({ path: '/api/v1/consumers', token: null, headers });
      expect([answer.status, answer.body.code, answer.headers['www-authenticate']]).toEqual([
        401,
        'ADMIN_TOKEN_MISSING',
        'Bearer realm="hiclaw"',
      ]);
    },
  );

  it('are asked for before a path is known or a body is read', async () => {
    expect((await api.send({ path: '/api/v1/nothing', token: null })).status).toBe(401);
    expect(
      (await api.send({ method: 'PUT', path: '/api/v1/consumers/x', raw: '{', token: null })).status,
    ).toBe(401);
  });

  it('stand in a file that is private, renewed and restored', async () => {
    const path = join(api.home, 'admin-token');
    const { adminTokens } = api.server;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const first = readFileSync(path, 'utf8');
    await adminTokens.refreshFile();
    expect(readFileSync(path, 'utf8')).toBe(first);
    api.clock.advance(13 * 3600 * 1000);
    await adminTokens.refreshFile();
    const second = readFileSync(path, 'utf8');
    expect(second).not.toBe(first);
    for (const spoil of [
      () => rmSync(path),
      () => writeFileSync(path, 'nonsense'),
      () => chmodSync(path, 0o644),
    ]) {
      const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
      spoil();
      await adminTokens.refreshFile();
      expect(readFileSync(path, 'utf8')).not.toBe(before);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });

  it('of a replaced signing key are refused', async () => {
    await using other = await TestApi.start();
    const foreign = (await other.server.adminTokens.issue('admin', 600)).expose();
    expect((await api.send({ path: '/api/v1/consumers', token: foreign })).status).toBe(401);
  });
});

describe('requests', () => {
  it.each([
    'evil.example',
    'evil.example:18001',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'x@127.0.0.1',
    '%00',
  ])('for the host %s are refused on loopback', async (host) => {
    const answer = await api.send({ path: '/healthz', headers: { host } });
    expect([answer.status, answer.body.code]).toEqual([421, 'HOST_NOT_ALLOWED']);
    expect((await api.send({ path: '/docs/', headers: { host } })).status).toBe(421);
  });

  it.each(['localhost', 'localhost:9', '127.0.0.1:18001', '[::1]:18001', 'LOCALHOST'])(
    'for the host %s are taken',
    async (host) => {
      expect((await api.send({ path: '/healthz', headers: { host } })).status).toBe(200);
    },
  );

  it.each<[string, Parameters<TestApi['send']>[0], number, string]>([
    ['unknown paths', { path: '/api/v1/nothing' }, 404, 'NOT_FOUND'],
    ['unknown paths outside of the API', { path: '/nothing' }, 404, 'NOT_FOUND'],
    ['a path that is no URL', { path: '/api/v1/consumers/%zz' }, 400, 'REQUEST_MALFORMED'],
    ['a name that is no name', { path: '/api/v1/consumers/A_B' }, 400, 'INVALID_INPUT'],
    ['an encoded slash in a name', { path: '/api/v1/consumers/a%2fb' }, 400, 'INVALID_INPUT'],
    ['a very long name', { path: `/api/v1/consumers/${'a'.repeat(300)}` }, 404, 'NOT_FOUND'],
    [
      'a method that a path has not',
      { method: 'POST', path: '/api/v1/consumers/x', body: {} },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['no body', { method: 'PUT', path: '/api/v1/consumers/x' }, 400, 'BODY_MISSING'],
    ['an empty body', { method: 'PUT', path: '/api/v1/consumers/x', raw: '' }, 400, 'BODY_MISSING'],
    ['null', { method: 'PUT', path: '/api/v1/consumers/x', raw: 'null' }, 400, 'BODY_MISSING'],
    [
      'text',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: 'x', headers: { 'content-type': 'text/plain' } },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'a form',
      {
        method: 'POST',
        path: '/api/v1/consumers',
        raw: 'a=b',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'UTF-16',
      {
        method: 'PUT',
        path: '/api/v1/consumers/x',
        raw: '{}',
        headers: { 'content-type': 'application/json; charset=utf-16' },
      },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'gzip',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: '{}', headers: { 'content-encoding': 'gzip' } },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    [
      'bytes that are no UTF-8',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: Buffer.from([0x7b, 0xff, 0x7d]) },
      400,
      'BODY_MALFORMED',
    ],
    [
      'JSON cut short',
      { method: 'PUT', path: '/api/v1/credentials/x', raw: '{"spec":{"value":"sk-very-real' },
      400,
      'BODY_MALFORMED',
    ],
    ['a list', { method: 'PUT', path: '/api/v1/consumers/x', raw: '[]' }, 400, 'INVALID_INPUT'],
    [
      'prototype keys',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: '{"__proto__":{"spec":{}}}' },
      400,
      'INVALID_INPUT',
    ],
    [
      'prototype keys in a patch',
      { method: 'PATCH', path: '/api/v1/consumers/x', raw: '{"constructor":{}}' },
      404,
      'NOT_FOUND',
    ],
    [
      'nine megabytes',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: ' '.repeat(9_000_000) },
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'If-Match without quotes',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: '{}', headers: { 'if-match': '7' } },
      400,
      'INVALID_INPUT',
    ],
    [
      'If-None-Match with a tag',
      { method: 'PUT', path: '/api/v1/consumers/x', raw: '{}', headers: { 'if-none-match': '"7"' } },
      400,
      'INVALID_INPUT',
    ],
  ])('with %s get a problem', async (_case, call, status, code) => {
    const answer = await api.send(call);
    expect([answer.status, answer.body.code, answer.body.status]).toEqual([status, code, status]);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body.requestId).toBe(answer.headers['x-request-id']);
    expect(answer.text).not.toContain('very-real');
    if (status === 405) expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, PATCH, PUT');
  });

  it('that are deeper than any stack do no harm', async () => {
    await api.put('/consumers/deep', {});
    const raw = `${'{"spec":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    expect((await api.send({ method: 'PATCH', path: '/api/v1/consumers/deep', raw })).status).toBe(400);
    expect((await api.send({ method: 'PUT', path: '/api/v1/consumers/deep', raw })).status).toBe(400);
    expect((await api.get('/consumers/deep')).status).toBe(200);
  });

  it.each([
    ['what is no HTTP', 'hello\r\n\r\n', '400 Bad Request', 'REQUEST_MALFORMED'],
    [
      'two lengths',
      'PUT /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      '400 Bad Request',
      'REQUEST_MALFORMED',
    ],
    [
      'huge headers',
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      '431 Request Header Fields Too Large',
      'HEADERS_TOO_LARGE',
    ],
  ])('with %s get a problem on the bare connection', async (_case, bytes, status, code) => {
    const text = await new Promise<string>((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = createConnection(Number(new URL(api.server.url).port), '127.0.0.1', () =>
        socket.write(bytes),
      );
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
      socket.on('error', reject);
    });
    expect(text).toContain(`HTTP/1.1 ${status}\r\n`);
    expect(text).toContain(`"code":"${code}"`);
  });
});

describe('answers', () => {
  it('carry security headers, on the API and on the page', async () => {
    for (const path of ['/api/v1/consumers', '/docs/', '/openapi.json', '/healthz', '/nothing']) {
      const { headers } = await api.send({ path });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': expect.any(String) as string,
      });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
    const page = await api.send({ path: '/docs/' });
    expect(page.headers['content-security-policy']).toMatch(/script-src 'self';/);
    expect(page.text).toContain('swagger-ui');
  });
});

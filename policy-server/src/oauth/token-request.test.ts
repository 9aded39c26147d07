import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OAuth2Secrets, type OAuth2Spec } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import { createCertificateAuthority } from '../../../test/src/upstreams/certificate-authority.js';
import { createOutbound, type Outbound } from '../outbound/outbound-call.js';
import { type AuthorizationServer, type ScriptedAnswer, startAuthorizationServer } from './oauth.fixture.js';
import { requestToken, type TokenResult } from './token-request.js';

const SECRETS = { clientSecret: 'client-secret-0123456789', refreshToken: 'refresh-secret-0123456789' };
const call = createOutbound({ trusted: rootCertificates.join('\n') });

let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.calls.length = 0;
  server.script.length = 0;
});

function ask(
  change: Partial<OAuth2Spec> = {},
  secrets: OAuth2Secrets = SECRETS,
  through: Outbound = call,
): Promise<TokenResult> {
  const spec: OAuth2Spec = {
    ...{
      tokenUrl: server.tokenUrl,
      clientId: 'me',
      scopes: [],
      authStyle: 'basic',
      grant: 'client-credentials',
    },
    ...change,
  };
  return requestToken(through, spec, new Secret(secrets));
}

const good = { access_token: 'at-1', token_type: 'bearer', expires_in: 60 };

describe('the request', () => {
  it('names scopes and audience, and authenticates in the body where the server wants that', async () => {
    await ask({ scopes: ['a', 'b:c'], audience: 'https://api.example', authStyle: 'body', clientId: 'm e' });
    expect(Object.fromEntries(server.calls[0]?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b:c',
      audience: 'https://api.example',
      client_id: 'm e',
      client_secret: SECRETS.clientSecret,
    });
    expect(server.calls[0]?.authorization).toBe('');
  });

  it('encodes both halves of Basic as RFC 6749 §2.3.1 wants it', async () => {
    await ask({ clientId: 'a:b c' }, { clientSecret: 'p%:+&/ w' });
    const pair = Buffer.from(server.calls[0]?.authorization.replace('Basic ', '') ?? '', 'base64').toString();
    expect(pair).toBe('a%3Ab+c:p%25%3A%2B%26%2F+w');
  });

  it('is a public client’s where there is no secret', async () => {
    await ask({ grant: 'refresh-token' }, { refreshToken: server.refreshToken });
    expect(server.calls[0]?.form.get('client_id')).toBe('me');
    expect(server.calls[0]?.authorization).toBe('');
  });
});

describe('the answer', () => {
  it.each<[string, object, number | null]>([
    ['with a lifetime', good, 60],
    ['with a lifetime as text', { ...good, expires_in: '60' }, 60],
    ['without lifetime', { ...good, expires_in: undefined }, null],
    ['with a fraction', { ...good, expires_in: 59.9 }, 59],
    ['with a lifetime beyond reason', { ...good, expires_in: 1e300 }, 315_360_000],
    ['with more than is asked for', { ...good, id_token: 'eyJ', scope: 'x', __proto__: null }, 60],
  ])('%s is taken', async (_case, body, expiresIn) => {
    server.script.push({ body });
    const { token } = await ask();
    expect(token?.accessToken.expose()).toBe('at-1');
    expect(token?.expiresIn).toBe(expiresIn);
  });

  it.each<[string, ScriptedAnswer | 'reset', string, boolean]>([
    ['no JSON', { body: '<html>' }, 'answer-invalid', false],
    ['a list', { body: [good] }, 'answer-invalid', false],
    ['no token', { body: { ...good, access_token: undefined } }, 'answer-invalid', false],
    ['an empty token', { body: { ...good, access_token: '' } }, 'answer-invalid', false],
    [
      'a token that would break a header',
      { body: { ...good, access_token: 'a\r\nx-evil: 1' } },
      'answer-invalid',
      false,
    ],
    [
      'a token beyond bounds',
      { body: { ...good, access_token: 'a'.repeat(20_000) } },
      'answer-invalid',
      false,
    ],
    ['another type of token', { body: { ...good, token_type: 'DPoP' } }, 'answer-invalid', false],
    ['no type', { body: { ...good, token_type: undefined } }, 'answer-invalid', false],
    ['a lifetime of nothing', { body: { ...good, expires_in: 0 } }, 'answer-invalid', false],
    ['a lifetime that is none', { body: { ...good, expires_in: 'soon' } }, 'answer-invalid', false],
    ['a refresh token that is none', { body: { ...good, refresh_token: 7 } }, 'answer-invalid', false],
    ['an endless answer', { body: 'x'.repeat(100_000) }, 'answer-too-large', false],
    [
      'a redirect',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
      'redirected',
      true,
    ],
    ['an unknown client', { status: 401, body: { error: 'invalid_client' } }, 'invalid_client', true],
    ['an ended grant', { status: 400, body: { error: 'invalid_grant' } }, 'invalid_grant', true],
    ['an error with status 200', { body: { error: 'invalid_scope' } }, 'invalid_scope', true],
    ['too many requests', { status: 429, body: '' }, 'status-429', false],
    ['a failure', { status: 503, body: { error: 'temporarily_unavailable' } }, 'status-503', false],
    ['a cut connection', 'reset', 'connection-reset', false],
  ])('that is %s is a failure', async (_case, answer, code, refused) => {
    server.script.push(answer);
    const { failure } = await ask();
    expect(failure).toMatchObject({ code, refused });
    expect(server.calls).toHaveLength(1);
  });

  it('is quoted without the secrets', async () => {
    const description = `client me with ${SECRETS.clientSecret} and ${SECRETS.refreshToken.slice(3)} is unknown`;
    server.script.push({ status: 401, body: { error: 'invalid_client', error_description: description } });
    const result = await ask();
    expect(result.failure?.message).toContain('is unknown');
    expect(JSON.stringify(result)).not.toMatch(/secret-0123|23456789/);
  });
});

describe('the token endpoint', () => {
  it('is verified against its own authority, and against no other', async () => {
    const authority = createCertificateAuthority();
    const secure = createServer(authority.issue(), (_request, response) =>
      response.end(JSON.stringify(good)),
    );
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const tokenUrl = `https://127.0.0.1:${(secure.address() as AddressInfo).port}/token`;
    expect((await ask({ tokenUrl })).failure?.code).toBe('tls-unknown-ca');
    const { token } = await ask({ tokenUrl, caCertificates: authority.cert });
    expect(token?.accessToken.expose()).toBe('at-1');
    secure.closeAllConnections();
    await new Promise((resolve) => secure.close(resolve));
  });

  it('is not called at a forbidden address', async () => {
    const rebound = createOutbound({
      trusted: rootCertificates.join('\n'),
      resolve: (_name, callback) => callback(null, [{ address: '169.254.169.254', family: 4 }]),
    });
    const result = await ask({ tokenUrl: 'https://login.test/token' }, SECRETS, rebound);
    expect(result.failure?.code).toBe('address-forbidden');
  });
});

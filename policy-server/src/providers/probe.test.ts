import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createSocketServer, type Server, type Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeResource, type ProviderSpec } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import { createCertificateAuthority } from '../../../test/src/upstreams/certificate-authority.js';
import { createOutbound } from '../outbound/outbound-call.js';
import type { BoundCredential } from '../translate/state.js';
import { probeProvider, type ProbeResult } from './probe.js';

const KEY = 'sk-very-secret-0123456789';
const authority = createCertificateAuthority();
const DAY_MS = 86_400_000;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const plain = (handler: Handler) => listen(createPlainServer(handler));
const secure = (handler: Handler, certificate = authority.issue()) =>
  listen(createSecureServer(certificate, handler));

function json(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

const MODELS = { data: [{ id: 'gpt-4.1' }, { id: 'gpt-4.1-mini' }, { id: 'o3' }] };
const COMPLETION = { choices: [{ message: { content: 'Hi' } }] };

/** Lists models, and answers completions like this. */
const completing =
  (status: number, body: unknown, headers = {}): Handler =>
  (request, response) => {
    if (request.method === 'GET') json(response, 200, MODELS);
    else json(response, status, body, headers);
  };

/** Answers everything like this. */
const always =
  (status: number, body: unknown, headers = {}): Handler =>
  (_request, response) =>
    json(response, status, body, headers);

const bearer: BoundCredential = {
  ...{ id: 'c/1', placement: 'header', name: 'authorization', prefix: 'Bearer ', hosts: [] },
  value: new Secret(KEY),
};

interface Case {
  readonly spec?: Partial<ProviderSpec>;
  readonly credential?: BoundCredential | null;
  readonly model?: string;
  readonly timeoutMs?: number;
}

function specOf(spec: object): ProviderSpec {
  const decoded = decodeResource('Provider', { metadata: { name: 'p' }, spec });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
  return decoded.value.spec;
}

async function probe(
  baseUrl: string,
  { spec, credential = bearer, model, timeoutMs = 5000 }: Case = {},
): Promise<ProbeResult> {
  const call = createOutbound({
    trusted: rootCertificates.join('\n'),
    resolve: (name, callback) => {
      const code = name.startsWith('slow-dns') ? 'EAI_AGAIN' : 'ENOTFOUND';
      if (name.endsWith('dns.test')) callback(Object.assign(new Error('dns'), { code }), []);
      else
        callback(null, [{ address: name === 'rebound.test' ? '169.254.169.254' : '127.0.0.1', family: 4 }]);
    },
  });
  const result = await probeProvider({
    call,
    spec: specOf({ baseUrl, ...spec }),
    credential,
    model,
    timeoutMs,
  });
  // Whatever a provider does with the key, no part of it is in a result.
  expect(JSON.stringify(result)).not.toMatch(/very-secret|012345/);
  expect(result.ok).toBe(result.error === null);
  return result;
}

describe('a provider that works', () => {
  it('is asked for its models, then for one completion with the key', async () => {
    const seen: string[] = [];
    const port = await plain((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      completing(200, COMPLETION)(request, response);
    });
    expect(await probe(`http://127.0.0.1:${port}/v1`)).toMatchObject({ ok: true, model: 'gpt-4.1' });
    expect(seen).toEqual([`GET /v1/models Bearer ${KEY}`, `POST /v1/chat/completions Bearer ${KEY}`]);
  });

  it('may not let its keys list models', async () => {
    const port = await plain((request, response) => {
      if (request.method === 'GET')
        json(response, 403, { error: { message: 'Missing scopes: api.model.read' } });
      else json(response, 200, COMPLETION);
    });
    expect(await probe(`http://127.0.0.1:${port}/v1`, { model: 'gpt-4.1' })).toMatchObject({ ok: true });
  });

  it.each<[string, Case, object, string, string]>([
    [
      'anthropic',
      {
        spec: { protocol: 'anthropic' },
        credential: { ...bearer, name: 'x-api-key', prefix: '' },
        model: 'claude',
      },
      { content: [] },
      '/messages',
      KEY,
    ],
    [
      'gemini',
      {
        spec: { protocol: 'gemini' },
        credential: { ...bearer, placement: 'query', name: 'key', prefix: '' },
        model: 'gemini-2.5-flash',
      },
      { candidates: [] },
      `/models/gemini-2.5-flash:generateContent?key=${KEY}`,
      '',
    ],
    [
      'azure with deployments',
      {
        spec: { preset: 'azure-openai-deployments', presetOptions: { resource: 'r' } },
        credential: { ...bearer, name: 'api-key', prefix: '' },
        model: 'my deployment',
      },
      COMPLETION,
      '/deployments/my%20deployment/chat/completions?api-version=2024-10-21',
      KEY,
    ],
  ])('speaks %s', async (_protocol, asked, answer, path, header) => {
    const seen: { url: string; key: string; version: string; body: string }[] = [];
    const port = await plain((request, response) => {
      const { 'x-api-key': a = '', 'api-key': b = '', 'anthropic-version': version = '' } = request.headers;
      request.setEncoding('utf8').on('data', (body: string) => {
        seen.push({
          url: request.url ?? '',
          key: `${String(a)}${String(b)}`,
          version: String(version),
          body,
        });
      });
      request.on('end', () => json(response, 200, answer));
    });
    expect(await probe(`http://127.0.0.1:${port}`, asked)).toMatchObject({ ok: true, model: asked.model });
    expect(seen).toMatchObject([{ url: path, key: header }]);
    expect(seen[0]?.version).toBe(asked.spec?.protocol === 'anthropic' ? '2023-06-01' : '');
  });

  it('asks OpenAI for few tokens with the field that its models take', async () => {
    let body = '';
    const port = await plain((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => completing(200, COMPLETION)(request, response));
    });
    await probe(`http://127.0.0.1:${port}/v1`, { spec: { preset: 'openai' } });
    expect(JSON.parse(body)).toMatchObject({ max_completion_tokens: 16 });
  });
});

describe('a provider that cannot be reached', () => {
  it.each<[string, () => Promise<string>, string, RegExp, Case?]>([
    ['no such name', () => Promise.resolve('http://no-dns.test'), 'dns-not-found', /spelling/],
    ['no resolver', () => Promise.resolve('http://slow-dns.test'), 'dns-failed', /resolver/],
    [
      'a name that leads to metadata',
      () => Promise.resolve('http://rebound.test'),
      'address-forbidden',
      /must not have/,
    ],
    [
      'nothing listening',
      async () => {
        const port = await plain(always(200, {}));
        await closing.pop()?.();
        return `http://127.0.0.1:${port}`;
      },
      'connection-refused',
      /Nothing listens/,
    ],
    [
      'a connection that is cut',
      async () => `http://127.0.0.1:${await listen(createSocketServer((socket) => socket.destroy()))}`,
      'connection-reset',
      /scheme/,
    ],
    [
      'no answer',
      async () => `http://127.0.0.1:${await plain(() => undefined)}`,
      'timeout',
      /firewalls/,
      { timeoutMs: 100 },
    ],
    [
      'an answer that never ends',
      async () =>
        `http://127.0.0.1:${await plain((_request, response) => void response.writeHead(200).write('{'))}`,
      'timeout',
      /firewalls/,
      { timeoutMs: 100 },
    ],
    [
      'an authority that is not trusted',
      async () => `https://127.0.0.1:${await secure(always(200, {}))}`,
      'tls-unknown-ca',
      /spec.caCertificates/,
    ],
    [
      'an expired certificate',
      async () => {
        const [notBefore, notAfter] = [new Date(Date.now() - 9 * DAY_MS), new Date(Date.now() - DAY_MS)];
        return `https://127.0.0.1:${await secure(always(200, {}), authority.issue({ notBefore, notAfter }))}`;
      },
      'tls-expired',
      /clock/,
      { spec: { caCertificates: authority.cert } },
    ],
    [
      'a certificate of the future',
      async () => {
        const certificate = authority.issue({ notBefore: new Date(Date.now() + DAY_MS) });
        return `https://127.0.0.1:${await secure(always(200, {}), certificate)}`;
      },
      'tls-not-yet-valid',
      /clock/,
      { spec: { caCertificates: authority.cert } },
    ],
    [
      'a certificate of another name',
      async () =>
        `https://llm.test:${await secure(always(200, {}), authority.issue({ names: ['other.test'] }))}`,
      'tls-wrong-host',
      /another name/,
      { spec: { caCertificates: authority.cert } },
    ],
    [
      'https where http is spoken',
      async () => `https://127.0.0.1:${await plain(always(200, {}))}`,
      'tls-failed',
      /http:\/\//,
    ],
    [
      'http where something else is spoken',
      async () =>
        `http://127.0.0.1:${await listen(createSocketServer((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n')))}`,
      'answer-malformed',
      /https:\/\//,
    ],
  ])('%s', async (_symptom, start, code, hint, asked = {}) => {
    const { error } = await probe(`${await start()}/v1`, asked);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string });
  });

  it('is reached once its authority is known', async () => {
    const port = await secure(completing(200, COMPLETION));
    const spec = { caCertificates: authority.cert };
    expect(await probe(`https://127.0.0.1:${port}/v1`, { spec })).toMatchObject({ ok: true });
  });
});

describe('a provider that refuses', () => {
  const openAiKeyError = {
    error: { message: `Incorrect API key provided: ${KEY}.`, code: 'invalid_api_key' },
  };
  const html: Handler = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>Sign in, ${KEY}</html>`);
  };

  it.each<[string, Handler, string, RegExp, Case?]>([
    ['a key it does not know', always(401, openAiKeyError), 'key-refused', /cut short/],
    [
      'a key it does not know, in part',
      always(401, { error: { message: 'key sk-ver***6789' } }),
      'key-refused',
      /Set the value anew/,
    ],
    [
      'a key that it answers in a page',
      (_q, r) => void r.writeHead(401, { 'content-type': 'text/html' }).end(KEY),
      'key-refused',
      /revoked/,
    ],
    [
      'a key of another region',
      always(401, { error: { message: 'Incorrect API key' } }),
      'key-refused',
      /spec.presetOptions.region/,
      { spec: { preset: 'dashscope', presetOptions: { region: 'cn' } } },
    ],
    [
      'a bad key with 400, as Gemini',
      always(400, {
        error: { status: 'INVALID_ARGUMENT', message: 'API key not valid. Please pass a valid API key.' },
      }),
      'key-refused',
      /Set the value/,
    ],
    [
      'a bad key in a list, as Gemini’s OpenAI endpoint',
      always(400, [{ error: { message: 'API key not valid.' } }]),
      'key-refused',
      /Set the value/,
    ],
    [
      'no key',
      always(401, { error: 'missing' }),
      'key-missing',
      /spec.credential names none/,
      { credential: null },
    ],
    [
      'what the key may not do',
      completing(403, { error: { message: 'Country not supported' } }),
      'key-forbidden',
      /permissions/,
    ],
    [
      'a path without version',
      always(404, { error: 'no route' }),
      'path-not-found',
      /try http:.*\/v1\./,
      { model: 'm' },
    ],
    [
      'a model it does not have',
      completing(404, {
        error: { code: 'model_not_found', message: 'The model `gpt-4.1-mni` does not exist' },
      }),
      'model-not-found',
      /mean "gpt-4.1-mini"/,
      { model: 'gpt-4.1-mni' },
    ],
    [
      'a model that nothing is like',
      completing(400, { error: { message: 'Model not exist' } }),
      'model-not-found',
      /It lists gpt-4.1, gpt-4.1-mini, o3/,
      { model: 'zzzzzzzz' },
    ],
    [
      'requests that come too fast',
      completing(429, { error: { message: 'Rate limit reached' } }, { 'retry-after': '7' }),
      'rate-limited',
      /after 7 s/,
    ],
    [
      'an account without quota',
      completing(429, { error: { code: 'insufficient_quota' } }),
      'quota-exhausted',
      /Top it up/,
    ],
    [
      'an account without balance',
      completing(402, { error: { message: 'Insufficient Balance' } }),
      'quota-exhausted',
      /Top it up/,
    ],
    [
      'an account in arrears',
      completing(400, { error: { code: 'Arrearage', message: 'Access denied' } }),
      'quota-exhausted',
      /Top it up/,
    ],
    [
      'credit that is used up, as Anthropic',
      completing(400, { error: { message: 'Your credit balance is too low to access the Anthropic API.' } }),
      'quota-exhausted',
      /Top it up/,
    ],
    [
      'everything for a while',
      completing(503, { error: { message: 'overloaded' } }),
      'provider-failed',
      /status page/,
    ],
    [
      'a field',
      completing(400, { error: { message: 'Unrecognized request argument' } }),
      'request-refused',
      /spec.protocol/,
    ],
    [
      'nothing, but speaks another protocol',
      completing(200, { content: [] }),
      'answer-unexpected',
      /openai protocol/,
    ],
    ['with a page', html, 'not-an-api', /login page/],
    ['with a page of an error', completing(502, undefined), 'not-an-api', /proxy/],
    [
      'with a redirect',
      always(307, {}, { location: `https://elsewhere.example/?k=${KEY}` }),
      'redirected',
      /final address/,
    ],
    [
      'with an endless answer',
      (_q, r) => void r.writeHead(200).end('x'.repeat(5_000_000)),
      'answer-too-large',
      /much larger/,
      { model: 'm' },
    ],
    ['to say which models there are', always(200, { data: [] }), 'model-needed', /spec.models/],
  ])('%s', async (_symptom, handler, code, hint, asked = {}) => {
    const port = await plain(handler);
    const path = code === 'path-not-found' ? '' : '/v1';
    const { error } = await probe(`http://127.0.0.1:${port}${path}`, asked);
    expect(error).toMatchObject({ code, hint: expect.stringMatching(hint) as string });
  });

  it('is quoted without the key', async () => {
    const port = await plain(always(401, openAiKeyError));
    const { error } = await probe(`http://127.0.0.1:${port}/v1`);
    expect(error?.detail).toBe('Incorrect API key provided: [redacted]. invalid_api_key');
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLine } from '../network/home.js';
import { until } from '../network/until.js';
import { bearer, call, chat, get, openChatStream } from './calls.js';
import { type Scene, SECRETS, startScene } from './scene.js';

interface Place {
  readonly name: string;
  readonly content: Buffer;
}

/** The forms in which a secret could stand somewhere: as it is, and in the usual encodings. */
function forms(secret: string): readonly (readonly [form: string, bytes: Buffer])[] {
  const raw = Buffer.from(secret);
  return [
    ['as it is', raw],
    ['base64', Buffer.from(raw.toString('base64').replace(/=+$/, ''))],
    ['base64url', Buffer.from(raw.toString('base64url'))],
    ['hex', Buffer.from(raw.toString('hex'))],
    ['percent-encoded', Buffer.from(encodeURIComponent(secret))],
  ];
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Command line and environment of every process there is. */
async function processes(): Promise<Place[]> {
  const places: Place[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const what of ['cmdline', 'environ']) {
      const content = await readFile(`/proc/${pid}/${what}`).catch(() => null);
      if (content !== null) places.push({ name: `/proc/${pid}/${what}`, content });
    }
  }
  return places;
}

describe('no secret leaks', () => {
  let scene: Scene;
  let rotated: string;
  beforeAll(async () => {
    scene = await startScene({ replicas: 2, env: { HICLAW_LOG_LEVEL: 'trace' } });
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
  });

  it('drives everything, well and badly', async () => {
    const { network, alice, bob, provider } = scene;
    const { admin } = network;
    for (const { origin } of network.replicas) {
      expect((await chat(origin, alice, 'gpt-4o')).status).toBe(200);
      expect((await chat(origin, bob, 'gpt-4o')).status).toBe(403);
      expect((await get(origin, '/services/query/public/x?key=mine&a=1', alice)).status).toBe(200);
      expect((await get(origin, '/services/basic/public/x', alice)).status).toBe(200);
      expect((await get(origin, '/services/basic/public/x', bob)).status).toBe(200);
      expect((await get(origin, `/services/query/public/x?token=${alice}`, alice)).status).toBe(401);
      expect((await get(origin, '/services/query/public/x', `${alice}x`)).status).toBe(401);
      await call(`${origin}/v1/chat/completions`, {
        method: 'POST',
        headers: { ...bearer(alice), 'content-type': 'application/json' },
        body: '{"model":',
      });
      await chat(origin, alice, 'pretend-status-500');
      await chat(origin, alice, 'pretend-reset-after-0');
    }
    // A rotation, a refused write of each kind with a secret in it, a revoke that cuts a stream.
    rotated = 'sk-rotated-provider-Xy8Kd2';
    provider.accept(rotated);
    await admin.put('credentials', 'provider-key', { value: rotated, hosts: ['127.0.0.1'] });
    expect((await chat(network.gatewayOrigin, alice, 'gpt-4o')).status).toBe(200);
    const wrong = [
      { value: SECRETS.provider, hosts: [] },
      { value: SECRETS.query, hosts: ['127.0.0.1'], in: 'nowhere' },
      { value: `${SECRETS.provider}\n`, hosts: ['127.0.0.1'], header: 'bad header\r\n' },
      { hosts: [SECRETS.basic] },
    ];
    for (const spec of wrong) {
      const body = { apiVersion: 'hiclaw.io/v1beta1', kind: 'Credential', metadata: { name: 'wrong' }, spec };
      const answer = await admin.request('PUT', '/credentials/wrong', { body });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      if (!('value' in spec)) continue;
      expect(JSON.stringify(answer.body)).not.toContain(spec.value.trim());
    }
    await admin.request('GET', '/consumers', { headers: { authorization: `Bearer ${alice}` } });
    const stream = await openChatStream(network.gatewayOrigin, alice, 'pretend-endless-every-50ms');
    await admin.revoke('worker-alice');
    await until(() => stream.endedAt !== null, { withinMs: 2000 });
    // What upstreams got: the real credential, each in its own form, and never a token.
    const { echo, mcp } = scene;
    expect(provider.requests.map((one) => one.header('authorization'))).toContain(
      `Bearer ${SECRETS.provider}`,
    );
    expect(echo.requests.some((one) => one.url.includes(`key=${SECRETS.query}`))).toBe(true);
    expect(echo.requests.some((one) => one.header('authorization') === `Basic ${btoa(SECRETS.basic)}`)).toBe(
      true,
    );
    expect(echo.requests.some((one) => one.header('authorization') === `Bearer ${SECRETS.alicePat}`)).toBe(
      true,
    );
    const seen = JSON.stringify(
      [...provider.requests, ...echo.requests].map((one) => [one.url, one.rawHeaders, one.body.toString()]),
    );
    for (const token of [alice, bob]) expect(seen).not.toContain(token);
    expect(mcp.requests.some((one) => one.header('authorization') !== '')).toBe(false);
  });

  it('is found nowhere', async () => {
    const { network } = scene;
    const { admin, home } = network;
    const places: Place[] = [];
    const add = (name: string, text: string | Buffer): void =>
      void places.push({ name, content: Buffer.from(text) });
    for (const { index, envoy } of network.replicas) {
      for (const page of [
        '/config_dump?include_eds',
        '/stats',
        '/stats/prometheus',
        '/clusters?format=json',
        '/listeners',
        '/certs',
        '/server_info',
        '/runtime',
        '/init_dump',
      ]) {
        add(`envoy ${index} ${page}`, await envoy.admin.page(page));
      }
    }
    add('process logs', network.logs());
    for (const file of await filesBelow(home.folder)) add(file, await readFile(file));
    for (const path of [
      '/credentials',
      '/providers',
      '/llm-routes',
      '/mcp-servers',
      '/service-routes',
      '/consumers',
      '/credentials/provider-key',
      '/consumers/worker-alice',
      '/consumers/worker-alice/tokens',
      '/consumers/worker-alice/access',
      '/gateways',
      '/audit?limit=500',
      '/credentials/nothing',
    ]) {
      const { status, body, headers } = await admin.request('GET', path);
      expect([path, status]).toEqual([path, path.endsWith('nothing') ? 404 : 200]);
      add(`API ${path}`, JSON.stringify([body, headers]));
    }
    for (const path of ['/openapi.json', '/docs', '/metrics', '/healthz', '/readyz']) {
      add(`API ${path}`, (await call(`${network.apiOrigin}${path}`, { method: 'GET', headers: {} })).body);
    }
    const scrapeTokenFile = join(home.folder, 'keys', 'metrics-token');
    const scrapeToken = await readLine(scrapeTokenFile);
    for (const path of ['/metrics/usage', '/metrics/gateways']) {
      const page = await call(`${network.apiOrigin}${path}`, { method: 'GET', headers: bearer(scrapeToken) });
      expect([path, page.status]).toEqual([path, 200]);
      add(`API ${path}`, page.body);
    }
    const running = await processes();
    expect(places.length).toBeGreaterThan(30);
    expect(running.length).toBeGreaterThan(6);

    const secrets = {
      ...SECRETS,
      rotated,
      password: 'basic-real-credential-55pQ',
      alice: scene.alice,
      bob: scene.bob,
    };
    const found: string[] = [];
    const search = (what: string, value: string, where: readonly Place[]): void => {
      for (const [form, bytes] of forms(value)) {
        for (const { name, content } of where)
          if (content.includes(bytes)) found.push(`${what} ${form} in ${name}`);
      }
    };
    for (const [what, value] of Object.entries(secrets)) search(what, value, [...places, ...running]);
    const keyFile = home.gatewayKeyFile;
    const sealingKey = await readLine(keyFile);
    const envoys = network.replicas.map((replica) => `/proc/${replica.envoy.process.pid}/environ`);
    search(
      'sealing key',
      sealingKey,
      places.filter(({ name }) => name !== keyFile),
    );
    search(
      'sealing key',
      sealingKey,
      running.filter(({ name }) => !envoys.includes(name)),
    );
    const adminToken = await readLine(home.adminTokenFile);
    search(
      'admin token',
      adminToken,
      places.filter(({ name }) => name !== home.adminTokenFile),
    );
    search('admin token', adminToken, running);
    search('metrics token', scrapeToken, [
      ...places.filter(({ name }) => name !== scrapeTokenFile),
      ...running,
    ]);
    expect(found).toEqual([]);
    // The search itself works: what must be there is found.
    expect(
      running
        .filter(({ content }) => content.includes(sealingKey))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(envoys.sort());
    const digest = createHash('sha256').update(scene.bob).digest();
    expect(places.some(({ content }) => content.includes(digest))).toBe(true);
  });
});

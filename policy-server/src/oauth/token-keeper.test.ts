import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeResource } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import { createOutbound } from '../outbound/outbound-call.js';
import { writeResource } from '../store/resource-writes.js';
import { openStore, silentLog, temporaryDirectory, TestClock, TESTER } from '../store/store.fixture.js';
import type { PolicyStore } from '../store/store.js';
import { Vault } from '../vault/vault.js';
import { until } from '../xds/envoy.fixture.js';
import { type AuthorizationServer, startAuthorizationServer } from './oauth.fixture.js';
import { TokenKeeper } from './token-keeper.js';

const call = createOutbound({ trusted: rootCertificates.join('\n') });
const HOUR = 3600_000;

/** A clock whose timers run when it is moved. */
class Timers extends TestClock {
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];

  timer = (delayMs: number, run: () => void): (() => void) => {
    const entry = { atMs: this.nowMs() + delayMs, run };
    this.#due.push(entry);
    return () => {
      if (this.#due.includes(entry)) this.#due.splice(this.#due.indexOf(entry), 1);
    };
  };

  /** Moves on, one timer after another, with time for requests in between. */
  async pass(ms: number): Promise<void> {
    const end = this.nowMs() + ms;
    for (;;) {
      await keeper.idle();
      const next = this.#due.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > end) break;
      this.#due.shift();
      this.advance(Math.max(0, next.atMs - this.nowMs()));
      next.run();
    }
    this.advance(end - this.nowMs());
  }
}

let directory: ReturnType<typeof temporaryDirectory>;
let clock: Timers;
let store: PolicyStore;
let vault: Vault;
let keeper: TokenKeeper;
let server: AuthorizationServer;

async function open(): Promise<void> {
  store = openStore(directory.path, clock);
  vault = await Vault.open({ path: `${directory.path}/vault.json`, store, clock, log: silentLog });
  keeper = new TokenKeeper({
    store,
    vault,
    call,
    clock,
    random: () => 0,
    timer: clock.timer,
    log: silentLog,
  });
}

async function restart(): Promise<void> {
  await keeper.stop();
  store.close();
  await open();
  keeper.start();
}

/** Writes a credential as the API does. */
async function put(name: string, oauth2: object = {}): Promise<void> {
  const spec = {
    hosts: ['api.example'],
    oauth2: { tokenUrl: server.tokenUrl, clientId: 'me', clientSecret: 'client-secret', ...oauth2 },
  };
  // Without what was set to undefined, as JSON is.
  const decoded = decodeResource('Credential', JSON.parse(JSON.stringify({ metadata: { name }, spec })));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
  const input = decoded.value;
  const { oauth2Secrets = {} } = input;
  const grants = () => [];
  await vault.sealOAuth2(name, input.spec.oauth2!, oauth2Secrets, (sealedOAuth2) =>
    store.write(TESTER, (tx) => {
      const result = writeResource(tx, grants, input, { mode: 'replace', precondition: {}, sealedOAuth2 });
      return { result, audit: { action: 'put', kind: 'Credential', name, changes: result.changes } };
    }),
  );
}

const stored = (name = 'c') => store.resources().credentials.get(name)!;
const value = (name = 'c') =>
  vault.value(stored(name).resource.metadata.uid, stored(name).valueVersion).expose();
const reason = (name = 'c') => keeper.condition(name)?.reason;
const calls = (count: number) => until(() => server.calls.length >= count && reason() !== undefined);
const fresh = (name = 'c') => until(() => reason(name) === 'TokenFresh');

/** Moves on to a share of the current token's hour. */
const passTo = (share: number) =>
  clock.pass(stored().token!.obtainedAt * 1000 + share * HOUR - clock.nowMs());

beforeEach(async () => {
  directory = temporaryDirectory();
  clock = new Timers();
  server = await startAuthorizationServer();
  await open();
  keeper.start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await keeper.stop();
  store.close();
  directory.remove();
});

describe('the access token of a new credential', () => {
  it('is obtained at once with client credentials, and becomes its value', async () => {
    await put('c');
    expect(stored()).toMatchObject({ valueVersion: 0, token: { suspended: true } });
    await fresh();
    expect(value()).toBe('access-token-1');
    expect(stored().token).toEqual({
      obtainedAt: clock.nowMs() / 1000,
      expiresAt: clock.nowMs() / 1000 + 3600,
      suspended: false,
    });
    expect(server.calls[0]?.form.toString()).toBe('grant_type=client_credentials');
    expect(server.calls[0]?.authorization).toBe(
      `Basic ${Buffer.from('me:client-secret').toString('base64')}`,
    );
  });

  it('is waited for without sending anything in its place', async () => {
    server.script.push({ status: 500, body: 'no' });
    await put('c');
    await until(() => keeper.condition('c')?.message.includes('500'));
    expect(keeper.condition('c')).toMatchObject({ status: 'False', reason: 'TokenPending' });
    expect(stored()).toMatchObject({ valueVersion: 0, token: { suspended: true } });
    await clock.pass(1000);
    await fresh();
  });
});

describe('renewal', () => {
  it('comes at 70 % of the lifetime, again and again', async () => {
    await put('c');
    await fresh();
    for (let round = 2; round <= 4; round++) {
      await passTo(0.69);
      expect(server.calls).toHaveLength(round - 1);
      await passTo(0.71);
      await until(() => value() === `access-token-${round}`);
      await fresh();
    }
  });

  it('keeps rotated refresh tokens, also over restarts, and never uses one twice', async () => {
    await put('c', { refreshToken: server.refreshToken, clientSecret: undefined });
    await fresh();
    for (let round = 2; round <= 6; round++) {
      if (round % 2 === 0) await restart();
      await clock.pass(0.75 * HOUR);
      await until(() => value() === `access-token-${round}`);
    }
    expect(server.reuses).toBe(0);
    const held = vault.oauth2Secrets(stored().resource.metadata.uid)?.secrets.expose();
    expect(held).toEqual({ refreshToken: server.refreshToken });
    expect(server.calls.at(-1)?.form.get('client_id')).toBe('me');
  });

  it('stays consistent while others write the same credential', async () => {
    server.lifetimeSeconds = 60;
    await put('c', { refreshToken: server.refreshToken });
    await fresh();
    const edits = Array.from({ length: 40 }, (_, index) =>
      put('c', { grant: 'refresh-token', scopes: [`s${index}`] }),
    );
    await Promise.all([...edits, vault.rotateVaultKey()]);
    await until(() => server.calls.at(-1)?.form.get('scope') === 's39' && reason() === 'TokenFresh');
    await clock.pass(600_000);
    expect(server.reuses).toBe(0);
    expect(value()).toBe(server.accessToken);
    await restart();
    expect(value()).toBe(server.accessToken);
    expect(vault.oauth2Secrets(stored().resource.metadata.uid)?.secrets.expose()).toMatchObject({
      refreshToken: server.refreshToken,
    });
  });

  it('is one request at a time for a credential, and few for all of them', async () => {
    server.delayMs = 20;
    await Promise.all(Array.from({ length: 12 }, (_, index) => put(`c${index}`)));
    for (let index = 0; index < 12; index++) await fresh(`c${index}`);
    expect(server.calls).toHaveLength(12);
    expect(server.mostParallel).toBeLessThanOrEqual(4);
  });

  it('does not ask for what is still good after a start', async () => {
    await put('c');
    await fresh();
    await restart();
    await clock.pass(0.5 * HOUR);
    expect(server.calls).toHaveLength(1);
    expect(reason()).toBe('TokenFresh');
  });

  it('takes a shorter, textual or missing lifetime', async () => {
    server.lifetimeSeconds = '600';
    await put('c');
    await fresh();
    expect(stored().token?.expiresAt).toBe(clock.nowMs() / 1000 + 600);
    server.lifetimeSeconds = undefined;
    await put('d');
    await fresh('d');
    expect(stored('d').token?.expiresAt).toBe(0);
    await clock.pass(100 * HOUR);
    expect(keeper.condition('d')?.status).toBe('True');
  });

  it('asks anew when the secret or the scopes change, and keeps the old token meanwhile', async () => {
    await put('c');
    await fresh();
    server.delayMs = 50;
    await put('c', { scopes: ['more'] });
    expect(stored().token?.suspended).toBe(false);
    expect(value()).toBe('access-token-1');
    await until(() => value() === 'access-token-2');
    await put('c', { scopes: ['more'], clientSecret: 'another' });
    await until(() => value() === 'access-token-3');
    expect(server.calls.at(-1)?.authorization).toBe(`Basic ${Buffer.from('me:another').toString('base64')}`);
  });
});

describe('failing renewal', () => {
  it('waits twice as long each time, raises the alarm long before the end, and recovers', async () => {
    await put('c');
    await fresh();
    server.script.push(...Array.from({ length: 6 }, () => ({ status: 503, body: 'down' })));
    await passTo(0.7);
    await until(() => reason() === 'RenewalFailing');
    expect(keeper.condition('c')).toMatchObject({ status: 'False' });
    expect(keeper.status()).toMatchObject({ byState: { failing: 1, fresh: 0 } });
    expect(keeper.status().failingExpiresInSeconds).toBeCloseTo(0.3 * 3600, 0);
    expect(value()).toBe('access-token-1');
    // Half of 1, 2, 4, 8 and 16 seconds.
    for (const [index, wait] of [500, 1000, 2000, 4000, 8000].entries()) {
      await clock.pass(wait - 1);
      expect(server.calls).toHaveLength(2 + index);
      await clock.pass(1);
      await keeper.idle();
      expect(server.calls).toHaveLength(3 + index);
    }
    await clock.pass(60_000);
    await fresh();
    expect(keeper.status().failingExpiresInSeconds).toBeNull();
  });

  it('suspends a token at its end, and takes it back with the next one', async () => {
    await put('c');
    await fresh();
    server.script.push(...Array.from({ length: 100 }, () => 'reset' as const));
    await clock.pass(1.1 * HOUR);
    await until(() => stored().token?.suspended === true);
    expect(keeper.condition('c')).toMatchObject({ status: 'False', reason: 'TokenExpired' });
    server.script.length = 0;
    await clock.pass(300_000);
    await fresh();
    expect(stored().token?.suspended).toBe(false);
  });

  it('suspends at a start what ended meanwhile', async () => {
    await put('c');
    await fresh();
    await keeper.stop();
    clock.advance(2 * HOUR);
    server.script.push({ status: 500, body: '' });
    await restart();
    expect(stored().token?.suspended).toBe(true);
    await clock.pass(2000);
    await fresh();
  });

  it('does not hammer a server that refuses the client', async () => {
    server.script.push(
      ...Array.from({ length: 50 }, () => ({ status: 401, body: { error: 'invalid_client' } })),
    );
    await put('c');
    await until(() => keeper.condition('c')?.message.includes('invalid_client'));
    await clock.pass(2 * HOUR);
    expect(server.calls.length).toBeLessThanOrEqual(6);
  });
});

describe('what is stored', () => {
  it('goes with the credential', async () => {
    await put('c');
    await fresh();
    const { uid } = stored().resource.metadata;
    await vault.forget('c', () =>
      store.write(TESTER, (tx) => {
        tx.removeResource(stored().resource);
        return { result: null, audit: { action: 'delete', kind: 'Credential', name: 'c', changes: [] } };
      }),
    );
    expect(store.sealedOAuth2Rows()).toEqual([]);
    expect(vault.oauth2Secrets(uid)).toBeUndefined();
    expect(keeper.condition('c')).toBeNull();
    await clock.pass(10 * HOUR);
    expect(server.calls).toHaveLength(1);
  });

  it('is encrypted, and rewrapped with the vault key', async () => {
    await put('c', { refreshToken: server.refreshToken });
    await fresh();
    const before = store.sealedOAuth2Rows()[0]!;
    await vault.rotateVaultKey();
    const after = store.sealedOAuth2Rows()[0]!;
    expect(after.key_id).not.toBe(before.key_id);
    expect(JSON.stringify([before, after])).not.toMatch(/client-secret|refresh-token/);
    await restart();
    expect(vault.oauth2Secrets(stored().resource.metadata.uid)?.secrets.expose()).toMatchObject({
      clientSecret: 'client-secret',
    });
  });

  it('is never a value that stood there before', async () => {
    await vault.seal('c', new Secret('static-key'), (sealed) =>
      store.write(TESTER, (tx) => {
        const decoded = decodeResource('Credential', {
          metadata: { name: 'c' },
          spec: { value: 'static-key', hosts: ['api.example'] },
        });
        if (!decoded.ok) throw new Error('refused');
        const grants = () => [];
        const result = writeResource(tx, grants, decoded.value, { mode: 'create', precondition: {}, sealed });
        return { result, audit: { action: 'put', kind: 'Credential', name: 'c', changes: [] } };
      }),
    );
    server.script.push({ status: 500, body: '' });
    await put('c');
    expect(stored()).toMatchObject({ valueVersion: 1, token: { suspended: true } });
    await calls(1);
  });
});

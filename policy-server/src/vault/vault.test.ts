import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '@hiclaw/service-kit';
import { compactDecrypt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deleteResource, writeResource } from '../store/resource-writes.js';
import {
  openStore,
  resource,
  silentLog,
  temporaryDirectory,
  TestClock,
  TESTER,
} from '../store/store.fixture.js';
import type { PolicyStore } from '../store/store.js';
import { Vault } from './vault.js';

let directory: ReturnType<typeof temporaryDirectory>;
let store: PolicyStore;
let vault: Vault;
const clock = new TestClock();
const keyFile = () => join(directory.path, 'vault.json');
const openVault = () => Vault.open({ path: keyFile(), store, clock, log: silentLog });

beforeEach(async () => {
  directory = temporaryDirectory();
  store = openStore(directory.path, clock);
  vault = await openVault();
});
afterEach(() => {
  store.close();
  directory.remove();
});

function setValue(name: string, value: string, dryRun = false): Promise<number | undefined> {
  return vault.seal(name, new Secret(value), (sealed) => {
    store.write({ ...TESTER, dryRun }, (tx) => ({
      result: writeResource(tx, () => [], resource('Credential', name, { value, hosts: ['a.example'] }), {
        mode: 'replace',
        precondition: {},
        sealed,
      }),
      audit: { action: 'replace', kind: 'Credential', name, changes: [] },
    }));
    return sealed?.valueVersion;
  });
}

function currentValue(name: string): string {
  const { resource: credential, valueVersion } = store.resources().credentials.get(name)!;
  return vault.value(credential.metadata.uid, valueVersion).expose();
}

async function reopen(): Promise<void> {
  store.close();
  store = openStore(directory.path, clock);
  vault = await openVault();
}

describe('Vault', () => {
  it('gives values back after a restart, and keeps them out of every file', async () => {
    await setValue('openai', 'sk-very-real-1');
    await setValue('github', 'ghp-very-real-2');
    await reopen();
    expect(currentValue('openai')).toBe('sk-very-real-1');
    expect(currentValue('github')).toBe('ghp-very-real-2');
    for (const file of readdirSync(directory.path)) {
      expect(readFileSync(join(directory.path, file)).includes('very-real')).toBe(false);
    }
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
  });

  it('makes a new version for a new value only', async () => {
    expect(await setValue('openai', 'one')).toBe(1);
    expect(await setValue('openai', 'one')).toBeUndefined();
    expect(await setValue('openai', 'two')).toBe(2);
    const { uid } = store.resources().credentials.get('openai')!.resource.metadata;
    expect(vault.value(uid, 1).expose()).toBe('one');
    await setValue('openai', 'three');
    expect(() => vault.value(uid, 1)).toThrow(/no value of version 1/);
  });

  it('keeps nothing of a dry run', async () => {
    await setValue('openai', 'one');
    await setValue('openai', 'two', true);
    const { uid } = store.resources().credentials.get('openai')!.resource.metadata;
    expect(currentValue('openai')).toBe('one');
    expect(() => vault.value(uid, 2)).toThrow();
  });

  it('writes standard JWE: another implementation reads it with the key', async () => {
    await setValue('openai', 'sk-1');
    const ring = JSON.parse(readFileSync(keyFile(), 'utf8')) as { keys: { id: string; key: string }[] };
    const row = store.sealedRows()[0]!;
    const { plaintext, protectedHeader } = await compactDecrypt(
      row.jwe,
      Buffer.from(ring.keys[0]!.key, 'base64url'),
    );
    expect(Buffer.from(plaintext).toString()).toBe('sk-1');
    expect(protectedHeader).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: ring.keys[0]!.id,
      uid: row.credential_uid,
      ver: 1,
    });
  });

  it('refuses a ciphertext that was moved to another credential, or to another version', async () => {
    await setValue('a', 'value-a');
    await setValue('b', 'value-b');
    const rows = store.sealedRows();
    store.rewrap([{ ...rows[0]!, jwe: rows[1]!.jwe }]);
    await expect(openVault()).rejects.toThrow(/belongs to another credential/);
  });

  it('refuses a ciphertext that was changed', async () => {
    await setValue('a', 'value-a');
    const row = store.sealedRows()[0]!;
    const parts = row.jwe.split('.');
    const body = Buffer.from(parts[3]!, 'base64url');
    body[0]! ^= 1;
    store.rewrap([{ ...row, jwe: [...parts.slice(0, 3), body.toString('base64url'), parts[4]].join('.') }]);
    await expect(openVault()).rejects.toThrow(/it was changed/);
    store.rewrap([{ ...row, jwe: 'nonsense' }]);
    await expect(openVault()).rejects.toThrow(/no JWE/);
  });

  it('rotates its key while values are written, and forgets the old key', async () => {
    for (let i = 0; i < 120; i++) await setValue(`c-${String(i)}`, `value-${String(i)}`);
    const before = new Set(store.sealedRows().map((row) => row.key_id));
    const [rotation] = await Promise.all([
      vault.rotateVaultKey(),
      ...Array.from({ length: 20 }, (_, i) => setValue(`c-${String(i)}`, `new-${String(i)}`)),
      vault.rotateVaultKey(),
    ]);
    expect(rotation.rewrapped).toBe(120);
    const ring = JSON.parse(readFileSync(keyFile(), 'utf8')) as { current: string; keys: { id: string }[] };
    expect(ring.keys.map(({ id }) => id)).toEqual([ring.current]);
    expect(before.has(ring.current)).toBe(false);
    await reopen();
    for (let i = 0; i < 120; i++) {
      expect(currentValue(`c-${String(i)}`)).toBe(i < 20 ? `new-${String(i)}` : `value-${String(i)}`);
    }
  });

  it('finishes a rotation that was cut off', async () => {
    await setValue('a', 'value-a');
    const file = JSON.parse(readFileSync(keyFile(), 'utf8')) as { current: string; keys: object[] };
    const key = {
      id: 'v-next',
      key: Buffer.alloc(32, 7).toString('base64url'),
      createdAt: '2026-01-01T00:00:00Z',
    };
    writeFileSync(keyFile(), JSON.stringify({ current: 'v-next', keys: [...file.keys, key] }), {
      mode: 0o600,
    });
    await reopen();
    expect(store.sealedRows()).toMatchObject([{ key_id: 'v-next' }]);
    expect(currentValue('a')).toBe('value-a');
    expect(JSON.parse(readFileSync(keyFile(), 'utf8'))).toMatchObject({ keys: [{ id: 'v-next' }] });
  });

  it('forgets the values of a deleted credential', async () => {
    await setValue('a', 'value-a');
    const { uid } = store.resources().credentials.get('a')!.resource.metadata;
    await vault.forget('a', () =>
      store.write(TESTER, (tx) => ({
        result: deleteResource(tx, () => [], 'Credential', 'a', {}),
        audit: { action: 'delete', kind: 'Credential', name: 'a', changes: [] },
      })),
    );
    expect(() => vault.value(uid, 1)).toThrow();
    expect(store.sealedRows()).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    ['others may read', () => chmodSync(keyFile(), 0o644), /mode 0644/],
    ['is not JSON', () => writeFileSync(keyFile(), 'secret-key-text'), /not a key ring/],
    ['lacks its current key', () => writeFileSync(keyFile(), '{"current":"x","keys":[]}'), /not a key ring/],
    [
      'holds a short key',
      () =>
        writeFileSync(
          keyFile(),
          `{"current":"x","keys":[{"id":"x","createdAt":"","key":"${'A'.repeat(42)}*"}]}`,
        ),
      /not a key ring/,
    ],
  ])('refuses a key ring that %s', async (_case, damage, message) => {
    damage();
    await expect(openVault()).rejects.toThrow(message);
  });

  it('refuses to start without the key that values need', async () => {
    await setValue('a', 'value-a');
    writeFileSync(
      keyFile(),
      JSON.stringify({
        current: 'x',
        keys: [{ id: 'x', key: Buffer.alloc(32).toString('base64url'), createdAt: '' }],
      }),
    );
    await expect(reopen()).rejects.toThrow(/not in the key ring/);
  });
});

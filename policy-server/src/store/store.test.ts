import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Kind } from '@hiclaw/resources';
import { findResource } from './draft.js';
import { editAccess, grant, withdraw } from './grant-writes.js';
import { deleteResource, writeResource } from './resource-writes.js';
import type { GrantKind } from './resource-set.js';
import type { PolicyStore } from './store.js';
import { openStore, resource, temporaryDirectory, TestClock, TESTER } from './store.fixture.js';
import { deleteToken, issueToken, rotateTokens } from './token-writes.js';
import type { WriteTransaction } from './transaction.js';

let directory: ReturnType<typeof temporaryDirectory>;
let store: PolicyStore;
let clock: TestClock;
let counter = 0;
beforeEach(() => {
  directory = temporaryDirectory();
  clock = new TestClock();
  store = openStore(directory.path, clock);
});
afterEach(() => {
  store.close();
  directory.remove();
});

const grants = (kind: GrantKind, route: string) => store.grantsOnRoute(kind, route);

function edit<T>(change: (tx: WriteTransaction) => T, dryRun = false): T {
  return store.write({ ...TESTER, dryRun }, (tx) => ({
    result: change(tx),
    audit: { action: 'test', kind: 'Test', name: 'test', changes: [] },
  })).result;
}

function put(kind: Kind, name: string, spec: object): void {
  edit((tx) => writeResource(tx, grants, resource(kind, name, spec), { mode: 'replace', precondition: {} }));
}

function token(expiresAt = 0) {
  counter++;
  const digest = Buffer.alloc(32);
  digest.writeUInt32BE(counter);
  return { id: `tok-${String(counter)}`, digest, description: '', createdAt: 1, expiresAt };
}

const route = (allowedConsumers?: unknown[]) => ({
  models: ['*'],
  targets: [{ provider: 'p' }],
  ...(allowedConsumers === undefined ? {} : { allowedConsumers }),
});

describe('PolicyStore', () => {
  it('gives every write a policy version and an audit record', () => {
    put('Consumer', 'alice', {});
    put('Consumer', 'bob', {});
    expect(store.resources().policyVersion).toBe(2);
    expect(store.audit.read({ limit: 10 }).map((record) => record.policyVersion)).toEqual([2, 1]);
    expect(store.audit.verify()).toMatchObject({ records: 2, brokenAt: null });
  });

  it('keeps nothing of a write that fails, nor of a dry run', () => {
    put('Consumer', 'alice', {});
    const before = store.resources();
    expect(() =>
      edit((tx) => {
        issueToken(tx, 'alice', token());
        issueToken(tx, 'nobody', token());
      }),
    ).toThrow(/"nobody" does not exist/);
    edit((tx) => issueToken(tx, 'alice', token()), true);
    expect(store.resources()).toBe(before);
    expect(store.reload()).toEqual(before);
    expect(store.audit.read({ limit: 10 })).toHaveLength(1);
  });

  it('keeps the objects of what did not change', () => {
    put('Consumer', 'alice', {});
    put('LlmRoute', 'chat', route(['alice']));
    const before = store.resources();
    put('Consumer', 'bob', {});
    const after = store.resources();
    expect(after.llmRoutes).toBe(before.llmRoutes);
    expect(after.grants).toBe(before.grants);
    expect(after.consumers.get('alice')).toBe(before.consumers.get('alice'));
    expect(before.consumers.has('bob')).toBe(false);
  });

  it('gives a route its next version when its grants change, and only then', () => {
    put('LlmRoute', 'chat', route());
    const version = () => findResource(store.resources(), 'LlmRoute', 'chat')?.metadata;
    edit((tx) => grant(tx, { kind: 'llm-routes', route: 'chat', consumer: 'alice' }, null, {}));
    expect(version()).toMatchObject({ resourceVersion: '2', generation: 2 });
    edit((tx) => grant(tx, { kind: 'llm-routes', route: 'chat', consumer: 'alice' }, null, {}));
    expect(version()).toMatchObject({ resourceVersion: '2', generation: 2 });
    edit((tx) => withdraw(tx, { kind: 'llm-routes', route: 'chat', consumer: 'alice' }, {}));
    expect(version()).toMatchObject({ resourceVersion: '4', generation: 3 });
  });

  it('leaves grants alone when a route is replaced without a list, and replaces them with one', () => {
    put('LlmRoute', 'chat', route(['alice', { name: 'bob', models: ['b', 'a'] }]));
    put('LlmRoute', 'chat', { ...route(), models: ['gpt-4o'] });
    expect(store.resources().grants.get('bob')).toMatchObject([{ models: ['a', 'b'], source: 'admin' }]);
    put('LlmRoute', 'chat', route(['carol']));
    expect([...store.resources().grants.keys()]).toEqual(['carol']);
    put('LlmRoute', 'chat', route([]));
    expect(store.resources().grants.size).toBe(0);
  });

  it('takes tokens and grants away with their consumer, and grants with their route', () => {
    put('Consumer', 'alice', {});
    put('LlmRoute', 'chat', route(['alice']));
    put('LlmRoute', 'other', route(['alice']));
    edit((tx) => issueToken(tx, 'alice', token()));
    edit((tx) => deleteResource(tx, grants, 'LlmRoute', 'other', {}));
    expect(store.resources().grants.get('alice')).toHaveLength(1);
    edit((tx) => deleteResource(tx, grants, 'Consumer', 'alice', {}));
    expect(store.resources().tokens.size).toBe(0);
    expect(store.resources().grants.size).toBe(0);
    expect(findResource(store.resources(), 'LlmRoute', 'chat')?.metadata.generation).toBe(2);
  });

  it('refuses to delete what something refers to, and names it', () => {
    put('Provider', 'p', { baseUrl: 'https://a.example' });
    put('LlmRoute', 'chat', route());
    expect(() => edit((tx) => deleteResource(tx, grants, 'Provider', 'p', {}))).toThrow(
      /used by llm-routes\/chat/,
    );
  });

  it('ends other tokens after the grace period when rotating', () => {
    put('Consumer', 'alice', {});
    const [first, second, third] = [token(), token(), token()];
    const now = clock.nowMs() / 1000;
    edit((tx) => issueToken(tx, 'alice', first));
    edit((tx) => rotateTokens(tx, 'alice', second, 60));
    expect(store.resources().tokens.get('alice')).toMatchObject([{ expiresAt: now + 60 }, { expiresAt: 0 }]);
    edit((tx) => rotateTokens(tx, 'alice', third, 0));
    expect(store.resources().tokens.get('alice')).toMatchObject([{ id: third.id }]);
    expect(() => edit((tx) => deleteToken(tx, 'alice', first.id))).toThrow(/does not exist/);
  });

  it('forgets tokens that expired long ago and limits the live ones', () => {
    put('Consumer', 'alice', {});
    edit((tx) => issueToken(tx, 'alice', token(clock.nowMs() / 1000 + 10)));
    clock.advance(31 * 24 * 3600 * 1000);
    for (let i = 0; i < 64; i++) edit((tx) => issueToken(tx, 'alice', token()));
    expect(store.resources().tokens.get('alice')).toHaveLength(64);
    expect(() => edit((tx) => issueToken(tx, 'alice', token()))).toThrow(/64 live tokens/);
  });

  it('survives a listener that throws', () => {
    let calls = 0;
    store.subscribe(() => {
      throw new Error('not my day');
    });
    const end = store.subscribe(() => calls++);
    put('Consumer', 'alice', {});
    end();
    put('Consumer', 'bob', {});
    expect(calls).toBe(1);
  });
});

const names = fc.constantFrom('a', 'b', 'c');
const kinds = fc.constantFrom<Kind>('Provider', 'LlmRoute', 'McpServer', 'ServiceRoute', 'Consumer');
const grantKinds = fc.constantFrom<GrantKind>('llm-routes', 'mcp-servers', 'service-routes');
const models = fc.option(fc.uniqueArray(names, { minLength: 1 }), { nil: null });

const SPECS: Readonly<Record<string, (salt: string, allowed: unknown[] | undefined) => object>> = {
  Provider: (salt) => ({ baseUrl: `https://${salt}.example` }),
  LlmRoute: (salt, allowed) => ({ ...route(allowed), path: `/${salt}` }),
  McpServer: (salt, allowed) => ({
    url: `https://${salt}.example/mcp`,
    ...(allowed === undefined ? {} : { allowedConsumers: allowed }),
  }),
  ServiceRoute: (salt) => ({
    baseUrl: `https://${salt}.example`,
    allow: [{ methods: ['GET'], paths: ['/**'] }],
  }),
  Consumer: (salt) => ({ description: salt, disabled: salt === 'a' }),
};

type Edit = (tx: WriteTransaction) => unknown;

const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(kinds, names, names, fc.option(fc.uniqueArray(names), { nil: undefined })).map(
    ([kind, name, salt, allowed]): Edit =>
      (tx) =>
        writeResource(tx, grants, resource(kind, name, SPECS[kind]!(salt, allowed), { salt }), {
          mode: 'replace',
          precondition: {},
        }),
  ),
  fc.tuple(kinds, names).map(
    ([kind, name]): Edit =>
      (tx) =>
        deleteResource(tx, grants, kind, name, {}),
  ),
  fc.tuple(grantKinds, names, names, models).map(
    ([kind, name, consumer, list]): Edit =>
      (tx) =>
        grant(tx, { kind, route: name, consumer }, kind === 'llm-routes' ? list : null, {}),
  ),
  fc.tuple(grantKinds, names, names).map(
    ([kind, name, consumer]): Edit =>
      (tx) =>
        withdraw(tx, { kind, route: name, consumer }, {}),
  ),
  fc.tuple(names, names, fc.boolean()).map(
    ([consumer, name, give]): Edit =>
      (tx) =>
        editAccess(tx, consumer, [
          { kind: 'llm-routes', route: name, models: give ? ['x'] : undefined, path: '' },
        ]),
  ),
  names.map(
    (name): Edit =>
      (tx) =>
        issueToken(tx, name, token()),
  ),
  fc.tuple(names, fc.constantFrom(0, 60)).map(
    ([name, grace]): Edit =>
      (tx) =>
        rotateTokens(tx, name, token(), grace),
  ),
  names.map(
    (name): Edit =>
      (tx) =>
        deleteToken(tx, name, tx.tokensOf(name)[0]?.id ?? 'none'),
  ),
  fc.tuple(names, fc.boolean()).map(([name, revoked]): Edit => (tx) => {
    const stored = tx.current.consumers.get(name);
    if (stored !== undefined) tx.setRevoked(stored.resource, revoked);
  }),
);

describe('the mirror in memory', () => {
  it('equals what the database says after any sequence of edits, refused ones and dry runs included', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(edits, fc.boolean()), { maxLength: 25 }), (steps) => {
        for (const [step, sometimes] of steps) {
          try {
            edit(step, sometimes && steps.length % 3 === 0);
          } catch (error) {
            expect(error).toMatchObject({ name: 'GatewayError' });
          }
        }
        expect(store.resources()).toEqual(store.reload());
      }),
      { numRuns: 60 },
    );
    expect(store.audit.verify().brokenAt).toBeNull();
  });
});

describe('the audit log', () => {
  it('refuses edits, and shows one that was forced', () => {
    for (const name of ['alice', 'bob', 'carol']) put('Consumer', name, {});
    store.close();
    const database = new SqliteDatabase(join(directory.path, 'policy.db'));
    expect(() => database.exec("UPDATE audit SET actor = 'x'")).toThrow(/append-only/);
    expect(() => database.exec('DELETE FROM audit')).toThrow(/append-only/);
    database.exec("DROP TRIGGER audit_is_never_updated; UPDATE audit SET actor = 'x' WHERE sequence = 2");
    database.close();
    store = openStore(directory.path, clock);
    expect(store.audit.verify()).toMatchObject({ brokenAt: 2 });
  });
});

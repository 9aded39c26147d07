import { describe, expect, it } from 'vitest';
import { typeUrl } from '../render/json.js';
import { CLUSTER_TYPE, EXTENSION_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../render/names.js';
import { buildSnapshot, type Snapshot } from '../snapshot/snapshot.js';
import { type DiscoveryRequest, type GatewayNode, readNode } from './discovery.js';
import { Session, type SessionResponse } from './session.js';

const node: GatewayNode = {
  id: 'gateway-0',
  envoyVersion: '1.40.0',
  bind: '127.0.0.1',
  port: 18080,
  accessLog: null,
  adminSocket: null,
  concurrency: 2,
};

interface Content {
  readonly clusters?: string[];
  readonly keyAuth?: string;
  readonly injection?: string;
  readonly version?: number;
}

function snapshotOf({
  clusters = ['a'],
  keyAuth = 'k1',
  injection = 'i1',
  version = 1,
}: Content = {}): Snapshot {
  const extension = (plugin: 'key-auth' | 'credential-injection', imageHash: string) => ({
    plugin,
    message: { name: plugin },
    frame: { name: plugin },
    imageHash,
    imageVersion: BigInt(version),
  });
  return buildSnapshot(null, {
    policyVersion: version,
    clusters: clusters.map((name) => ({ name })),
    routes: { name: 'gateway' },
    extensions: [extension('credential-injection', injection), extension('key-auth', keyAuth)],
    listener: ({ port }) => ({ name: 'gateway', port }),
  });
}

/** A gateway that does what it is told. */
class Gateway {
  readonly sent: SessionResponse[] = [];
  readonly session = new Session(node, (response) => {
    this.sent.push(response);
  });

  ask(type: string, names: string[] = [], version = ''): void {
    const request = { type_url: typeUrl(type), resource_names: names, version_info: version };
    this.session.receive(request);
  }

  get last(): SessionResponse {
    return this.sent.at(-1)!;
  }

  accept(response = this.last, names: string[] = [response.resource.name]): ReturnType<Session['receive']> {
    return this.session.receive(answer(response, names));
  }

  refuse(response = this.last, message = 'no'): ReturnType<Session['receive']> {
    return this.session.receive({ ...answer(response, [response.resource.name]), error_detail: { message } });
  }
}

function answer({ type, nonce, version }: SessionResponse, names: string[]): DiscoveryRequest {
  return { type_url: typeUrl(type), response_nonce: nonce, version_info: version, resource_names: names };
}

const PLUGINS = ['credential-injection', 'key-auth'];

describe('Session', () => {
  it('sends what was asked for, and the same content only once', () => {
    const gateway = new Gateway();
    gateway.ask(CLUSTER_TYPE);
    expect(gateway.sent).toEqual([]);
    const snapshot = snapshotOf();
    gateway.session.publish(snapshot);
    expect(gateway.last).toMatchObject({ type: CLUSTER_TYPE, version: snapshot.clusters.hash });
    gateway.accept();
    gateway.session.publish(snapshotOf({ version: 2 }));
    expect(gateway.sent).toHaveLength(1);
    gateway.ask(LISTENER_TYPE);
    gateway.accept();
    gateway.ask(ROUTE_TYPE, ['gateway']);
    gateway.accept();
    expect(gateway.sent.map(({ type }) => type)).toEqual([CLUSTER_TYPE, LISTENER_TYPE, ROUTE_TYPE]);
  });

  it('sends one extension at a time, each with a version that names what is held then', () => {
    const gateway = new Gateway();
    const snapshot = snapshotOf();
    gateway.session.publish(snapshot);
    gateway.ask(EXTENSION_TYPE, PLUGINS);
    expect(gateway.sent.map(({ resource }) => resource.name)).toEqual(['credential-injection']);
    gateway.accept(gateway.last, PLUGINS);
    expect(gateway.sent.map(({ resource }) => resource.name)).toEqual(PLUGINS);
    const hashes = PLUGINS.map(
      (name) => `${name}=${snapshot.extensions.get(name as 'key-auth')?.hash ?? ''}`,
    );
    expect(gateway.last.version).toBe(hashes.join(';'));
  });

  it('sends only the extension that changed', () => {
    const gateway = new Gateway();
    gateway.session.publish(snapshotOf());
    gateway.ask(EXTENSION_TYPE, PLUGINS);
    gateway.accept(gateway.last, PLUGINS);
    gateway.accept(gateway.last, PLUGINS);
    gateway.session.publish(snapshotOf({ keyAuth: 'k2', version: 2 }));
    expect(gateway.sent.slice(2).map(({ resource }) => resource.name)).toEqual(['key-auth']);
  });

  it('sends only the newest of many changes, when the gateway is ready', () => {
    const gateway = new Gateway();
    gateway.session.publish(snapshotOf());
    gateway.ask(EXTENSION_TYPE, ['key-auth']);
    for (let i = 2; i < 50; i++) gateway.session.publish(snapshotOf({ keyAuth: `k${i}`, version: i }));
    expect(gateway.sent).toHaveLength(1);
    gateway.accept();
    expect(gateway.sent).toHaveLength(2);
    expect(gateway.last.resource.imageVersion).toBe(49n);
    gateway.accept();
    expect(gateway.sent).toHaveLength(2);
  });

  it('lets neither extension starve the other', () => {
    const gateway = new Gateway();
    gateway.session.publish(snapshotOf());
    gateway.ask(EXTENSION_TYPE, PLUGINS);
    for (let i = 2; i < 10; i++) {
      gateway.session.publish(snapshotOf({ keyAuth: `k${i}`, injection: `i${i}`, version: i }));
      gateway.accept(gateway.last, PLUGINS);
    }
    const names = gateway.sent.map(({ resource }) => resource.name);
    expect(names).toEqual(names.map((_name, index) => PLUGINS[index % 2]));
  });

  it('does not repeat what was refused, and sends what comes after it', () => {
    const gateway = new Gateway();
    const good = snapshotOf();
    gateway.session.publish(good);
    gateway.ask(EXTENSION_TYPE, ['key-auth']);
    expect(gateway.accept()).toEqual({ resource: 'key-auth', refusal: null });
    const bad = snapshotOf({ keyAuth: 'bad', version: 2 });
    gateway.session.publish(bad);
    expect(gateway.refuse(gateway.last, 'Unable to create\nWasm plugin')).toEqual({
      resource: 'key-auth',
      refusal: 'Unable to create Wasm plugin',
    });
    expect(gateway.sent).toHaveLength(2);
    expect(gateway.session.hasRejected(bad.extensions.get('key-auth')!)).toBe(true);
    expect(gateway.session.held(EXTENSION_TYPE, 'key-auth')?.hash).toBe(
      good.extensions.get('key-auth')?.hash,
    );
    gateway.session.publish(snapshotOf({ keyAuth: 'k3', version: 3 }));
    expect(gateway.sent).toHaveLength(3);
    gateway.accept();
    // Refused once is not refused for ever: it may have been the state before it that did not go with it.
    gateway.session.publish(bad);
    expect(gateway.sent).toHaveLength(4);
  });

  it('names in the version of a later response what is really held after a refusal', () => {
    const gateway = new Gateway();
    const good = snapshotOf();
    gateway.session.publish(good);
    gateway.ask(EXTENSION_TYPE, PLUGINS);
    gateway.accept(gateway.last, PLUGINS);
    gateway.accept(gateway.last, PLUGINS);
    gateway.session.publish(snapshotOf({ keyAuth: 'bad', version: 2 }));
    gateway.session.receive({ ...answer(gateway.last, PLUGINS), error_detail: { message: 'no' } });
    const next = snapshotOf({ keyAuth: 'bad', injection: 'i2', version: 3 });
    gateway.session.publish(next);
    expect(gateway.last.version).toBe(
      `credential-injection=${next.extensions.get('credential-injection')!.hash};key-auth=${good.extensions.get('key-auth')!.hash}`,
    );
  });

  it('sends nothing to a gateway that reconnects with everything', () => {
    const snapshot = snapshotOf();
    const first = new Gateway();
    first.session.publish(snapshot);
    const held = new Map<string, string>();
    const names: Record<string, string[]> = { [ROUTE_TYPE]: ['gateway'], [EXTENSION_TYPE]: PLUGINS };
    for (const type of [CLUSTER_TYPE, LISTENER_TYPE, ROUTE_TYPE, EXTENSION_TYPE]) {
      first.ask(type, names[type]);
      for (let i = 0; i < 2; i++) first.accept(first.last, names[type]);
      held.set(type, first.last.version);
    }
    const again = new Gateway();
    again.session.publish(snapshotOf({ version: 7 }));
    for (const [type, version] of held) again.ask(type, names[type], version);
    expect(again.sent).toEqual([]);
    const changed = new Gateway();
    changed.session.publish(snapshotOf({ keyAuth: 'k2', version: 8 }));
    for (const [type, version] of held) changed.ask(type, names[type], version);
    expect(changed.sent.map(({ resource }) => resource.name)).toEqual(['key-auth']);
  });

  it('does not take the answer to an older response for that to the last', () => {
    const gateway = new Gateway();
    gateway.session.publish(snapshotOf());
    gateway.ask(EXTENSION_TYPE, ['key-auth']);
    const first = gateway.last;
    gateway.accept();
    gateway.session.publish(snapshotOf({ keyAuth: 'k2', version: 2 }));
    expect(gateway.refuse(first)).toBeNull();
    expect(gateway.session.hasRejected(snapshotOf({ keyAuth: 'k2' }).extensions.get('key-auth')!)).toBe(
      false,
    );
  });

  it('sends again what a gateway asks for again after it stopped', () => {
    const gateway = new Gateway();
    gateway.session.publish(snapshotOf());
    gateway.ask(EXTENSION_TYPE, PLUGINS);
    gateway.accept(gateway.last, PLUGINS);
    gateway.accept(gateway.last, PLUGINS);
    gateway.accept(gateway.last, ['key-auth']);
    expect(gateway.session.held(EXTENSION_TYPE, 'credential-injection')).toBeUndefined();
    gateway.accept(gateway.last, PLUGINS);
    expect(gateway.last.resource.name).toBe('credential-injection');
    expect(gateway.sent).toHaveLength(3);
  });

  it('ignores types it does not serve, and names that do not exist', () => {
    const gateway = new Gateway();
    gateway.session.publish(snapshotOf());
    gateway.ask('envoy.extensions.transport_sockets.tls.v3.Secret', ['x']);
    gateway.ask(EXTENSION_TYPE, ['other']);
    gateway.session.receive({});
    expect(gateway.sent).toEqual([]);
  });
});

describe('readNode', () => {
  const fields = {
    bind: { stringValue: '::1' },
    port: { numberValue: 18080 },
    concurrency: { numberValue: 2 },
  };
  const build = { version: { major_number: 1, minor_number: 40 } };

  it('reads what a listener needs', () => {
    expect(readNode({ id: 'g', metadata: { fields }, user_agent_build_version: build })).toEqual({
      id: 'g',
      envoyVersion: '1.40.0',
      bind: '::1',
      port: 18080,
      accessLog: null,
      adminSocket: null,
      concurrency: 2,
    });
  });

  it('reads where it writes what calls use', () => {
    const usageJournal = { stringValue: '/home/usage/g.jsonl' };
    expect(readNode({ id: 'g', metadata: { fields: { ...fields, usageJournal } } })).toMatchObject({
      usageJournal: '/home/usage/g.jsonl',
    });
    for (const wrong of ['', 'g.jsonl', `/${'a'.repeat(4096)}`]) {
      const bad = { ...fields, usageJournal: { stringValue: wrong } };
      expect(() => readNode({ id: 'g', metadata: { fields: bad } })).toThrow('node.metadata.usageJournal');
    }
  });

  it('reads where the admin interface is, and what of tracing', () => {
    const tracing = {
      structValue: {
        fields: {
          service: { stringValue: 'gateway' },
          percent: { numberValue: 5 },
          tracesUrl: { stringValue: 'http://127.0.0.1:4318/v1/traces' },
        },
      },
    };
    const adminSocket = { stringValue: '/run/admin.sock' };
    expect(readNode({ id: 'g', metadata: { fields: { ...fields, adminSocket, tracing } } })).toMatchObject({
      adminSocket: '/run/admin.sock',
      tracing: { service: 'gateway', percent: 5, tracesUrl: 'http://127.0.0.1:4318/v1/traces' },
    });
  });

  it.each([
    ['percent', { numberValue: 0 }],
    ['percent', { numberValue: 101 }],
    ['percent', { stringValue: '5' }],
    ['service', { stringValue: '' }],
    ['service', { stringValue: 'line\nbreak' }],
    ['tracesUrl', { stringValue: 'file:///etc/passwd' }],
    ['tracesUrl', {}],
  ])('refuses tracing with %s %j', (name, bad) => {
    const good = {
      service: { stringValue: 'gateway' },
      percent: { numberValue: 5 },
      tracesUrl: { stringValue: 'http://127.0.0.1:4318/v1/traces' },
    };
    const tracing = { structValue: { fields: { ...good, [name]: bad } } };
    expect(() => readNode({ id: 'g', metadata: { fields: { ...fields, tracing } } })).toThrow(
      `node.metadata.tracing.${name}`,
    );
  });

  it.each([
    ['no node', undefined],
    [
      'an admin socket at a relative path',
      { id: 'g', metadata: { fields: { ...fields, adminSocket: { stringValue: 'a.sock' } } } },
    ],
    ['an id with a space', { id: 'a b', metadata: { fields } }],
    ['an id that is too long', { id: 'a'.repeat(129), metadata: { fields } }],
    ['no metadata', { id: 'g' }],
    [
      'a host name to bind to',
      { id: 'g', metadata: { fields: { ...fields, bind: { stringValue: 'host' } } } },
    ],
    ['port 0', { id: 'g', metadata: { fields: { ...fields, port: { numberValue: 0 } } } }],
    [
      'a port that is no number',
      { id: 'g', metadata: { fields: { ...fields, port: { stringValue: '1' } } } },
    ],
    ['half a worker', { id: 'g', metadata: { fields: { ...fields, concurrency: { numberValue: 0.5 } } } }],
    ['a relative log', { id: 'g', metadata: { fields: { ...fields, accessLog: { stringValue: 'a.log' } } } }],
  ])('refuses %s', (_what, bad) => {
    expect(() => readNode(bad)).toThrow(RangeError);
  });
});

import type { Clock } from '@hiclaw/service-kit';
import { beforeEach, describe, expect, it } from 'vitest';
import { typeUrl } from '../render/json.js';
import { CLUSTER_TYPE, EXTENSION_TYPE, LISTENER_TYPE, type PluginName, ROUTE_TYPE } from '../render/names.js';
import { buildSnapshot, type Snapshot } from '../snapshot/snapshot.js';
import type { DiscoveryRequest } from './discovery.js';
import { Fleet } from './fleet.js';
import { Session, type SessionResponse } from './session.js';

const PLUGINS: readonly PluginName[] = ['credential-injection', 'key-auth'];
const NAMES: Record<string, readonly string[]> = {
  [CLUSTER_TYPE]: [],
  [LISTENER_TYPE]: [],
  [ROUTE_TYPE]: ['gateway'],
  [EXTENSION_TYPE]: PLUGINS,
};

class TestClock implements Clock {
  ms = 1_000_000;
  nowMs(): number {
    return this.ms;
  }
}

/** As an Envoy with one worker does it: accepts what it gets, and both of its VMs confirm. */
class Gateway {
  readonly session: Session;
  readonly #fleet: Fleet;
  readonly #waiting: SessionResponse[] = [];
  readonly versions: Record<string, string> = {};
  refuses = '';
  confirms = true;

  constructor(fleet: Fleet, id = 'gateway-0') {
    this.#fleet = fleet;
    const node = {
      id,
      envoyVersion: '1.40.0',
      bind: '127.0.0.1',
      port: 1,
      accessLog: null,
      adminSocket: null,
      concurrency: 1,
    };
    this.session = new Session(node, (response) => {
      this.#waiting.push(response);
    });
  }

  connect(versions: Readonly<Record<string, string>> = {}): boolean {
    const requests = Object.entries(NAMES).map(([type, names]): DiscoveryRequest => {
      return { type_url: typeUrl(type), resource_names: names, version_info: versions[type] ?? '' };
    });
    if (!this.#fleet.connect(this.session, requests[0]!)) return false;
    for (const request of requests) this.#fleet.receive(this.session, request);
    return true;
  }

  /** Answers everything that has arrived. */
  work(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#answer(next);
  }

  #answer({ type, version, nonce, resource }: SessionResponse): void {
    const request = { type_url: typeUrl(type), resource_names: NAMES[type] ?? [], response_nonce: nonce };
    if (resource.name === this.refuses) {
      this.#fleet.receive(this.session, {
        ...request,
        error_detail: { message: 'Unable to create Wasm plugin' },
      });
      return;
    }
    this.versions[type] = version;
    this.#fleet.receive(this.session, { ...request, version_info: version });
    if (resource.imageVersion !== null && this.confirms)
      this.confirm(resource.name, resource.imageVersion, 2);
  }

  confirm(plugin: string, version: bigint, vms: number): void {
    for (let vm = 0; vm < vms; vm++) {
      this.#fleet.confirm(this.session.node.id, plugin as PluginName, `${plugin} ${vm}`, version);
    }
  }
}

let clock: TestClock;
let fleet: Fleet;
let last: Snapshot | null;
beforeEach(() => {
  clock = new TestClock();
  fleet = new Fleet(clock);
  last = null;
});

function publish(policyVersion: number, keyAuth = 'k', injection = 'i', clusters = ['a']): void {
  const extension = (plugin: PluginName, imageHash: string) => ({
    plugin,
    message: { name: plugin },
    frame: { name: plugin },
    imageHash,
    imageVersion: BigInt(policyVersion),
  });
  last = buildSnapshot(last, {
    policyVersion,
    clusters: clusters.map((name) => ({ name })),
    routes: { name: 'gateway' },
    extensions: [extension('credential-injection', injection), extension('key-auth', keyAuth)],
    listener: ({ port }) => ({ name: 'gateway', port }),
  });
  fleet.publish(last);
}

function started(id = 'gateway-0'): Gateway {
  const gateway = new Gateway(fleet, id);
  expect(gateway.connect()).toBe(true);
  gateway.work();
  return gateway;
}

describe('Fleet', () => {
  it('answers at once when there is no gateway', async () => {
    publish(1);
    expect(await fleet.applied(5, 1_000)).toEqual([]);
  });

  it('counts a version as applied only when every thread confirmed it', async () => {
    publish(1);
    const gateway = started();
    gateway.confirms = false;
    publish(2, 'k2');
    gateway.work();
    const answer = fleet.applied(2, 60_000);
    gateway.confirm('key-auth', 2n, 1);
    expect(await fleet.applied(2, 0)).toEqual([
      { id: 'gateway-0', applied: false, ms: 0, error: '1 of its threads have not confirmed key-auth yet' },
    ]);
    expect(fleet.list()).toMatchObject([{ appliedPolicyVersion: 1 }]);
    clock.ms += 12;
    gateway.confirm('key-auth', 2n, 2);
    expect(await answer).toEqual([{ id: 'gateway-0', applied: true, ms: 12 }]);
    expect(fleet.list()).toMatchObject([{ appliedPolicyVersion: 2 }]);
  });

  it('counts a version that changes nothing as applied where the content is', async () => {
    publish(1);
    started();
    publish(2);
    expect(await fleet.applied(2, 0)).toEqual([{ id: 'gateway-0', applied: true, ms: 0 }]);
  });

  it('counts a version as applied that was overtaken before it was sent', async () => {
    publish(1);
    const gateway = started();
    publish(2, 'k2');
    publish(3, 'k3');
    publish(4, 'k4');
    const answer = fleet.applied(3, 60_000);
    gateway.work();
    expect(await answer).toEqual([{ id: 'gateway-0', applied: true, ms: 0 }]);
  });

  it('does not starve in a storm: content that was right for a version counts for it', async () => {
    publish(1);
    const gateway = started();
    publish(2, 'k2');
    const answer = fleet.applied(2, 60_000);
    publish(3, 'k3');
    // The gateway is still at the content of version 2 when 4 comes.
    gateway.confirms = false;
    publish(4, 'k4');
    gateway.work();
    gateway.confirm('key-auth', 4n, 2);
    expect(await answer).toMatchObject([{ applied: true }]);
  });

  it('counts content that was there before and is again', async () => {
    publish(1, 'a');
    const gateway = started();
    publish(2, 'b');
    publish(3, 'a');
    gateway.work();
    expect(await fleet.applied(3, 0)).toMatchObject([{ applied: true }]);
  });

  it('says at once who refused what, and keeps saying so until the resource is accepted', async () => {
    publish(1);
    const gateway = started();
    gateway.refuses = 'key-auth';
    publish(2, 'corrupt');
    const answer = fleet.applied(2, 60_000);
    gateway.work();
    const error = 'it refused key-auth: Unable to create Wasm plugin';
    expect(await answer).toEqual([{ id: 'gateway-0', applied: false, ms: 0, error }]);
    const lastError = {
      at: '1970-01-01T00:16:40.000Z',
      resource: 'key-auth',
      message: 'Unable to create Wasm plugin',
    };
    expect(fleet.list()).toMatchObject([{ connected: true, appliedPolicyVersion: 1, lastError }]);
    gateway.refuses = '';
    publish(3, 'good');
    gateway.work();
    expect(fleet.list()).toMatchObject([{ appliedPolicyVersion: 3, lastError: null }]);
  });

  it('says at once that a version cannot be compiled', async () => {
    publish(1);
    started();
    const answer = fleet.applied(2, 60_000);
    fleet.fail(2);
    const error = 'policy version 2 is not compiled; the last good one stays in force';
    expect(await answer).toEqual([{ id: 'gateway-0', applied: false, ms: 0, error }]);
  });

  it('gives up after the time', async () => {
    publish(1);
    const gateway = started();
    gateway.confirms = false;
    publish(2, 'k2');
    const [one] = await fleet.applied(2, 20);
    expect(one).toMatchObject({ applied: false, error: 'it has not accepted key-auth yet' });
  });

  it('waits for all of several gateways', async () => {
    publish(1);
    const [a, b] = [started('a'), started('b')];
    publish(2, 'k2');
    const answer = fleet.applied(2, 60_000);
    a.work();
    b.work();
    expect(await answer).toEqual([
      { id: 'a', applied: true, ms: 0 },
      { id: 'b', applied: true, ms: 0 },
    ]);
  });

  it('believes a gateway that reconnects with the content that is wanted', async () => {
    publish(1);
    const gateway = started();
    const restarted = new Fleet(clock);
    fleet = restarted;
    last = null;
    publish(9);
    const again = new Gateway(restarted);
    again.connect(gateway.versions);
    expect(await restarted.applied(9, 0)).toEqual([{ id: 'gateway-0', applied: true, ms: 0 }]);
    publish(10, 'k10');
    expect(await restarted.applied(10, 0)).toMatchObject([{ applied: false }]);
    again.work();
    expect(await restarted.applied(10, 0)).toMatchObject([{ applied: true }]);
  });

  it('does not believe what the VMs of a process said that is gone', async () => {
    publish(1);
    const gateway = started();
    fleet.disconnect(gateway.session);
    const fresh = new Gateway(fleet);
    fresh.confirms = false;
    fresh.connect();
    fresh.work();
    expect(await fleet.applied(1, 0)).toMatchObject([{ applied: false }]);
    expect(fleet.list()).toMatchObject([{ appliedPolicyVersion: null }]);
  });

  it('needs no credentials where there is no upstream', async () => {
    publish(1, 'k', 'i', []);
    const gateway = new Gateway(fleet);
    gateway.refuses = 'credential-injection';
    gateway.connect();
    gateway.work();
    expect(await fleet.applied(1, 0)).toMatchObject([{ applied: true }]);
  });

  it('turns a second gateway of the same id away, and takes it when the first is gone', () => {
    publish(1);
    const first = started();
    const second = new Gateway(fleet);
    expect(second.connect()).toBe(false);
    fleet.disconnect(second.session);
    expect(fleet.list()).toMatchObject([{ connected: true }]);
    fleet.disconnect(first.session);
    expect(second.connect()).toBe(true);
  });

  it('lists a lost gateway for ten minutes, with what it last ran', () => {
    publish(1);
    const gateway = started();
    fleet.disconnect(gateway.session);
    clock.ms += 600_000;
    expect(fleet.list()).toEqual([
      { id: 'gateway-0', envoyVersion: '1.40.0', connected: false, appliedPolicyVersion: 1, lastError: null },
    ]);
    clock.ms += 1;
    expect(fleet.list()).toEqual([]);
  });

  it('reports a gateway whose stream breaks while somebody waits', async () => {
    publish(1);
    const gateway = started();
    publish(2, 'k2');
    const answer = fleet.applied(2, 20);
    fleet.disconnect(gateway.session);
    expect(await answer).toMatchObject([{ applied: false, error: 'its stream is broken' }]);
  });

  it('does not take confirmations from strangers', () => {
    publish(1);
    expect(fleet.confirm('nobody', 'key-auth', '0', 1n)).toBe(false);
  });
});

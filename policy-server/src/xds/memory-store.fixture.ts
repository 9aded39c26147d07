import path from 'node:path';
import { createLogger, Secret, systemClock } from '@hiclaw/service-kit';
import type { ResourceSet } from '../store/resource-set.js';
import type { GatewayControlOptions, GatewayControlSettings } from './gateway-control.js';
import type { ResourceSetBuilder } from './resource-set.fixture.js';

/** Holds a ResourceSet as the store does, without a database. */
export class MemoryStore {
  readonly builder: ResourceSetBuilder;
  readonly #listeners = new Set<() => void>();
  #set: ResourceSet;

  constructor(builder: ResourceSetBuilder) {
    this.builder = builder;
    this.#set = builder.set();
  }

  get policyVersion(): number {
    return this.#set.policyVersion;
  }

  /** Edits and commits; the new policy version. */
  commit(edit: (builder: ResourceSetBuilder) => void): number {
    edit(this.builder);
    this.#set = this.builder.set();
    for (const listener of this.#listeners) listener();
    return this.#set.policyVersion;
  }

  /** Options of a gateway control that serves this store. */
  options(home: string, settings: Partial<GatewayControlSettings> = {}): GatewayControlOptions {
    return {
      resources: () => this.#set,
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => {
          this.#listeners.delete(listener);
        };
      },
      openCredential: (uid, valueVersion) => new Secret(`sk-real-${uid}-${valueVersion}`),
      sealingKey: new Secret<Uint8Array>(new Uint8Array(32)),
      sockets: { ads: path.join(home, 'ads.sock'), gateway: path.join(home, 'gateway.sock') },
      settings: { maxBodyBytes: 16_777_216, ...settings },
      clock: systemClock,
      log: createLogger({ name: 'test', level: 'silent' }),
    };
  }
}

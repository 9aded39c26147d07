import { randomUUID } from 'node:crypto';
import { type Clock, GatewayError, type Logger, Secret } from '@hiclaw/service-kit';
import type { SealedRow } from '../store/load.js';
import type { PolicyStore } from '../store/store.js';
import type { SealedValue } from '../store/transaction.js';
import { KeyRing } from './key-ring.js';
import { openValue, sealValue } from './sealed-value.js';
import { Serial } from './serial.js';

/** Ciphertexts rewrapped within one transaction. */
const REWRAP_BATCH = 100;

export interface VaultOptions {
  /** The key ring file. */
  readonly path: string;
  readonly store: PolicyStore;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Rotation {
  /** The key that is in use now. */
  readonly keyId: string;
  /** How many stored values were encrypted anew. */
  readonly rewrapped: number;
}

function identify(uid: string, valueVersion: number): string {
  return `${uid}/${valueVersion}`;
}

/**
 * Real upstream credentials: encrypted in the database, open only in this process's memory, handed out to what seals
 * them for the gateway. No API returns one.
 */
export class Vault {
  readonly #ring: KeyRing;
  readonly #options: VaultOptions;
  readonly #open = new Map<string, Secret>();
  /** Sealing and rotation must not interleave: a value sealed with a key that is being dropped would be lost. */
  readonly #serial = new Serial();

  private constructor(options: VaultOptions, ring: KeyRing) {
    this.#options = options;
    this.#ring = ring;
  }

  /**
   * Opens the key ring and every stored value, and finishes a rotation that was interrupted.
   *
   * @throws GatewayError `FILE_MODE_LOOSE`, `VAULT_KEYS_INVALID`, `VAULT_VALUE_UNREADABLE`
   */
  static async open(options: VaultOptions): Promise<Vault> {
    const ring = KeyRing.open(options.path, new Date(options.clock.nowMs()).toISOString());
    const vault = new Vault(options, ring);
    for (const row of options.store.sealedRows()) {
      const value = await openValue(
        ring,
        { uid: row.credential_uid, valueVersion: row.value_version },
        row.jwe,
      );
      vault.#open.set(identify(row.credential_uid, row.value_version), value);
    }
    if (ring.ids.length > 1) await vault.#serial.run(() => vault.#rewrap());
    return vault;
  }

  /**
   * The value of a credential.
   *
   * @throws GatewayError `CREDENTIAL_VALUE_UNKNOWN` for one that is neither the current nor the previous version
   */
  value(uid: string, valueVersion: number): Secret {
    const value = this.#open.get(identify(uid, valueVersion));
    if (value !== undefined) return value;
    throw new GatewayError(
      'CREDENTIAL_VALUE_UNKNOWN',
      `Credential ${uid} has no value of version ${valueVersion}.`,
    );
  }

  /**
   * Seals a new value for the credential of that name and lets `write` store it, with no other value written in
   * between. `write` gets undefined when the value is the one that is stored already.
   */
  seal<T>(name: string, value: Secret, write: (sealed: SealedValue | undefined) => T): Promise<T> {
    return this.#serial.run(async () => {
      const current = this.#options.store.resources().credentials.get(name);
      const uid = current?.resource.metadata.uid ?? randomUUID();
      if (current !== undefined && this.value(uid, current.valueVersion).expose() === value.expose()) {
        return write(undefined);
      }
      const valueVersion = (current?.valueVersion ?? 0) + 1;
      const { keyId, jwe } = await sealValue(this.#ring, { uid, valueVersion }, value);
      // Known before the commit: listeners of the store ask for it at once.
      this.#open.set(identify(uid, valueVersion), value);
      try {
        const result = write({ uid, valueVersion, keyId, jwe });
        this.#open.delete(identify(uid, valueVersion - 2));
        return result;
      } finally {
        const stored = this.#options.store.resources().credentials.get(name);
        const kept = stored?.resource.metadata.uid === uid && stored.valueVersion === valueVersion;
        if (!kept) this.#open.delete(identify(uid, valueVersion));
      }
    });
  }

  /** Lets `write` delete a credential, with no value written in between, and forgets its values. */
  forget<T>(name: string, write: () => T): Promise<T> {
    return this.#serial.run(() => {
      const current = this.#options.store.resources().credentials.get(name);
      const result = write();
      if (current !== undefined && !this.#options.store.resources().credentials.has(name)) {
        const { uid } = current.resource.metadata;
        this.#open.delete(identify(uid, current.valueVersion));
        this.#open.delete(identify(uid, current.valueVersion - 1));
      }
      return Promise.resolve(result);
    });
  }

  /** Makes a new key, encrypts all stored values with it, then forgets the old keys. Nothing stops meanwhile. */
  rotateVaultKey(): Promise<Rotation> {
    return this.#serial.run(async () => {
      this.#ring.add(new Date(this.#options.clock.nowMs()).toISOString());
      return this.#rewrap();
    });
  }

  async #rewrap(): Promise<Rotation> {
    const keyId = this.#ring.currentId;
    const old = this.#options.store.sealedRows().filter((row) => row.key_id !== keyId);
    for (let start = 0; start < old.length; start += REWRAP_BATCH) {
      const rows: SealedRow[] = [];
      for (const row of old.slice(start, start + REWRAP_BATCH)) {
        const identity = { uid: row.credential_uid, valueVersion: row.value_version };
        const value = await openValue(this.#ring, identity, row.jwe);
        const sealed = await sealValue(this.#ring, identity, value);
        rows.push({ ...row, key_id: sealed.keyId, jwe: sealed.jwe });
      }
      this.#options.store.rewrap(rows);
    }
    this.#ring.forgetOthers();
    this.#options.log.info(
      { rewrapped: old.length },
      'stored credentials are encrypted with the current vault key',
    );
    return { keyId, rewrapped: old.length };
  }
}

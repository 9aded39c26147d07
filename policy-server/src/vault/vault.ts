import { randomUUID } from 'node:crypto';
import type { OAuth2Secrets, OAuth2Spec } from '@hiclaw/resources';
import { type Clock, GatewayError, type Logger, Secret } from '@hiclaw/service-kit';
import type { SealedRow } from '../store/load.js';
import type { PolicyStore } from '../store/store.js';
import type { SealedValue } from '../store/transaction.js';
import { KeyRing } from './key-ring.js';
import { mergeOAuth2Secrets, oauth2Identity, readOAuth2Secrets } from './oauth2-secrets.js';
import { openValue, sealValue, type ValueIdentity } from './sealed-value.js';
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

/** The secrets of a credential with OAuth 2. */
export interface HeldOAuth2Secrets {
  /** Rises with every change of them. */
  readonly version: number;
  readonly secrets: Secret<OAuth2Secrets>;
}

/** What a token endpoint gave. */
export interface NewAccessToken {
  /** The credential and its secrets that this was asked for with. */
  readonly uid: string;
  readonly secretVersion: number;
  readonly accessToken: Secret;
  /** Takes the place of the one that was used (RFC 6749 §6). */
  readonly refreshToken: Secret | undefined;
}

/** Sealed parts of a new access token; absent: as they are stored already. */
export interface SealedToken {
  readonly value?: SealedValue;
  readonly secrets?: SealedValue;
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
  readonly #oauth2 = new Map<string, HeldOAuth2Secrets>();
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
    for (const row of options.store.sealedOAuth2Rows()) {
      const version = row.value_version;
      const text = await openValue(ring, oauth2Identity(row.credential_uid, version), row.jwe);
      vault.#oauth2.set(row.credential_uid, { version, secrets: readOAuth2Secrets(text) });
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

  /** The secrets of a credential with OAuth 2, or undefined. */
  oauth2Secrets(uid: string): HeldOAuth2Secrets | undefined {
    return this.#oauth2.get(uid);
  }

  /**
   * Seals secrets of a credential with OAuth 2 and lets `write` store them, with no other secret written in between.
   * What is not given stays as it is. `write` gets undefined when nothing changes.
   *
   * @throws InvalidInput when a secret that the grant needs was neither given nor stored
   */
  sealOAuth2<T>(
    name: string,
    spec: OAuth2Spec,
    given: OAuth2Secrets,
    write: (sealed: SealedValue | undefined) => T,
  ): Promise<T> {
    return this.#serial.run(async () => {
      const uid =
        this.#options.store.resources().credentials.get(name)?.resource.metadata.uid ?? randomUUID();
      const held = this.#oauth2.get(uid);
      const merged = mergeOAuth2Secrets(spec, held?.secrets.expose() ?? {}, given);
      if (held !== undefined && JSON.stringify(held.secrets.expose()) === JSON.stringify(merged)) {
        return write(undefined);
      }
      const sealed = await this.#sealSecrets(uid, (held?.version ?? 0) + 1, merged);
      return this.#keepOAuth2(sealed, merged, () => write(sealed));
    });
  }

  /**
   * Seals what a token endpoint gave and lets `write` store it, with nothing else written in between. Gives null, and
   * writes nothing, when the credential or its secrets are others by now.
   */
  sealToken<T>(name: string, token: NewAccessToken, write: (sealed: SealedToken) => T): Promise<T | null> {
    return this.#serial.run(async () => {
      const stored = this.#options.store.resources().credentials.get(name);
      const held = this.#oauth2.get(token.uid);
      const same = stored?.resource.metadata.uid === token.uid && held?.version === token.secretVersion;
      if (!same) return null;
      const value = await this.#sealNewValue(token.uid, stored.valueVersion, token.accessToken);
      const refreshToken = token.refreshToken?.expose();
      const old = held.secrets.expose();
      if (refreshToken === undefined || refreshToken === old.refreshToken) {
        return this.#keepValue(value, token.accessToken, () => write(value === undefined ? {} : { value }));
      }
      const merged = { ...old, refreshToken };
      const secrets = await this.#sealSecrets(token.uid, held.version + 1, merged);
      return this.#keepOAuth2(secrets, merged, () =>
        this.#keepValue(value, token.accessToken, () =>
          write(value === undefined ? { secrets } : { value, secrets }),
        ),
      );
    });
  }

  /**
   * Seals a new value for the credential of that name and lets `write` store it, with no other value written in
   * between. `write` gets undefined when the value is the one that is stored already.
   */
  seal<T>(name: string, value: Secret, write: (sealed: SealedValue | undefined) => T): Promise<T> {
    return this.#serial.run(async () => {
      const current = this.#options.store.resources().credentials.get(name);
      const uid = current?.resource.metadata.uid ?? randomUUID();
      const sealed = await this.#sealNewValue(uid, current?.valueVersion ?? 0, value);
      const result = this.#keepValue(sealed, value, () => write(sealed));
      const stored = this.#options.store.resources().credentials.get(name);
      if (stored?.token === undefined) this.#oauth2.delete(uid);
      return result;
    });
  }

  /** Undefined when the value is the one that is stored already. */
  async #sealNewValue(uid: string, before: number, value: Secret): Promise<SealedValue | undefined> {
    if (before > 0 && this.value(uid, before).expose() === value.expose()) return undefined;
    const valueVersion = before + 1;
    return { uid, valueVersion, ...(await sealValue(this.#ring, { uid, valueVersion }, value)) };
  }

  /** Knows the value while `write` commits it, as listeners of the store ask for it at once; and after, if it did. */
  #keepValue<T>(sealed: SealedValue | undefined, value: Secret, write: () => T): T {
    if (sealed === undefined) return write();
    const { uid, valueVersion } = sealed;
    this.#open.set(identify(uid, valueVersion), value);
    try {
      const result = write();
      this.#open.delete(identify(uid, valueVersion - 2));
      return result;
    } finally {
      const kept = [...this.#options.store.resources().credentials.values()].some(
        (stored) => stored.resource.metadata.uid === uid && stored.valueVersion === valueVersion,
      );
      if (!kept) this.#open.delete(identify(uid, valueVersion));
    }
  }

  async #sealSecrets(uid: string, version: number, secrets: OAuth2Secrets): Promise<SealedValue> {
    const text = new Secret(JSON.stringify(secrets));
    return {
      uid,
      valueVersion: version,
      ...(await sealValue(this.#ring, oauth2Identity(uid, version), text)),
    };
  }

  /** Knows the secrets once `write` has committed them, and the old ones when it has not. */
  #keepOAuth2<T>(sealed: SealedValue, secrets: OAuth2Secrets, write: () => T): T {
    const { uid, valueVersion: version } = sealed;
    const before = this.#oauth2.get(uid);
    this.#oauth2.set(uid, { version, secrets: new Secret(secrets) });
    let kept = false;
    try {
      const result = write();
      kept = this.#options.store
        .sealedOAuth2Rows()
        .some((row) => row.credential_uid === uid && row.value_version === version);
      return result;
    } finally {
      if (!kept && before === undefined) this.#oauth2.delete(uid);
      else if (!kept && before !== undefined) this.#oauth2.set(uid, before);
    }
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
        this.#oauth2.delete(uid);
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
    const { store, log } = this.#options;
    const values = await this.#rewrapRows('values', store.sealedRows(), (uid, valueVersion) => ({
      uid,
      valueVersion,
    }));
    const rewrapped = values + (await this.#rewrapRows('oauth2', store.sealedOAuth2Rows(), oauth2Identity));
    this.#ring.forgetOthers();
    log.info({ rewrapped }, 'stored credentials are encrypted with the current vault key');
    return { keyId: this.#ring.currentId, rewrapped };
  }

  async #rewrapRows(
    of: 'values' | 'oauth2',
    stored: readonly SealedRow[],
    identityOf: (uid: string, version: number) => ValueIdentity,
  ): Promise<number> {
    const keyId = this.#ring.currentId;
    const old = stored.filter((row) => row.key_id !== keyId);
    for (let start = 0; start < old.length; start += REWRAP_BATCH) {
      const rows: SealedRow[] = [];
      for (const row of old.slice(start, start + REWRAP_BATCH)) {
        const identity = identityOf(row.credential_uid, row.value_version);
        const value = await openValue(this.#ring, identity, row.jwe);
        const sealed = await sealValue(this.#ring, identity, value);
        rows.push({ ...row, key_id: sealed.keyId, jwe: sealed.jwe });
      }
      this.#options.store.rewrap(rows, of);
    }
    return old.length;
  }
}

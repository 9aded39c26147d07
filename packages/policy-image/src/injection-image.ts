import { compareUtf8 } from './byte-order.js';
import { ImageReader, verify } from './image-reader.js';
import * as L from './layout.js';
import { PolicyImageError } from './policy-image-error.js';
import type { InjectionCredential, InjectionPolicy, InjectionUpstream } from './policy.js';
import { sealingKeyId, unseal, type Sealed } from './seal.js';
import { isBasePath } from './writer-checks.js';

const SECTIONS = [
  { name: 'UPSTREAMS', header: L.INJECTION_UPSTREAMS, entryBytes: L.UPSTREAM_BYTES },
  { name: 'BINDINGS', header: L.INJECTION_BINDINGS, entryBytes: L.BINDING_BYTES },
  { name: 'CREDENTIALS', header: L.INJECTION_CREDENTIALS, entryBytes: L.CREDENTIAL_BYTES },
  { name: 'HOSTS', header: L.INJECTION_HOSTS, entryBytes: L.HOST_BYTES },
  { name: 'STRINGS', header: L.INJECTION_STRINGS, entryBytes: 1 },
];

const PLACEMENTS = new Map<number, InjectionCredential['placement']>([
  [L.PLACEMENT_HEADER, 'header'],
  [L.PLACEMENT_QUERY, 'query'],
  [L.PLACEMENT_BASIC, 'basic'],
]);

/** A credential as the image holds it: sealed. */
export interface SealedCredential extends Omit<InjectionCredential, 'value'>, Sealed {}

interface RawUpstream {
  readonly key: string;
  readonly host: string;
  readonly path: string;
  readonly addsUsage: boolean;
  readonly credential: number;
  readonly bindings: readonly { readonly consumer: string; readonly credential: number }[];
}

/** A credential-injection image. Refuses every byte string that `writeInjectionImage` would not have written. */
export class InjectionImage {
  readonly policyVersion: bigint;
  /** See `sealingKeyId`. */
  readonly keyId: number;
  readonly upstreams: readonly InjectionUpstream[];
  readonly credentials: readonly SealedCredential[];

  /** @throws PolicyImageError when the bytes are not a canonical credential-injection image. */
  constructor(bytes: Uint8Array) {
    const reader = new ImageReader(bytes, {
      magic: L.INJECTION_MAGIC,
      format: L.INJECTION_FORMAT,
      headerBytes: L.INJECTION_HEADER_BYTES,
      sections: SECTIONS,
    });
    this.policyVersion = reader.policyVersion;
    this.keyId = reader.u32(L.INJECTION_KEY_ID);
    const upstreams = readUpstreams(reader);
    this.credentials = readCredentials(reader);
    reader.endOfStrings();
    const idOf = (index: number, owner: string): string => {
      const credential = this.credentials[index];
      verify(
        credential !== undefined,
        () => `"${owner}" has credential ${index} of ${this.credentials.length}`,
      );
      return credential.id;
    };
    this.upstreams = upstreams.map(({ key, host, path, addsUsage, credential, bindings }) => ({
      key,
      host,
      ...(path !== '' && { path }),
      ...(addsUsage && { addsUsage }),
      credential: credential === L.NONE ? null : idOf(credential, key),
      bindings: bindings.map((binding) => ({
        consumer: binding.consumer,
        credential: idOf(binding.credential, `${key}, ${binding.consumer}`),
      })),
    }));
  }

  /**
   * What was written, in canonical order, with the secrets opened.
   *
   * @throws PolicyImageError when the key is another one or a sealed value was tampered with.
   */
  toPolicy(sealingKey: Uint8Array): InjectionPolicy {
    if (sealingKeyId(sealingKey) !== this.keyId)
      throw new PolicyImageError('image is sealed with another key');
    const credentials = this.credentials.map((credential): InjectionCredential => {
      const { id, placement, name, prefix, hosts } = credential;
      const value = unseal(sealingKey, id, credential);
      if (value === null) throw new PolicyImageError(`credential "${id}" does not open`);
      return { id, placement, name, prefix, hosts, value };
    });
    return { policyVersion: this.policyVersion, upstreams: this.upstreams, credentials };
  }
}

function readUpstreams(reader: ImageReader): readonly RawUpstream[] {
  const upstreams: RawUpstream[] = [];
  let next = 0;
  for (let index = 0; index < reader.count(L.INJECTION_UPSTREAMS); index++) {
    const at = reader.entry(L.INJECTION_UPSTREAMS, index);
    const key = reader.nextText(at + L.UPSTREAM_KEY);
    const host = reader.nextText(at + L.UPSTREAM_HOST);
    const path = reader.nextText(at + L.UPSTREAM_PATH);
    const flags = reader.u32(at + L.UPSTREAM_FLAGS);
    const before = upstreams.at(-1);
    verify(
      before === undefined || compareUtf8(before.key, key) < 0,
      () => `upstream ${index} is not in order`,
    );
    verify(flags <= L.UPSTREAM_ADDS_USAGE, () => `"${key}": unknown flags ${flags}`);
    verify(isBasePath(path), () => `"${key}": ${JSON.stringify(path)} is no path`);
    verify(
      reader.u32(at + L.UPSTREAM_BINDINGS_START) === next,
      () => `bindings of "${key}" do not start at ${next}`,
    );
    const bindings: { consumer: string; credential: number }[] = [];
    for (const end = next + reader.u32(at + L.UPSTREAM_BINDINGS_COUNT); next < end; next++) {
      const bindingAt = reader.entry(L.INJECTION_BINDINGS, next);
      const consumer = reader.nextText(bindingAt + L.BINDING_CONSUMER);
      const previous = bindings.at(-1);
      const ascending = previous === undefined || compareUtf8(previous.consumer, consumer) < 0;
      verify(ascending, () => `binding ${next} is not in order`);
      verify(
        reader.u32(bindingAt + L.BINDING_RESERVED) === 0,
        () => `binding ${next}: reserved field is not zero`,
      );
      bindings.push({ consumer, credential: reader.u32(bindingAt + L.BINDING_CREDENTIAL) });
    }
    const addsUsage = flags === L.UPSTREAM_ADDS_USAGE;
    const credential = reader.u32(at + L.UPSTREAM_CREDENTIAL);
    upstreams.push({ key, host, path, addsUsage, credential, bindings });
  }
  verify(
    next === reader.count(L.INJECTION_BINDINGS),
    () => `${next} bindings belong to upstreams, others to none`,
  );
  return upstreams;
}

function readCredentials(reader: ImageReader): readonly SealedCredential[] {
  const credentials: SealedCredential[] = [];
  let next = 0;
  for (let index = 0; index < reader.count(L.INJECTION_CREDENTIALS); index++) {
    const at = reader.entry(L.INJECTION_CREDENTIALS, index);
    const id = reader.nextText(at + L.CREDENTIAL_ID);
    const before = credentials.at(-1);
    verify(
      before === undefined || compareUtf8(before.id, id) < 0,
      () => `credential ${index} is not in order`,
    );
    const placement = PLACEMENTS.get(reader.u32(at + L.CREDENTIAL_PLACEMENT));
    verify(placement !== undefined, () => `credential "${id}" has an unknown placement`);
    const name = reader.nextText(at + L.CREDENTIAL_NAME);
    const prefix = reader.nextText(at + L.CREDENTIAL_PREFIX);
    const nonce = Uint8Array.from(reader.bytes.subarray(at + L.CREDENTIAL_NONCE, at + L.CREDENTIAL_SEALED));
    const sealed = Uint8Array.from(reader.nextBytes(at + L.CREDENTIAL_SEALED));
    const reserved = reader.u32(at + L.CREDENTIAL_RESERVED) | reader.u32(at + L.CREDENTIAL_RESERVED + 4);
    verify(reserved === 0, () => `credential "${id}": reserved field is not zero`);
    verify(
      reader.u32(at + L.CREDENTIAL_HOSTS_START) === next,
      () => `hosts of "${id}" do not start at ${next}`,
    );
    const hosts: string[] = [];
    for (const end = next + reader.u32(at + L.CREDENTIAL_HOSTS_COUNT); next < end; next++) {
      const host = reader.nextText(reader.entry(L.INJECTION_HOSTS, next));
      const previous = hosts.at(-1);
      verify(previous === undefined || compareUtf8(previous, host) < 0, () => `host ${next} is not in order`);
      hosts.push(host);
    }
    verify(hosts.length > 0, () => `credential "${id}" is bound to no host`);
    credentials.push({ id, placement, name, prefix, hosts, nonce, sealed });
  }
  verify(
    next === reader.count(L.INJECTION_HOSTS),
    () => `${next} hosts belong to credentials, others to none`,
  );
  return credentials;
}

import { orderByKey, sortedDistinct } from './byte-order.js';
import { stampChecksum } from './checksum.js';
import { frameImage } from './image-frame.js';
import * as L from './layout.js';
import { PolicyImageError } from './policy-image-error.js';
import type { InjectionCredential, InjectionPolicy, InjectionUpstream } from './policy.js';
import { seal, sealingKeyId } from './seal.js';
import { StringTable } from './string-table.js';
import { isBasePath } from './writer-checks.js';

const PLACEMENT = { header: L.PLACEMENT_HEADER, query: L.PLACEMENT_QUERY, basic: L.PLACEMENT_BASIC };

/** The nonce derivation separates its parts with a zero byte, so an id must not hold one. */
const CREDENTIAL_ID = /^[\x21-\x7e]+$/;

/**
 * Compiles upstreams and their credentials into the image that the credential-injection plugin reads in place. Each
 * secret is sealed with the gateway's key; everything else is in the clear. Equal policies give equal bytes, in
 * whatever order their lists come.
 *
 * @param sealingKey 32 bytes.
 * @throws PolicyImageError when ids or keys repeat, something is referred to and missing, or a credential has no host.
 */
export function writeInjectionImage(policy: InjectionPolicy, sealingKey: Uint8Array): Buffer {
  const credentials = orderByKey(policy.credentials, (credential) => credential.id);
  const upstreams = orderByKey(policy.upstreams, (upstream) => upstream.key);
  const credentialIndex = indexById(credentials);
  refuseRepeated(
    upstreams.map((upstream) => upstream.key),
    'upstream',
  );

  const bindings = upstreams.map((upstream) => orderedBindings(upstream));
  const hosts = credentials.map((credential) => checkedHosts(credential));
  const strings = new StringTable();
  const frame = frameImage({
    magic: L.INJECTION_MAGIC,
    format: L.INJECTION_FORMAT,
    policyVersion: policy.policyVersion,
    headerBytes: L.INJECTION_HEADER_BYTES,
    sections: [
      { header: L.INJECTION_UPSTREAMS, count: upstreams.length, entryBytes: L.UPSTREAM_BYTES },
      { header: L.INJECTION_BINDINGS, count: bindings.flat().length, entryBytes: L.BINDING_BYTES },
      { header: L.INJECTION_CREDENTIALS, count: credentials.length, entryBytes: L.CREDENTIAL_BYTES },
      { header: L.INJECTION_HOSTS, count: hosts.flat().length, entryBytes: L.HOST_BYTES },
      {
        header: L.INJECTION_STRINGS,
        count: stringBytes(upstreams, bindings, credentials, hosts),
        entryBytes: 1,
      },
    ],
  });
  const { image, view } = frame;
  view.setUint32(L.INJECTION_KEY_ID, sealingKeyId(sealingKey), true);

  const put = (at: number, value: number): void => {
    view.setUint32(at, value, true);
  };
  const putText = (at: number, text: string): void => {
    put(at, strings.length);
    put(at + 4, strings.addText(text));
  };
  const indexOf = (upstream: InjectionUpstream, id: string): number => {
    const index = credentialIndex.get(id);
    if (index === undefined) throw new PolicyImageError(`upstream "${upstream.key}": no credential "${id}"`);
    return index;
  };

  let bindingStart = 0;
  for (const [index, upstream] of upstreams.entries()) {
    const at = frame.offsetOf(L.INJECTION_UPSTREAMS) + index * L.UPSTREAM_BYTES;
    const own = bindings[index] ?? [];
    putText(at + L.UPSTREAM_KEY, upstream.key);
    putText(at + L.UPSTREAM_HOST, upstream.host);
    putText(at + L.UPSTREAM_PATH, checkedPath(upstream));
    put(at + L.UPSTREAM_FLAGS, upstream.addsUsage === true ? L.UPSTREAM_ADDS_USAGE : 0);
    put(
      at + L.UPSTREAM_CREDENTIAL,
      upstream.credential === null ? L.NONE : indexOf(upstream, upstream.credential),
    );
    put(at + L.UPSTREAM_BINDINGS_START, bindingStart);
    put(at + L.UPSTREAM_BINDINGS_COUNT, own.length);
    for (const binding of own) {
      const bindingAt = frame.offsetOf(L.INJECTION_BINDINGS) + bindingStart * L.BINDING_BYTES;
      putText(bindingAt + L.BINDING_CONSUMER, binding.consumer);
      put(bindingAt + L.BINDING_CREDENTIAL, indexOf(upstream, binding.credential));
      bindingStart++;
    }
  }

  let hostStart = 0;
  for (const [index, credential] of credentials.entries()) {
    const at = frame.offsetOf(L.INJECTION_CREDENTIALS) + index * L.CREDENTIAL_BYTES;
    const own = hosts[index] ?? [];
    putText(at + L.CREDENTIAL_ID, credential.id);
    put(at + L.CREDENTIAL_PLACEMENT, PLACEMENT[credential.placement]);
    putText(at + L.CREDENTIAL_NAME, credential.name);
    putText(at + L.CREDENTIAL_PREFIX, credential.prefix);
    put(at + L.CREDENTIAL_HOSTS_START, hostStart);
    put(at + L.CREDENTIAL_HOSTS_COUNT, own.length);
    const { nonce, sealed } = seal(sealingKey, credential.id, credential.value);
    image.set(nonce, at + L.CREDENTIAL_NONCE);
    put(at + L.CREDENTIAL_SEALED, strings.length);
    put(at + L.CREDENTIAL_SEALED + 4, strings.addBytes(sealed));
    for (const host of own) {
      putText(frame.offsetOf(L.INJECTION_HOSTS) + hostStart * L.HOST_BYTES, host);
      hostStart++;
    }
  }

  image.set(strings.bytes, frame.offsetOf(L.INJECTION_STRINGS));
  stampChecksum(image);
  return image;
}

function refuseRepeated(ordered: readonly string[], what: string): void {
  for (const [index, key] of ordered.entries()) {
    if (key === ordered[index - 1])
      throw new PolicyImageError(`${what} ${JSON.stringify(key)} is listed twice`);
  }
}

function indexById(credentials: readonly InjectionCredential[]): ReadonlyMap<string, number> {
  refuseRepeated(
    credentials.map((credential) => credential.id),
    'credential',
  );
  return new Map(credentials.map((credential, index) => [credential.id, index]));
}

function orderedBindings(upstream: InjectionUpstream): InjectionUpstream['bindings'] {
  const ordered = orderByKey(upstream.bindings, (binding) => binding.consumer);
  refuseRepeated(
    ordered.map((binding) => binding.consumer),
    `upstream "${upstream.key}": binding of`,
  );
  return ordered;
}

function checkedHosts(credential: InjectionCredential): readonly string[] {
  if (!CREDENTIAL_ID.test(credential.id)) {
    throw new PolicyImageError(`credential id ${JSON.stringify(credential.id)} is not visible ASCII`);
  }
  if (credential.hosts.length === 0)
    throw new PolicyImageError(`credential "${credential.id}" is bound to no host`);
  return sortedDistinct(credential.hosts);
}

/** It is put before what follows the route's prefix, which begins with a slash. */
function checkedPath({ key, path = '' }: InjectionUpstream): string {
  if (isBasePath(path)) return path;
  throw new PolicyImageError(`upstream "${key}": ${JSON.stringify(path)} is no path like "/v1"`);
}

const SEAL_TAG_BYTES = 16;

function stringBytes(
  upstreams: readonly InjectionUpstream[],
  bindings: readonly InjectionUpstream['bindings'][],
  credentials: readonly InjectionCredential[],
  hosts: readonly (readonly string[])[],
): number {
  const texts = [
    ...upstreams.flatMap(({ key, host, path = '' }) => [key, host, path]),
    ...bindings.flat().map(({ consumer }) => consumer),
    ...credentials.flatMap(({ id, name, prefix }) => [id, name, prefix]),
    ...hosts.flat(),
  ];
  const sealed = credentials.reduce((sum, { value }) => sum + value.length + SEAL_TAG_BYTES, 0);
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), sealed);
}

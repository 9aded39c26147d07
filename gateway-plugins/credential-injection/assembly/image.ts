// The credential-injection image, read in place. `imageHolds` verifies every index and offset once; what comes after it
// follows them without checks. Entries are handled as addresses, "no entry" is 0.

import { compareBytes } from '../../policy/assembly/bytes';
import {
  frameHolds,
  rangeHolds,
  sectionCount,
  sectionHolds,
  sectionStart,
  stringHolds,
} from '../../policy/assembly/image-frame';
import * as L from '../../../packages/policy-image/src/layout';
import { isBasePath } from './encoding';
import { TAG_BYTES } from './unseal';

/** "No index", as the image writes it. */
export const NONE: u32 = <u32>L.NONE;

function holds(image: usize, size: usize, header: usize, entryBytes: u32): bool {
  return sectionHolds(image, size, L.INJECTION_HEADER_BYTES, header, entryBytes);
}

function upstreamHolds(image: usize, upstream: usize, strings: u32): bool {
  const credential = load<u32>(upstream + L.UPSTREAM_CREDENTIAL);
  return (
    stringHolds(upstream + L.UPSTREAM_KEY, strings) &&
    stringHolds(upstream + L.UPSTREAM_HOST, strings) &&
    stringHolds(upstream + L.UPSTREAM_PATH, strings) &&
    load<u32>(upstream + L.UPSTREAM_FLAGS) <= <u32>L.UPSTREAM_ADDS_USAGE &&
    isBasePath(stringAt(image, upstream + L.UPSTREAM_PATH), stringLength(upstream + L.UPSTREAM_PATH)) &&
    (credential == NONE || credential < sectionCount(image, L.INJECTION_CREDENTIALS)) &&
    rangeHolds(
      load<u32>(upstream + L.UPSTREAM_BINDINGS_START),
      load<u32>(upstream + L.UPSTREAM_BINDINGS_COUNT),
      sectionCount(image, L.INJECTION_BINDINGS),
    )
  );
}

function credentialHolds(image: usize, credential: usize, strings: u32): bool {
  const placement = load<u32>(credential + L.CREDENTIAL_PLACEMENT);
  return (
    (placement == L.PLACEMENT_HEADER || placement == L.PLACEMENT_QUERY || placement == L.PLACEMENT_BASIC) &&
    stringHolds(credential + L.CREDENTIAL_ID, strings) &&
    stringHolds(credential + L.CREDENTIAL_NAME, strings) &&
    stringHolds(credential + L.CREDENTIAL_PREFIX, strings) &&
    stringHolds(credential + L.CREDENTIAL_SEALED, strings) &&
    stringLength(credential + L.CREDENTIAL_SEALED) >= TAG_BYTES &&
    rangeHolds(
      load<u32>(credential + L.CREDENTIAL_HOSTS_START),
      load<u32>(credential + L.CREDENTIAL_HOSTS_COUNT),
      sectionCount(image, L.INJECTION_HOSTS),
    )
  );
}

function entriesHold(image: usize): bool {
  const strings = sectionCount(image, L.INJECTION_STRINGS);
  const upstreams = sectionStart(image, L.INJECTION_UPSTREAMS);
  for (let i: u32 = 0; i < sectionCount(image, L.INJECTION_UPSTREAMS); i++) {
    if (!upstreamHolds(image, upstreams + i * L.UPSTREAM_BYTES, strings)) return false;
  }
  const bindings = sectionStart(image, L.INJECTION_BINDINGS);
  for (let i: u32 = 0; i < sectionCount(image, L.INJECTION_BINDINGS); i++) {
    const binding = bindings + i * L.BINDING_BYTES;
    if (!stringHolds(binding + L.BINDING_CONSUMER, strings)) return false;
    if (load<u32>(binding + L.BINDING_CREDENTIAL) >= credentialCount(image)) return false;
  }
  for (let i: u32 = 0; i < credentialCount(image); i++) {
    if (!credentialHolds(image, credentialAt(image, i), strings)) return false;
  }
  const hosts = sectionStart(image, L.INJECTION_HOSTS);
  for (let i: u32 = 0; i < sectionCount(image, L.INJECTION_HOSTS); i++) {
    if (!stringHolds(hosts + i * L.HOST_BYTES, strings)) return false;
  }
  return true;
}

/** Whether these bytes are a credential-injection image that can be followed blindly. */
export function imageHolds(image: usize, size: usize): bool {
  return (
    frameHolds(image, size, L.INJECTION_MAGIC, L.INJECTION_FORMAT, L.INJECTION_HEADER_BYTES) &&
    holds(image, size, L.INJECTION_UPSTREAMS, L.UPSTREAM_BYTES) &&
    holds(image, size, L.INJECTION_BINDINGS, L.BINDING_BYTES) &&
    holds(image, size, L.INJECTION_CREDENTIALS, L.CREDENTIAL_BYTES) &&
    holds(image, size, L.INJECTION_HOSTS, L.HOST_BYTES) &&
    holds(image, size, L.INJECTION_STRINGS, 1) &&
    entriesHold(image)
  );
}

export function keyIdOf(image: usize): u32 {
  return load<u32>(image + L.INJECTION_KEY_ID);
}

export function credentialCount(image: usize): u32 {
  return sectionCount(image, L.INJECTION_CREDENTIALS);
}

export function credentialAt(image: usize, index: u32): usize {
  return sectionStart(image, L.INJECTION_CREDENTIALS) + index * L.CREDENTIAL_BYTES;
}

/** Address of the bytes of the string whose reference stands at `field`. */
export function stringAt(image: usize, field: usize): usize {
  return sectionStart(image, L.INJECTION_STRINGS) + load<u32>(field);
}

export function stringLength(field: usize): usize {
  return load<u32>(field + 4);
}

/** The entry, of `count` from `start`, whose first field is this string: they are sorted by it. */
function findByString(
  image: usize,
  start: usize,
  count: u32,
  entryBytes: u32,
  text: usize,
  length: usize,
): usize {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = start + middle * entryBytes;
    const order = compareBytes(text, length, stringAt(image, entry), stringLength(entry));
    if (order == 0) return entry;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return 0;
}

export function findUpstream(image: usize, key: usize, length: usize): usize {
  const start = sectionStart(image, L.INJECTION_UPSTREAMS);
  const count = sectionCount(image, L.INJECTION_UPSTREAMS);
  return findByString(image, start + L.UPSTREAM_KEY, count, L.UPSTREAM_BYTES, key, length);
}

/** The consumer's own credential for the upstream. */
export function findBinding(image: usize, upstream: usize, consumer: usize, length: usize): usize {
  const first = load<u32>(upstream + L.UPSTREAM_BINDINGS_START);
  const start = sectionStart(image, L.INJECTION_BINDINGS) + first * L.BINDING_BYTES;
  const count = load<u32>(upstream + L.UPSTREAM_BINDINGS_COUNT);
  return findByString(image, start + L.BINDING_CONSUMER, count, L.BINDING_BYTES, consumer, length);
}

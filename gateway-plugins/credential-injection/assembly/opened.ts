// Credentials in the clear, in the form in which they go into a request: opened once per image, wiped with it.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import * as L from '../../../packages/policy-image/src/layout';
import {
  base64Length,
  isHeaderName,
  isHeaderValue,
  percentLength,
  writeBase64,
  writePercent,
} from './encoding';
import { credentialAt, credentialCount, stringAt, stringLength } from './image';
import { TAG_BYTES, unseal } from './unseal';

const BASIC = ascii('Basic ');
const EQUALS: u32 = 0x3d;

// The block: u32 size, u32 unused, then for each credential u32 offset and u32 length (UNUSABLE: it cannot be sent),
// then the values.
const HEADER: usize = 8;
const ENTRY: usize = 8;
const UNUSABLE: u32 = 0xffffffff;

function secretLength(credential: usize): usize {
  return stringLength(credential + L.CREDENTIAL_SEALED) - TAG_BYTES;
}

/** Most bytes that the credential takes in a request. */
function valueLength(credential: usize): usize {
  const length = secretLength(credential);
  switch (load<u32>(credential + L.CREDENTIAL_PLACEMENT)) {
    case L.PLACEMENT_QUERY:
      return percentLength(stringLength(credential + L.CREDENTIAL_NAME)) + 1 + percentLength(length);
    case L.PLACEMENT_BASIC:
      return asciiLength(BASIC) + base64Length(length);
    default:
      return stringLength(credential + L.CREDENTIAL_PREFIX) + length;
  }
}

/** Writes the value; returns its length, or UNUSABLE when it would break the request. */
function writeValue(image: usize, credential: usize, secret: usize, output: usize): u32 {
  const length = secretLength(credential);
  const name = stringAt(image, credential + L.CREDENTIAL_NAME);
  const nameLength = stringLength(credential + L.CREDENTIAL_NAME);
  const placement = load<u32>(credential + L.CREDENTIAL_PLACEMENT);
  if (placement == L.PLACEMENT_QUERY) {
    const end = writePercent(name, nameLength, output);
    store<u8>(end, EQUALS);
    return nameLength == 0 ? UNUSABLE : <u32>(writePercent(secret, length, end + 1) - output);
  }
  if (placement == L.PLACEMENT_BASIC) {
    memory.copy(output, BASIC, asciiLength(BASIC));
    return <u32>(writeBase64(secret, length, output + asciiLength(BASIC)) - output);
  }
  const prefix = stringLength(credential + L.CREDENTIAL_PREFIX);
  memory.copy(output, stringAt(image, credential + L.CREDENTIAL_PREFIX), prefix);
  memory.copy(output + prefix, secret, length);
  const isSound = isHeaderName(name, nameLength) && isHeaderValue(output, prefix + length);
  return isSound ? <u32>(prefix + length) : UNUSABLE;
}

/** Opens all credentials of a verified image. 0 when one of them does not open: then none is to be used. */
export function openCredentials(image: usize, key: usize): usize {
  const count = credentialCount(image);
  let size = HEADER + <usize>count * ENTRY;
  let longest: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const credential = credentialAt(image, i);
    size += valueLength(credential);
    longest = max(longest, secretLength(credential));
  }
  const block = heap.alloc(size);
  const secret = heap.alloc(longest + 1);
  store<u32>(block, <u32>size);
  const isOpen = openInto(image, key, count, block, secret);
  memory.fill(secret, 0, longest + 1);
  heap.free(secret);
  if (isOpen) return block;
  closeCredentials(block);
  return 0;
}

function openInto(image: usize, key: usize, count: u32, block: usize, secret: usize): bool {
  let output = block + HEADER + <usize>count * ENTRY;
  for (let i: u32 = 0; i < count; i++) {
    const credential = credentialAt(image, i);
    const isGenuine = unseal(
      key,
      credential + L.CREDENTIAL_NONCE,
      stringAt(image, credential + L.CREDENTIAL_ID),
      stringLength(credential + L.CREDENTIAL_ID),
      stringAt(image, credential + L.CREDENTIAL_SEALED),
      secretLength(credential),
      secret,
    );
    if (!isGenuine) return false;
    const entry = block + HEADER + <usize>i * ENTRY;
    store<u32>(entry, <u32>(output - block));
    store<u32>(entry + 4, writeValue(image, credential, secret, output));
    output += valueLength(credential);
  }
  return true;
}

/** Wipes and frees what openCredentials() gave; 0 is ignored. */
export function closeCredentials(block: usize): void {
  if (block == 0) return;
  memory.fill(block, 0, load<u32>(block));
  heap.free(block);
}

/** Whether the credential with this index can be written into a request. */
export function isUsable(block: usize, index: u32): bool {
  return load<u32>(block + HEADER + <usize>index * ENTRY + 4) != UNUSABLE;
}

/** What goes into the request: a header's value, or `name=value` for the query. */
export function openedValue(block: usize, index: u32): usize {
  return block + load<u32>(block + HEADER + <usize>index * ENTRY);
}

export function openedLength(block: usize, index: u32): usize {
  return load<u32>(block + HEADER + <usize>index * ENTRY + 4);
}

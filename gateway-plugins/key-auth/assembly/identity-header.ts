// What upstreams commonly trust to say who is calling, or from where and through what, and credentials that few clients
// send. No client may set it. (Headers that
// Envoy itself puts on requests are not here: the route table removes those.)

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';

const OWN_PREFIX = ascii('x-hiclaw-');
const X: u32 = 0x78;

/** Names that begin with `x`, then the others. */
const X_NAMES: usize = 28;
const ALL_NAMES: usize = 33;
const names: usize = memory.data(132, 8);

function fillNames(): bool {
  store<usize>(names + 0, ascii('x-mse-consumer'));
  store<usize>(names + 4, ascii('x-consumer'));
  store<usize>(names + 8, ascii('x-consumer-id'));
  store<usize>(names + 12, ascii('x-consumer-username'));
  store<usize>(names + 16, ascii('x-consumer-custom-id'));
  store<usize>(names + 20, ascii('x-credential-identifier'));
  store<usize>(names + 24, ascii('x-anonymous-consumer'));
  store<usize>(names + 28, ascii('x-authenticated-userid'));
  store<usize>(names + 32, ascii('x-authenticated-scope'));
  store<usize>(names + 36, ascii('x-auth-request-user'));
  store<usize>(names + 40, ascii('x-remote-user'));
  store<usize>(names + 44, ascii('x-forwarded-user'));
  store<usize>(names + 48, ascii('x-forwarded-email'));
  store<usize>(names + 52, ascii('x-forwarded-preferred-username'));
  store<usize>(names + 56, ascii('x-forwarded-host'));
  store<usize>(names + 60, ascii('x-forwarded-port'));
  store<usize>(names + 64, ascii('x-forwarded-prefix'));
  store<usize>(names + 68, ascii('x-forwarded-scheme'));
  store<usize>(names + 72, ascii('x-forwarded-server'));
  store<usize>(names + 76, ascii('x-client-ip'));
  store<usize>(names + 80, ascii('x-cluster-client-ip'));
  store<usize>(names + 84, ascii('x-real-ip'));
  store<usize>(names + 88, ascii('x-original-url'));
  store<usize>(names + 92, ascii('x-rewrite-url'));
  store<usize>(names + 96, ascii('x-envoy-attempt-count'));
  store<usize>(names + 100, ascii('x-envoy-peer-metadata'));
  store<usize>(names + 104, ascii('x-envoy-peer-metadata-id'));
  store<usize>(names + 108, ascii('x-goog-api-key'));
  store<usize>(names + 112, ascii('remote-user'));
  store<usize>(names + 116, ascii('forwarded'));
  store<usize>(names + 120, ascii('via'));
  store<usize>(names + 124, ascii('true-client-ip'));
  store<usize>(names + 128, ascii('api-key'));
  return true;
}
export const identityNamesFilled: bool = fillNames();

function isNamed(name: usize, length: usize, known: usize): bool {
  return asciiLength(known) == length && bytesEqual(name, known, length);
}

/** Whether the header, its name in lower case, claims an identity or an origin, or speaks for the gateway. */
export function isIdentityHeader(name: usize, length: usize): bool {
  if (length == 0) return false;
  const isX = load<u8>(name) == X;
  if (isX && length >= asciiLength(OWN_PREFIX) && bytesEqual(name, OWN_PREFIX, asciiLength(OWN_PREFIX))) return true;
  const end = isX ? X_NAMES : ALL_NAMES;
  for (let i: usize = isX ? 0 : X_NAMES; i < end; i++) {
    if (isNamed(name, length, load<usize>(names + (i << 2)))) return true;
  }
  return false;
}

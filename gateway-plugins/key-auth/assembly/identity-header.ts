// Headers that upstreams commonly trust to say who is calling. No client may set one.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';

const OWN_PREFIX = ascii('x-hiclaw-');
const REMOTE_USER = ascii('remote-user');
const X_DASH: u16 = 0x2d78;

const NAME_COUNT: usize = 14;
const names: usize = memory.data(64, 8);

function fillNames(): bool {
  store<usize>(names, ascii('x-mse-consumer'));
  store<usize>(names + 4, ascii('x-consumer'));
  store<usize>(names + 8, ascii('x-consumer-id'));
  store<usize>(names + 12, ascii('x-consumer-username'));
  store<usize>(names + 16, ascii('x-consumer-custom-id'));
  store<usize>(names + 20, ascii('x-credential-identifier'));
  store<usize>(names + 24, ascii('x-anonymous-consumer'));
  store<usize>(names + 28, ascii('x-authenticated-userid'));
  store<usize>(names + 32, ascii('x-authenticated-scope'));
  store<usize>(names + 36, ascii('x-forwarded-user'));
  store<usize>(names + 40, ascii('x-forwarded-email'));
  store<usize>(names + 44, ascii('x-forwarded-preferred-username'));
  store<usize>(names + 48, ascii('x-auth-request-user'));
  store<usize>(names + 52, ascii('x-remote-user'));
  return true;
}
export const identityNamesFilled: bool = fillNames();

function isNamed(name: usize, length: usize, known: usize): bool {
  return asciiLength(known) == length && bytesEqual(name, known, length);
}

/** Whether the header, its name in lower case, claims an identity or speaks for the gateway. */
export function isIdentityHeader(name: usize, length: usize): bool {
  if (length < 10) return length == 9 && bytesEqual(name, OWN_PREFIX, 9);
  if (load<u16>(name) != X_DASH) return isNamed(name, length, REMOTE_USER);
  if (bytesEqual(name, OWN_PREFIX, asciiLength(OWN_PREFIX))) return true;
  for (let i: usize = 0; i < NAME_COUNT; i++) {
    if (isNamed(name, length, load<usize>(names + (i << 2)))) return true;
  }
  return false;
}

import * as L from '../../../packages/policy-image/src/layout';
import { hasCome } from './clock';
import { consumerOf } from './lookup';
import {
  ADMIT,
  CONSUMER_DISABLED,
  CONSUMER_EXPIRED,
  CONSUMER_REVOKED,
  TOKEN_EXPIRED,
  TOKEN_UNKNOWN,
} from './verdict';

/** Whether the token or its consumer ends at some time. */
export function endsSometime(image: usize, token: usize): bool {
  return (
    load<u32>(token + L.TOKEN_EXPIRES_AT) != 0 ||
    load<u32>(consumerOf(image, token) + L.CONSUMER_EXPIRES_AT) != 0
  );
}

/** ADMIT when the token (0: none was found) and its consumer are let in. */
export function admitsCaller(image: usize, token: usize): u32 {
  if (token == 0) return TOKEN_UNKNOWN;
  if (hasCome(load<u32>(token + L.TOKEN_EXPIRES_AT))) return TOKEN_EXPIRED;
  const consumer = consumerOf(image, token);
  const flags = load<u32>(consumer + L.CONSUMER_FLAGS);
  if ((flags & L.CONSUMER_REVOKED) != 0) return CONSUMER_REVOKED;
  if ((flags & L.CONSUMER_DISABLED) != 0) return CONSUMER_DISABLED;
  // A flag that this plugin does not know says something that must not be ignored.
  if ((flags & ~(L.CONSUMER_REVOKED | L.CONSUMER_DISABLED)) != 0) return CONSUMER_DISABLED;
  return hasCome(load<u32>(consumer + L.CONSUMER_EXPIRES_AT)) ? CONSUMER_EXPIRED : ADMIT;
}

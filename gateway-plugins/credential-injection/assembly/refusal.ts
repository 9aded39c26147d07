// Why a request does not go upstream. Each is a 503: something is wrong here, not with the request.

import { ascii } from '../../policy/assembly/ascii';
import { sendLocalReply } from '../../policy/assembly/local-reply';
import { outputStart, putAscii } from '../../policy/assembly/output';
import { addAsciiPair, pairsStart } from '../../policy/assembly/pairs';
import { countRefusal } from '../../policy/assembly/refusal-counter';

export const NO_CREDENTIALS = ascii('no-credentials');
export const UPSTREAM_UNKNOWN = ascii('upstream-unknown');
export const UPSTREAM_MISMATCH = ascii('upstream-mismatch');
export const CREDENTIAL_HOST_MISMATCH = ascii('credential-host-mismatch');
export const INTERNAL = ascii('internal');

const UNAVAILABLE: u32 = 503;
const REASON = ascii('x-hiclaw-reason');
const RETRY_AFTER = ascii('retry-after');
const ONE_SECOND = ascii('1');
const START = ascii(
  '{"error":{"message":"The gateway cannot reach this upstream now.","type":"api_error","param":null,"code":"',
);
const END = ascii('"}}');

/** Answers the active stream; `reason` is one of the above. */
export function refuse(reason: usize): void {
  countRefusal(reason);
  outputStart();
  putAscii(START);
  putAscii(reason);
  putAscii(END);
  pairsStart();
  addAsciiPair(REASON, reason);
  addAsciiPair(RETRY_AFTER, ONE_SECOND);
  sendLocalReply(UNAVAILABLE, reason);
}

import type { Condition } from '../gateways.js';

/** Why something is not served. */
export interface Refusal {
  /** In CamelCase; stable. */
  readonly reason: string;
  /** Names the object, what is wrong and what helps. Holds no secret. */
  readonly message: string;
}

export const ACCEPTED: Condition = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'The gateways serve it.',
};

const OWN_CREDENTIALS = 'OwnCredentialsAccepted';

/** The whole resource is not served. */
export function notAccepted({ reason, message }: Refusal): Condition {
  return { type: 'Accepted', status: 'False', reason, message };
}

/** A consumer is served, but not where a credential of its own cannot be used. */
export function ownCredentials(refusal: Refusal | null): Condition {
  if (refusal !== null) return { type: OWN_CREDENTIALS, status: 'False', ...refusal };
  const message = 'Each credential of its own is used at its upstream.';
  return { type: OWN_CREDENTIALS, status: 'True', reason: 'Accepted', message };
}

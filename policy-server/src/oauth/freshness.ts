import { formatTimestamp } from '@hiclaw/resources';
import type { Condition } from '../gateways.js';
import type { TokenState } from '../store/resource-set.js';
import { isExpired } from './schedule.js';
import type { TokenFailure } from './token-request.js';

/** How an access token stands: good; good, but its renewal fails; over; not there yet. */
export type Freshness = 'fresh' | 'failing' | 'expired' | 'pending';

/** @param failure of the last attempt, when none succeeded since */
export function freshness(token: TokenState, failure: TokenFailure | null, nowMs: number): Freshness {
  if (token.obtainedAt === 0) return 'pending';
  if (token.suspended || isExpired(token, nowMs)) return 'expired';
  return failure === null ? 'fresh' : 'failing';
}

const REASONS: Readonly<Record<Freshness, string>> = {
  fresh: 'TokenFresh',
  failing: 'RenewalFailing',
  expired: 'TokenExpired',
  pending: 'TokenPending',
};

/** The condition `Fresh`: False from the first failed renewal on, long before the token ends. */
export function freshnessCondition(
  token: TokenState,
  failure: TokenFailure | null,
  nowMs: number,
): Condition {
  const state = freshness(token, failure, nowMs);
  const end =
    token.expiresAt === 0 ? 'an end that its server did not name' : formatTimestamp(token.expiresAt);
  const problem = failure === null ? '' : ` ${failure.message.replace(/[.\s]*$/, '')}.`;
  const messages: Readonly<Record<Freshness, string>> = {
    fresh: `The access token is good until ${end}.`,
    failing: `The access token is good until ${end}, but it could not be renewed.${problem}`,
    expired: `The access token ended at ${end}; the gateways refuse requests that need it.${problem}`,
    pending: `There is no access token yet; the gateways refuse requests that need it.${problem}`,
  };
  return {
    type: 'Fresh',
    status: state === 'fresh' ? 'True' : 'False',
    reason: REASONS[state],
    message: messages[state],
  };
}

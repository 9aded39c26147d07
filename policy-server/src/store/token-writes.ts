import type { Consumer } from '@hiclaw/resources';
import { GatewayError } from '@hiclaw/service-kit';
import { notFound } from './errors.js';
import type { Token } from './resource-set.js';
import type { NewToken, WriteTransaction } from './transaction.js';

/** Tokens of one consumer that are not expired. */
const MAX_LIVE_TOKENS = 64;
/** How long an expired token is still listed and told apart from an unknown one. */
const KEEP_EXPIRED_SECONDS = 30 * 24 * 3600;

/** @throws GatewayError `NOT_FOUND` */
export function consumerOf(tx: WriteTransaction, name: string): Consumer {
  const stored = tx.current.consumers.get(name);
  if (stored === undefined) throw notFound('Consumer', name);
  return stored.resource;
}

function isLive(token: Token, tx: WriteTransaction): boolean {
  return token.expiresAt === 0 || token.expiresAt > tx.now.unixSeconds;
}

function forgetLongExpired(tx: WriteTransaction, consumer: string): void {
  for (const token of tx.tokensOf(consumer)) {
    if (token.expiresAt !== 0 && token.expiresAt + KEEP_EXPIRED_SECONDS < tx.now.unixSeconds)
      tx.deleteToken(token);
  }
}

/** Adds a token. */
export function issueToken(tx: WriteTransaction, consumerName: string, token: NewToken): void {
  const consumer = consumerOf(tx, consumerName);
  forgetLongExpired(tx, consumerName);
  if (tx.tokensOf(consumerName).filter((other) => isLive(other, tx)).length >= MAX_LIVE_TOKENS) {
    throw new GatewayError(
      'TOO_MANY_TOKENS',
      `Consumer "${consumerName}" has ${MAX_LIVE_TOKENS} live tokens; delete those it no longer needs.`,
    );
  }
  tx.insertToken(consumer, token);
}

/**
 * Adds a token and ends all others after `graceSeconds`; 0 ends them at once and for good.
 *
 * @returns the tokens that were live before
 */
export function rotateTokens(
  tx: WriteTransaction,
  consumerName: string,
  token: NewToken,
  graceSeconds: number,
): readonly Token[] {
  const consumer = consumerOf(tx, consumerName);
  forgetLongExpired(tx, consumerName);
  const end = tx.now.unixSeconds + graceSeconds;
  const live = tx.tokensOf(consumerName).filter((other) => isLive(other, tx));
  for (const other of live) {
    if (graceSeconds === 0) tx.deleteToken(other);
    else if (other.expiresAt === 0 || other.expiresAt > end) tx.setTokenExpiry(other, end);
  }
  tx.insertToken(consumer, token);
  return graceSeconds === 0
    ? []
    : live
        .map(({ id }) => tx.tokensOf(consumerName).find((now) => now.id === id))
        .filter((t) => t !== undefined);
}

/** Kills one token for good. */
export function deleteToken(tx: WriteTransaction, consumerName: string, id: string): void {
  consumerOf(tx, consumerName);
  const token = tx.tokensOf(consumerName).find((candidate) => candidate.id === id);
  if (token === undefined) throw notFound('Token', id);
  tx.deleteToken(token);
}

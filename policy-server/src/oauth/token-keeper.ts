import { randomUUID } from 'node:crypto';
import type { OAuth2Spec } from '@hiclaw/resources';
import type { Clock, Logger } from '@hiclaw/service-kit';
import type { Condition } from '../gateways.js';
import type { Outbound } from '../outbound/outbound-call.js';
import type { StoredCredential, TokenState } from '../store/resource-set.js';
import type { PolicyStore } from '../store/store.js';
import type { Vault } from '../vault/vault.js';
import { freshness, type Freshness, freshnessCondition } from './freshness.js';
import { isExpired, type Random, renewalTimeMs, retryDelayMs } from './schedule.js';
import { type ObtainedToken, requestToken, type TokenFailure, type TokenResult } from './token-request.js';

/** Calls `run` once after a time; the result ends that. */
export type Timer = (delayMs: number, run: () => void) => () => void;

export interface TokenKeeperOptions {
  readonly store: PolicyStore;
  readonly vault: Vault;
  readonly call: Outbound;
  readonly clock: Clock;
  readonly random: Random;
  readonly timer: Timer;
  readonly log: Logger;
}

/** What keeps one credential's token fresh. */
interface Watched {
  readonly name: string;
  readonly uid: string;
  /** What the next request will be made of; another one starts anew. */
  readonly basis: string;
  failures: number;
  lastFailure: TokenFailure | null;
  nextAttemptMs: number;
  /** What the server gave and the database did not take yet: a rotated refresh token exists nowhere else. */
  unsaved: { readonly token: ObtainedToken; readonly secretVersion: number; readonly atMs: number } | null;
}

/** Requests under way at once, over all credentials. */
const MAX_PARALLEL = 4;
/** Timers hold no more than 2^31 ms, and a machine that slept must notice. */
const MAX_SLEEP_MS = 60_000;
const ACTOR = 'system:oauth2';

/** State of all credentials with OAuth 2, for metrics. */
export interface TokenKeeperStatus {
  readonly byState: Readonly<Record<Freshness, number>>;
  /** Seconds until the first token ends whose renewal fails; null: none fails. */
  readonly failingExpiresInSeconds: number | null;
  readonly refreshes: { readonly succeeded: number; readonly failed: number };
}

/**
 * Obtains and renews the access tokens of credentials with OAuth 2. Each credential has at most one request under way.
 * A token becomes the credential's value, so it reaches the gateways as any other value does; a token that ends before
 * it could be renewed is suspended, so that the gateways refuse requests rather than send it.
 */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #refreshes = { succeeded: 0, failed: 0 };
  #stopTimer: (() => void) | null = null;
  #unsubscribe: (() => void) | null = null;
  #followed: ReadonlyMap<string, StoredCredential> | null = null;

  constructor(options: TokenKeeperOptions) {
    this.#options = options;
  }

  /** Takes up where it was: tokens that are still good are not asked for again. */
  start(): void {
    this.#unsubscribe = this.#options.store.subscribe(() => this.#follow());
    this.#follow();
  }

  /** Waits for requests under way, so that no rotated refresh token is lost. */
  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#cancelTimer();
    await this.idle();
  }

  /** Resolves once no request is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Whether the token of this credential is fresh; null for one without OAuth 2. */
  condition(name: string): Condition | null {
    const stored = this.#options.store.resources().credentials.get(name);
    if (stored?.token === undefined || stored.resource.spec.oauth2 === undefined) return null;
    const watched = this.#watched.get(name);
    return freshnessCondition(stored.token, watched?.lastFailure ?? null, this.#options.clock.nowMs());
  }

  status(): TokenKeeperStatus {
    const byState = { fresh: 0, failing: 0, expired: 0, pending: 0 };
    const ends: number[] = [];
    const nowMs = this.#options.clock.nowMs();
    for (const [name, { token }] of this.#options.store.resources().credentials) {
      if (token === undefined) continue;
      const state = freshness(token, this.#watched.get(name)?.lastFailure ?? null, nowMs);
      byState[state] += 1;
      if (state === 'failing' && token.expiresAt !== 0) ends.push(token.expiresAt - nowMs / 1000);
    }
    const failingExpiresInSeconds = ends.length === 0 ? null : Math.min(...ends);
    return { byState, failingExpiresInSeconds, refreshes: { ...this.#refreshes } };
  }

  /** Watches exactly the credentials that are stored. A change of what a request is made of is acted on at once. */
  #follow(): void {
    const { credentials } = this.#options.store.resources();
    if (credentials === this.#followed) return;
    this.#followed = credentials;
    const seen = new Set<string>();
    for (const [name, stored] of credentials) {
      const { spec, metadata } = stored.resource;
      if (spec.oauth2 === undefined || stored.token === undefined) continue;
      seen.add(name);
      const basis = this.#basisOf(metadata.uid, spec.oauth2);
      const watched = this.#watched.get(name);
      if (watched?.uid === metadata.uid && watched.basis === basis) continue;
      // After a start there is nothing to compare with: what is stored was made from what is stored.
      const changed = watched?.uid === metadata.uid;
      const nextAttemptMs = changed ? 0 : renewalTimeMs(stored.token, this.#options.random);
      this.#watched.set(name, {
        ...{ name, uid: metadata.uid, basis, failures: 0, lastFailure: null, nextAttemptMs },
        unsaved: changed ? watched.unsaved : null,
      });
    }
    for (const name of [...this.#watched.keys()]) if (!seen.has(name)) this.#watched.delete(name);
    this.#plan();
  }

  #basisOf(uid: string, spec: OAuth2Spec): string {
    return JSON.stringify([spec, this.#options.vault.oauth2Secrets(uid)?.version ?? 0]);
  }

  #cancelTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  /** Starts what is due, then sleeps until something is. */
  #plan(): void {
    if (this.#unsubscribe === null) return;
    this.#cancelTimer();
    const nowMs = this.#options.clock.nowMs();
    let wakeMs = Infinity;
    for (const watched of this.#watched.values()) {
      const token = this.#options.store.resources().credentials.get(watched.name)?.token;
      if (token !== undefined && !token.suspended && isExpired(token, nowMs)) this.#suspend(watched, token);
      if (this.#running.has(watched.name)) continue;
      if (watched.nextAttemptMs <= nowMs) this.#attempt(watched);
      else wakeMs = Math.min(wakeMs, watched.nextAttemptMs);
      const endMs = token === undefined || token.suspended ? 0 : token.expiresAt * 1000;
      if (endMs > nowMs) wakeMs = Math.min(wakeMs, endMs);
    }
    // Suspending a token is a write, whose listener has planned already.
    this.#cancelTimer();
    if (this.#watched.size === 0) return;
    const delayMs = Math.min(MAX_SLEEP_MS, Math.max(0, wakeMs - nowMs));
    this.#stopTimer = this.#options.timer(delayMs, () => this.#plan());
  }

  /** A place among those running becomes free with each end, which plans again. */
  #attempt(watched: Watched): void {
    if (this.#running.size >= MAX_PARALLEL) return;
    const ended = this.#renew(watched)
      .catch((error: unknown) => {
        this.#fail(watched, { code: 'internal', message: 'The token could not be stored.', refused: false });
        this.#options.log.error({ err: error, credential: watched.name }, 'access token not renewed');
      })
      .finally(() => {
        this.#running.delete(watched.name);
        this.#plan();
      });
    this.#running.set(watched.name, ended);
  }

  async #renew(watched: Watched): Promise<void> {
    const { store, vault, clock, call } = this.#options;
    const stored = store.resources().credentials.get(watched.name);
    const spec = stored?.resource.spec.oauth2;
    const held = vault.oauth2Secrets(watched.uid);
    if (spec === undefined || held === undefined || stored?.resource.metadata.uid !== watched.uid) return;
    if (watched.unsaved === null) {
      const result: TokenResult = await requestToken(call, spec, held.secrets);
      if (result.failure !== undefined) {
        this.#fail(watched, result.failure);
        return;
      }
      watched.unsaved = { token: result.token, secretVersion: held.version, atMs: clock.nowMs() };
    }
    await this.#save(watched, watched.unsaved);
    watched.unsaved = null;
  }

  /** One transaction: the access token, the refresh token that took the place of the old one, and when it ends. */
  async #save(
    watched: Watched,
    { token, secretVersion, atMs }: NonNullable<Watched['unsaved']>,
  ): Promise<void> {
    const { store, vault, random, log } = this.#options;
    const obtainedAt = Math.floor(atMs / 1000);
    const expiresAt = token.expiresIn === null ? 0 : obtainedAt + token.expiresIn;
    const state: TokenState = { obtainedAt, expiresAt, suspended: false };
    const { accessToken, refreshToken } = token;
    const asked = { uid: watched.uid, secretVersion, accessToken, refreshToken };
    // Another specification may be stored by now: what was obtained is kept, and asked for anew.
    const superseded = this.#watched.get(watched.name)?.basis !== watched.basis;
    const policyVersion = await vault.sealToken(watched.name, asked, ({ value, secrets }) => {
      const written = store.write({ actor: ACTOR, requestId: randomUUID() }, (tx) => {
        const current = tx.current.credentials.get(watched.name);
        if (current === undefined) throw new Error('the credential is gone');
        if (value !== undefined) tx.setCredentialValue(current.resource, value);
        if (secrets !== undefined) tx.setOAuth2Secrets(current.resource, secrets);
        tx.setTokenState(current.resource, state);
        const change = { path: 'status.token.expiresAt', before: current.token?.expiresAt, after: expiresAt };
        const rotated =
          secrets === undefined ? [] : [{ path: 'spec.oauth2.refreshToken', after: '[replaced]' }];
        return {
          result: null,
          audit: {
            action: 'token.renew',
            kind: 'Credential',
            name: watched.name,
            changes: [change, ...rotated],
          },
        };
      });
      if (!superseded) this.#settled(watched, renewalTimeMs(state, random), secrets !== undefined);
      return written.policyVersion;
    });
    if (policyVersion === null) return;
    this.#refreshes.succeeded += 1;
    log.info({ credential: watched.name, expiresAt, policyVersion }, 'access token renewed');
  }

  /** What was just written is no reason to ask again. */
  #settled(watched: Watched, nextAttemptMs: number, rotated: boolean): void {
    const stored = this.#options.store.resources().credentials.get(watched.name);
    const spec = stored?.resource.spec.oauth2;
    if (spec === undefined) return;
    const basis = rotated ? this.#basisOf(watched.uid, spec) : watched.basis;
    const { name, uid } = watched;
    this.#watched.set(name, {
      name,
      uid,
      basis,
      failures: 0,
      lastFailure: null,
      nextAttemptMs,
      unsaved: null,
    });
  }

  #fail(watched: Watched, failure: TokenFailure): void {
    const { clock, random, log } = this.#options;
    watched.failures += 1;
    watched.lastFailure = failure;
    watched.nextAttemptMs = clock.nowMs() + retryDelayMs(watched.failures, failure.refused, random);
    this.#refreshes.failed += 1;
    const facts = { credential: watched.name, code: failure.code, failures: watched.failures };
    log.warn(facts, 'access token not renewed; trying again later');
  }

  /** Tells the gateways not to send it any more. */
  #suspend(watched: Watched, token: TokenState): void {
    const { store, log } = this.#options;
    try {
      store.write({ actor: ACTOR, requestId: randomUUID() }, (tx) => {
        const current = tx.current.credentials.get(watched.name);
        if (current?.token === undefined) throw new Error('the credential is gone');
        tx.setTokenState(current.resource, { ...token, suspended: true });
        const changes = [{ path: 'status.token.suspended', before: false, after: true }];
        return {
          result: null,
          audit: { action: 'token.expire', kind: 'Credential', name: watched.name, changes },
        };
      });
      log.error({ credential: watched.name }, 'access token has expired; the gateways refuse what needs it');
    } catch (error) {
      // The next round tries again; the service itself refuses an expired token meanwhile.
      log.error({ err: error, credential: watched.name }, 'expired access token not suspended');
    }
  }
}
